"""Things that failed for the want of a permission, each with the answers of AWS that tell of it, its role's session and its denied call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.live.servers import Aws
from tests.live.world import REGION, START, B, a_record, a_session, a_world, an_issue

ENDED = START + timedelta(seconds=20)
ROLE = f"arn:aws:iam::{B}:role/apps/ThingRole"
STACK = f"arn:aws:cloudformation:{REGION}:{B}:stack/shop/11112222-3333-4444-5555-666677778888"
BUILD = "jar:aaaabbbb-cccc-4ddd-8eee-ffff00001111"
TASK = f"arn:aws:ecs:{REGION}:{B}:task/web/0123456789abcdef0123456789abcdef"
DEFINITION = f"arn:aws:ecs:{REGION}:{B}:task-definition/web:3"
FUNCTION = f"arn:aws:lambda:{REGION}:{B}:function:resize"
MACHINE = f"arn:aws:states:{REGION}:{B}:stateMachine:orders"
EXECUTION = f"arn:aws:states:{REGION}:{B}:execution:orders:0a0b0c0d-0000-4000-8000-0a0b0c0d0e0f"
SECRET_OF_CUSTOMER = "value-that-only-the-customer-knows"

# The option, what it takes, the service that works with the role, the session's name, the denied call.
Thing = tuple[str, str, str, str, tuple[str, str]]
THINGS: dict[str, Thing] = {
    "stack": ("stack", "shop", "cloudformation", "AWSCloudFormation", ("sqs", "CreateQueue")),
    "stack of its caller": ("stack", "loose", "cloudformation", "ci", ("sqs", "CreateQueue")),
    "stack in a stack": ("stack", "tower", "cloudformation", "AWSCloudFormation", ("sqs", "CreateQueue")),
    "build": ("build", BUILD, "codebuild", f"AWSCodeBuild-{BUILD.partition(':')[2]}", ("codeartifact", "GetAuthorizationToken")),
    "builds of a project": ("build", "jar", "codebuild", f"AWSCodeBuild-{BUILD.partition(':')[2]}", ("codeartifact", "GetAuthorizationToken")),
    "deployment": ("deployment", "d-THING0001", "codedeploy", "d-THING0001", ("elasticloadbalancing", "DescribeTargetGroups")),
    "service": ("service", "web/shop", "ecs-tasks", TASK.rpartition("/")[2], ("ecr", "GetAuthorizationToken")),
    "task": ("task", TASK, "ecs-tasks", TASK.rpartition("/")[2], ("ecr", "GetAuthorizationToken")),
    "function": ("function", "resize", "lambda", "resize", ("dynamodb", "DescribeTable")),
    "state machine": ("state_machine", MACHINE, "states", "0a0b0c0d00004000", ("glue", "StartJobRun")),
}


def a_thing_world(name: str, *, background: int = 0) -> Aws:
    """The two accounts; in the second the thing of that name failed."""
    world = a_world(background=background)
    _, _, service, session, call = THINGS[name]
    state = world.accounts[B]
    for kind, told in _told(name).items():
        state.things[REGION].setdefault(kind, {}).update(told)
    if name == "deployment":
        state.deployments["d-THING0001"] = {
            "deploymentId": "d-THING0001", "applicationName": "shop", "deploymentGroupName": "shop-dg", "status": "Failed", "createTime": START,
            "completeTime": ENDED, "errorInformation": {"code": "IAM_ROLE_PERMISSIONS", "message": "The role does not give you permission."},
        }  # fmt: skip
        state.groups["shop-dg"] = {"applicationName": "shop", "deploymentGroupName": "shop-dg", "serviceRoleArn": ROLE}
    role = state.roles["WebTask"]["role"]
    state.roles["ThingRole"] = {"role": {**role, "Path": "/apps/", "RoleName": "ThingRole", "Arn": ROLE}, "inline": {}, "attached": []}
    _calls(state.histories[REGION], f"{service}.amazonaws.com", session, call, loose="caller" in name)
    return world


def _calls(history: Any, service: str, session: str, call: tuple[str, str], *, loose: bool) -> None:
    key, at = "ASIATHINGROLEKEY0001", START + timedelta(seconds=5)
    who = a_session(ROLE, session, key, START)
    opener = {"type": "AWSService", "invokedBy": "ec2.amazonaws.com" if loose else service}
    history.add(a_record(B, START, "sts.amazonaws.com", "AssumeRole", identity=opener, **an_issue(ROLE, session, key)))
    if loose:
        history.add(a_record(B, START, "cloudformation.amazonaws.com", "CreateStack", identity=who, requestParameters={"stackName": "loose"}))
        who = {**who, "invokedBy": "cloudformation.amazonaws.com"}
    action = ":".join(call)
    text = f"User: {who['arn']} is not authorized to perform: {action} on resource: * because no identity-based policy allows the {action} action"
    refused = {"errorCode": "AccessDenied", "errorMessage": text}
    history.add(a_record(B, at, f"{call[0]}.amazonaws.com", call[1], identity=who, **refused))


def _told(name: str) -> dict[str, dict[str, Any]]:
    stopped = {
        "taskArn": TASK, "taskDefinitionArn": DEFINITION, "group": "service:shop", "stopCode": "TaskFailedToStart", "createdAt": START, "stoppedAt": ENDED,
        "stoppedReason": "ResourceInitializationError: unable to pull secrets or registry auth", "lastStatus": "STOPPED",
        "overrides": {"containerOverrides": [{"environment": [{"name": "A", "value": SECRET_OF_CUSTOMER}]}]},
    }  # fmt: skip
    containers = [{"name": "web", "environment": [{"name": "A", "value": SECRET_OF_CUSTOMER}]}]
    definition = {DEFINITION: {"taskDefinitionArn": DEFINITION, "executionRoleArn": ROLE, "containerDefinitions": containers}}
    service = {
        "serviceArn": f"arn:aws:ecs:{REGION}:{B}:service/web/shop", "serviceName": "shop", "taskDefinition": DEFINITION, "deployments": [],
        "events": [{"id": "1", "createdAt": ENDED, "message": "(service shop) failed to launch a task with (error ECS was unable to assume the role)."}],
    }  # fmt: skip
    build = {
        "id": BUILD, "arn": f"arn:aws:codebuild:{REGION}:{B}:build/{BUILD}", "projectName": "jar", "buildStatus": "FAILED", "serviceRole": ROLE,
        "startTime": START, "endTime": ENDED, "environment": {"type": "LINUX_CONTAINER", "image": "i", "computeType": "c", "environmentVariables": [
            {"name": "A", "value": SECRET_OF_CUSTOMER}]},
        "phases": [{"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": "exit status 1"}]}],
    }  # fmt: skip
    function = {"FunctionName": "resize", "FunctionArn": FUNCTION, "Role": ROLE, "State": "Active", "Environment": {"Variables": {"A": SECRET_OF_CUSTOMER}}}
    execution = {
        "executionArn": EXECUTION, "stateMachineArn": MACHINE, "name": "0a0b", "status": "FAILED", "startDate": START, "stopDate": ENDED,
        "input": SECRET_OF_CUSTOMER, "error": "Glue.AccessDeniedException", "cause": "User is not authorized",
    }  # fmt: skip
    machine = {"stateMachineArn": MACHINE, "name": "orders", "roleArn": ROLE, "definition": "", "type": "STANDARD", "creationDate": START}
    tasks = {"tasks": {TASK: stopped}, "definitions": definition}
    return {
        "stack": {"stacks": {"shop": _a_stack("shop", STACK, ROLE)}},
        "stack of its caller": {"stacks": {"loose": _a_stack("loose", STACK.replace("shop", "loose"), None)}},
        "stack in a stack": {"stacks": _stacks_in_stacks()},
        "build": {"builds": {BUILD: build}},
        "builds of a project": {"builds": {BUILD: build}},
        "service": {"services": {"shop": service}, **tasks},
        "task": tasks,
        "function": {"functions": {"resize": function}},
        "state machine": {"machines": {MACHINE: machine}, "executions": {EXECUTION: execution}},
    }.get(name, {})


def _stacks_in_stacks() -> dict[str, Any]:
    """A stack whose floor is a stack with a room that is one; the queue failed in the room. Only the outermost tells the role."""
    arns = {name: STACK.replace("shop", name) for name in ("tower", "tower-Floor-1X", "tower-Floor-1X-Room-2Y")}
    found = {}
    for (outer, arn), inner in zip(arns.items(), [*list(arns.values())[1:], None], strict=True):
        stack = _a_stack(outer, arn, ROLE if outer == "tower" else None)
        if inner is not None:
            text = f"Embedded stack {inner} was not successfully created: The following resource(s) failed to create: [Queue]."
            stack["events"][1] |= {"ResourceType": "AWS::CloudFormation::Stack", "PhysicalResourceId": inner, "ResourceStatusReason": text}
        for event in stack["events"]:
            event.setdefault("PhysicalResourceId", arn if event["LogicalResourceId"] == outer else "")
        found[outer if outer == "tower" else arn] = stack
    return found


def _a_stack(name: str, arn: str, role: str | None) -> dict[str, Any]:
    def event(number: int, logical: str, status: str, reason: str | None, seconds: int) -> dict[str, Any]:
        told = {
            "EventId": f"{logical}-{number}", "StackId": arn, "StackName": name, "LogicalResourceId": logical, "ResourceStatus": status,
            "ResourceType": "AWS::SQS::Queue" if logical == "Queue" else "AWS::CloudFormation::Stack",
            "Timestamp": (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }  # fmt: skip
        return {**told, **({"ResourceStatusReason": reason} if reason else {})}

    newest_first = [
        event(4, name, "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Queue].", 15),
        event(3, "Queue", "CREATE_FAILED", "Resource handler returned message: Access denied", 12),
        event(2, "Queue", "CREATE_IN_PROGRESS", None, 4),
        event(1, name, "CREATE_IN_PROGRESS", "User Initiated", 0),
    ]
    described = {"StackId": arn, "StackName": name, "StackStatus": "ROLLBACK_COMPLETE", "CreationTime": START.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {"events": newest_first, "stack": {**described, **({"RoleARN": role} if role else {})}}
