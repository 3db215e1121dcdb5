"""A stack, a build, a deployment and a task as the thing that failed: the answer of AWS that shows it leads to the refused call, and to no stranger's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.ingest.build import ACCOUNT, a_denial, a_record, read
from trailsleuth.investigation import run_investigation
from trailsleuth.model import CaseFile, Inquiry, Outcome, Standing

REGION = "eu-west-1"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/shop/11112222-3333"
BUILD = "jar:aaaabbbb-cccc-4ddd-8eee-ffff00001111"
TASK = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/web/0123456789abcdef0123456789abcdef"


def caller(role: str, session: str, **more: Any) -> dict[str, Any]:
    issuer = {"type": "Role", "principalId": f"AROA{role.upper()}", "arn": f"arn:aws:iam::{ACCOUNT}:role/apps/{role}", "accountId": ACCOUNT, "userName": role}
    return {
        "type": "AssumedRole",
        "principalId": f"AROA{role.upper()}:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
        "accountId": ACCOUNT,
        "accessKeyId": f"ASIA{role.upper()}",
        "sessionContext": {"sessionIssuer": issuer, "attributes": {"creationDate": "2026-03-04T09:00:00Z", "mfaAuthenticated": "false"}},
        **more,
    }


def refused(number: int, role: str, session: str, call: tuple[str, str], **more: Any) -> dict[str, Any]:
    service, operation = call
    who = caller(role, session, **more)
    action = f"{service}:{operation}"
    text = f"User: {who['arn']} is not authorized to perform: {action} on resource: * because no identity-based policy allows the {action} action"
    return a_denial(number, userIdentity=who, eventSource=f"{service}.amazonaws.com", eventName=operation, errorMessage=text, requestParameters=None)


STRANGER = refused(30, "Scanner", "scan", ("glue", "GetDatabases"))
TIMES = ("2026-03-04T09:00:00Z", "2026-03-04T09:00:20Z")


def stack_event(status: str, when: str, reason: str | None = None, logical: str = "shop") -> dict[str, Any]:
    return {"StackId": STACK, "StackName": "shop", "LogicalResourceId": logical, "ResourceStatus": status, "Timestamp": when, "ResourceStatusReason": reason}


EVENTS = [
    stack_event("ROLLBACK_IN_PROGRESS", "2026-03-04T09:00:15Z", "The following resource(s) failed to create: [Queue]."),
    stack_event("CREATE_FAILED", "2026-03-04T09:00:13Z", "Resource creation cancelled", "Other"),
    stack_event("CREATE_FAILED", "2026-03-04T09:00:12Z", "Resource handler returned message: Access denied", "Queue"),
    stack_event("CREATE_IN_PROGRESS", TIMES[0], "User Initiated"),
]
PHASES = [
    {
        "phaseType": "BUILD",
        "phaseStatus": "FAILED",
        "contexts": [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": "Error while executing command: exit status 1"}],
    }
]
SERVICE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/apps/BuildRole"
THINGS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, str], list[str]]] = {
    "stack": (
        {"StackEvents": EVENTS},
        refused(11, "StackRole", "AWSCloudFormation", ("sqs", "CreateQueue"), invokedBy="cloudformation.amazonaws.com"),
        ("StackRole", "sqs:CreateQueue"),
        ["shop", STACK],
    ),
    "build": (
        {"builds": [{"id": BUILD, "projectName": "jar", "buildStatus": "FAILED", "serviceRole": SERVICE_ROLE,
                     "startTime": TIMES[0], "endTime": TIMES[1], "phases": PHASES}]},
        refused(12, "BuildRole", f"AWSCodeBuild-{BUILD.partition(':')[2]}", ("codeartifact", "GetAuthorizationToken")),
        ("BuildRole", "codeartifact:GetAuthorizationToken"),
        ["jar", BUILD],
    ),
    "deployment": (
        {
            "deploymentInfo": {
                "deploymentId": "d-ABCDEF123",
                "applicationName": "shop",
                "status": "Failed",
                "createTime": TIMES[0],
                "completeTime": TIMES[1],
                "errorInformation": {"code": "IAM_ROLE_PERMISSIONS", "message": "The role does not give you permission to use Elastic Load Balancing"},
            }
        },
        refused(13, "DeployService", "d-ABCDEF123", ("elasticloadbalancing", "DescribeTargetGroups"), invokedBy="codedeploy.amazonaws.com"),
        ("DeployService", "elasticloadbalancing:DescribeTargetGroups"),
        ["d-ABCDEF123", "shop"],
    ),
    "task": (
        {
            "tasks": [
                {
                    "taskArn": TASK,
                    "taskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:3",
                    "group": "service:web",
                    "stopCode": "TaskFailedToStart",
                    "stoppedReason": "ResourceInitializationError: unable to pull secrets or registry auth",
                    "createdAt": TIMES[0],
                    "stoppedAt": TIMES[1],
                }
            ],
            "failures": [],
        },
        refused(14, "TaskExec", TASK.rpartition("/")[2], ("ecr", "GetAuthorizationToken")),
        ("TaskExec", "ecr:GetAuthorizationToken"),
        [TASK, TASK.rpartition("/")[2], "web"],
    ),
}  # fmt: skip


def asked(kind: str, name: str | None, *answers: object) -> CaseFile:
    evidence = read({"Records": [a_record(1), THINGS[kind][1], STRANGER]}, *answers)
    return run_investigation(evidence, Inquiry(**{kind: name}) if name else Inquiry())


def causes(case: CaseFile) -> list[tuple[str, str | None]]:
    return [((f.principal or "").rpartition("/")[2], f.iam_action) for f in case.findings if f.standing is Standing.CAUSE and f.group == 1]


@pytest.mark.parametrize("kind", THINGS)
def test_a_failed_thing_is_asked_about_by_each_of_its_names(kind: str) -> None:
    answer, _, cause, names = THINGS[kind]
    for name in [*names, None]:
        case = asked(kind, name, answer)
        assert causes(case) == [cause]
        assert case.execution is not None
        assert (case.execution.pipeline, case.execution.error_message is None) == (None, False)


@pytest.mark.parametrize("kind", THINGS)
def test_one_that_the_evidence_lacks_gets_no_verdict(kind: str) -> None:
    case = asked(kind, "other", THINGS[kind][0])
    assert (case.outcome, causes(case)) == (Outcome.INCONCLUSIVE, [])
    question = case.questions[0]
    assert f"no failed {kind} other is in the evidence: there is " in question.because
    assert f"--{kind}" in question.command
    (nothing,) = asked(kind, "other").questions
    assert nothing.command.startswith("aws ")


def test_what_did_not_fail_is_no_failure() -> None:
    fine = (
        {"builds": [{"id": BUILD, "buildStatus": "SUCCEEDED", "projectName": "jar"}]},
        {"StackEvents": [stack_event("CREATE_COMPLETE", TIMES[1])]},
        {"Stacks": [{"StackId": STACK, "StackName": "shop", "StackStatus": "CREATE_COMPLETE"}]},
        {"deploymentInfo": {"deploymentId": "d-1", "status": "Succeeded"}},
        {"tasks": [{"taskArn": TASK, "taskDefinitionArn": "x", "lastStatus": "RUNNING"}], "failures": []},
        {"services": [{"serviceArn": "x", "events": [{"message": "(service web) has reached a steady state."}], "deployments": []}], "failures": []},
    )
    evidence = read(*fine)
    assert (evidence.actions, evidence.coverage.skipped) == ((), ())


def test_the_first_failure_of_the_last_attempt_is_the_stacks_own() -> None:
    before = [
        stack_event("CREATE_FAILED", "2026-03-03T09:00:00Z", "an older trouble", "Old"),
        stack_event("CREATE_IN_PROGRESS", "2026-03-03T08:00:00Z", "User Initiated"),
    ]
    (run,) = read(
        {"StackEvents": EVENTS + before}, {"Stacks": [{"StackId": STACK, "StackName": "shop", "StackStatus": "ROLLBACK_COMPLETE", "RoleARN": "arn:r"}]}
    ).actions
    assert run.error_text == "Resource handler returned message: Access denied"
    assert run.role_arn == "arn:r"
    assert run.started is not None


INNER = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/shop-Floor-1X/99998888"


def holds(outer: str, inner: str, reason: str) -> dict[str, Any]:
    """The outer stack's event of the stack inside it."""
    told = stack_event("CREATE_FAILED", "2026-03-04T09:00:13Z", reason, "Floor")
    return told | {"StackId": outer, "StackName": outer.split("/")[1], "ResourceType": "AWS::CloudFormation::Stack", "PhysicalResourceId": inner}


EMBEDDED = f"Embedded stack {INNER} was not successfully created: The following resource(s) failed to create: [Queue]."
OUTER_EVENTS = [holds(STACK, INNER, EMBEDDED), *EVENTS[-1:]]
INNER_EVENTS = [event | {"StackId": INNER, "StackName": "shop-Floor-1X"} for event in EVENTS]
OF_OUTER = {"Stacks": [{"StackId": STACK, "StackName": "shop", "StackStatus": "ROLLBACK_COMPLETE", "RoleARN": "arn:r"}]}


@pytest.mark.parametrize("name", ["shop", STACK, "shop-Floor-1X", INNER])
def test_a_stack_is_told_by_the_failure_of_the_stack_inside_it(name: str) -> None:
    (run,) = read({"StackEvents": INNER_EVENTS}, {"StackEvents": OUTER_EVENTS}, OF_OUTER).actions
    assert (run.error_text, run.role_arn) == ("Resource handler returned message: Access denied", "arn:r")
    assert name in run.names
    assert causes(asked("stack", name, {"StackEvents": INNER_EVENTS}, {"StackEvents": OUTER_EVENTS})) == [THINGS["stack"][2]]


def test_without_the_answer_about_the_stack_inside_the_outer_one_tells_what_it_says() -> None:
    (run,) = read({"StackEvents": OUTER_EVENTS}).actions
    assert run.error_text == EMBEDDED
    given_up = holds(STACK, INNER, "Resource creation cancelled")
    assert read({"StackEvents": [given_up, *EVENTS[-1:]]}, {"Stacks": []}).actions == ()


def test_stacks_that_name_each_other_or_themselves_end() -> None:
    around = [holds(STACK, INNER, EMBEDDED), holds(INNER, STACK, EMBEDDED)]
    assert {run.action for run in read({"StackEvents": around}).actions} == {"shop", "shop-Floor-1X"}
    (run,) = read({"StackEvents": [*EVENTS, holds(STACK, STACK, "x")]}).actions
    assert run.error_text == "Resource handler returned message: Access denied"


def test_a_services_newest_trouble_is_its_text() -> None:
    events = [
        {"createdAt": "2026-03-04T09:00:01Z", "message": "(service web) was unable to place a task."},
        {"createdAt": "2026-03-04T08:00:00Z", "message": "failed before"},
    ]
    (run,) = read(json.dumps({"services": [{"serviceArn": "arn:x", "serviceName": "web", "events": events, "deployments": []}], "failures": []})).actions
    assert (run.kind, run.error_text) == ("service", "(service web) was unable to place a task.")
