"""Each kind of answer diagnoses the founding case in the place of the file that it stands for: the same causes, the same policy change."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from msgspec.structs import replace

from tests.ingest.build import read
from tests.ingest.test_answers import capitals
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.investigation import run_investigation
from trailsleuth.model import Inquiry, Origin, RawInput
from trailsleuth.report.document import case_document
from trailsleuth.sources.files.exports import read_inputs

CASE = Path(__file__).parents[2] / "fixtures/cases/founding-first-snapshot/evidence"
SNAPSHOT, RUNS = "iam/310030040050.json", "codepipeline/basket-list-action-executions.json"
INPUTS = [one for one in read_inputs([str(CASE)]) if not one.source.endswith((SNAPSHOT, RUNS))]
WHOLE: dict[str, Any] = json.loads((CASE / SNAPSHOT).read_text())
ATTEMPTS: dict[str, Any] = json.loads((CASE / RUNS).read_text())
ATTEMPT = ATTEMPTS["actionExecutionDetails"][0]
ROLES: list[dict[str, Any]] = WHOLE["RoleDetailList"]
NAME, EXECUTION = "basket", ATTEMPT["pipelineExecutionId"]
TEXT = ATTEMPT["output"]["executionResult"]["errorDetails"]["message"]


def found(snapshot: object = WHOLE, runs: object = ATTEMPTS, **asked: str) -> dict[str, Any]:
    """What is told of the case: each cause with its role, action and thing, and the policy changes."""
    parts = [one for part in (snapshot, runs) for one in (part if isinstance(part, tuple) else (part,))]
    written = [one if isinstance(one, RawInput) else written_as(f"answer-{n}", one) for n, one in enumerate(parts)]
    document = case_document(run_investigation(read_evidence([*INPUTS, *written]), Inquiry(**(asked or {"pipeline": NAME}))))
    named = ("standing", "principal", "iam_action", "resource", "cause", "policy_types", "basis")
    causes = [{name: finding[name] for name in named} for finding in document["findings"] if finding["standing"] in ("cause", "also_needed")]
    deltas = [{name: delta[name] for name in ("attach_to", "document", "remove", "warnings", "proof")} for delta in document["deltas"]]
    return {"outcome": document["outcome"], "text": document["execution"]["error_message"], "causes": causes, "deltas": deltas}


def written_as(source: str, content: object) -> RawInput:
    return RawInput(source=source, data=(content if isinstance(content, str) else json.dumps(content)).encode())


EXPECTED = found()
EXPECTED_RECORD = next(record for record in read_evidence(INPUTS).records if record.denial and record.event_name == "RegisterTaskDefinition")
NOWHERE = Origin(source="")
ROLE = ROLES[0]["Arn"]


def of_role(role: dict[str, Any]) -> dict[str, Any]:
    """As `get-role` has it: no policies but the trust."""
    return {name: member for name, member in role.items() if not name.endswith(("PolicyList", "Policies"))}


def small(value: object) -> object:
    """As AWS Config writes IAM's answers: small first letters, documents encoded as in a URL."""
    if isinstance(value, list):
        return [small(member) for member in value]
    if not isinstance(value, dict):
        return value
    return {name[0].lower() + name[1:]: quote(json.dumps(member)) if name.endswith("Document") else small(member) for name, member in value.items()}


def item(role: dict[str, Any]) -> dict[str, Any]:
    told = {"arn": role["Arn"], "resourceType": "AWS::IAM::Role", "resourceId": role["RoleId"], "resourceName": role["RoleName"]}
    return told | {"accountId": "310030040050", "configurationItemCaptureTime": "2026-02-03T08:00:00Z", "configuration": small(role)}


def single(role: dict[str, Any]) -> list[object]:
    inline = [{"RoleName": role["RoleName"], **policy} for policy in role["RolePolicyList"]]
    return [{"Role": of_role(role)}, *inline, {"RoleName": role["RoleName"], "AttachedPolicies": []}]


MANAGED = "arn:aws:iam::310030040050:policy/release"


def managed() -> list[object]:
    """The role's inline policy as a managed one, each answer in its own file; the attached policies do not say whose they are."""
    role = ROLES[0]
    policy = {"PolicyName": "release", "Arn": MANAGED, "DefaultVersionId": "v3", "AttachmentCount": 1, "IsAttachable": True}
    version = {"Document": role["RolePolicyList"][0]["PolicyDocument"], "VersionId": "v3", "IsDefaultVersion": True}
    attached = {"AttachedPolicies": [{"PolicyName": "release", "PolicyArn": MANAGED}]}
    return [{"Role": of_role(role)}, attached, {"Policy": policy}, {"PolicyVersion": version}]


def tree(roles: list[dict[str, Any]], root: str = "out/") -> tuple[RawInput, ...]:
    """As iam-collect writes the roles, their inline policies as managed ones: folders in small letters, no file for what is empty."""
    files: dict[str, object] = {}
    for role in roles:
        arns = [f"arn:aws:iam::310030040050:policy/{role['RoleName']}-{policy['PolicyName']}" for policy in role["RolePolicyList"]]
        folder = f"iam/role/{quote(role['Arn'].partition('role/')[2], safe='').lower()}"
        files[f"{folder}/metadata"] = {"arn": role["Arn"], "name": role["RoleName"], "id": role["RoleId"], "path": role["Path"], "created": role["CreateDate"]}
        files[f"{folder}/trust-policy"] = role["AssumeRolePolicyDocument"]
        files |= {f"{folder}/managed-policies": arns} if arns else {}
        for arn, policy in zip(arns, role["RolePolicyList"], strict=True):
            name = arn.rpartition("/")[2]
            files[f"iam/policy/{name.lower()}/metadata"] = {"arn": arn, "name": name, "defaultVersionId": "v2", "path": "/"}
            files[f"iam/policy/{name.lower()}/current-policy"] = policy["PolicyDocument"]
    return tuple(written_as(f"{root}aws/aws/accounts/310030040050/{place}.json", content) for place, content in files.items())


def steampipe(role: dict[str, Any]) -> dict[str, Any]:
    own = {"arn": role["Arn"], "name": role["RoleName"], "assume_role_policy": role["AssumeRolePolicyDocument"], "attached_policy_arns": None}
    return own | {"inline_policies": role["RolePolicyList"], "permissions_boundary_arn": None, "tags": {}, "account_id": "310030040050"}


def scoutsuite(role: dict[str, Any]) -> dict[str, Any]:
    own = {"arn": role["Arn"], "name": role["RoleName"], "assume_role_policy": {"PolicyDocument": role["AssumeRolePolicyDocument"]}}
    return own | {"inline_policies": {str(n): {"name": "own", **policy} for n, policy in enumerate(role["RolePolicyList"])}}


def query_xml(value: object, name: str) -> str:
    """As IAM's own protocol answers: documents encoded as in a URL."""
    if isinstance(value, dict):
        held = "".join(query_xml(quote(json.dumps(one)) if key.endswith("Document") else one, key) for key, one in value.items())
    else:
        held = "".join(query_xml(one, "member") for one in value) if isinstance(value, list) else html.escape(str(value))
    return f"<{name}>{held}</{name}>"


SNAPSHOTS: dict[str, Callable[[], object]] = {
    "answers about each role": lambda: tuple(answer for role in ROLES for answer in single(role)),
    "answers about the denied role": lambda: tuple(single(ROLES[0])),
    "a managed policy and its version": lambda: tuple(managed()),
    "--query RoleDetailList": lambda: ROLES,
    "one entry of RoleDetailList": lambda: ROLES[0],
    "YAML": lambda: yaml.safe_dump(WHOLE),
    "rows of Steampipe": lambda: {"rows": [steampipe(role) for role in ROLES]},
    "ScoutSuite's results": lambda: "scoutsuite_results =\n" + json.dumps({"services": {"iam": {"roles": {r["RoleId"]: scoutsuite(r) for r in ROLES}}}}),
    "IAM's own XML": lambda: f"<R>{query_xml(WHOLE, 'GetAccountAuthorizationDetailsResult')}</R>",
    "items of AWS Config": lambda: {"configurationItems": [item(role) for role in ROLES]},
    "batch-get-resource-config": lambda: {
        "baseConfigurationItems": [item(r) | {"configuration": json.dumps(small(r))} for r in ROLES],
        "unprocessedResourceKeys": [],
    },
    "a tree of iam-collect": lambda: tree(ROLES),
    "a tree of iam-collect in an archive": lambda: tree(ROLES, "saved.zip!"),
    "an advanced query of AWS Config": lambda: {"Results": [json.dumps(item(role)) for role in ROLES], "QueryInfo": {"SelectFields": []}},
}
NOTICE = {
    "version": "0", "id": "6f0c8ab4-0000-4000-8000-000000000001", "detail-type": "CodePipeline Action Execution State Change", "source": "aws.codepipeline",
    "account": "210020030040", "time": ATTEMPT["lastUpdateTime"], "region": "eu-north-1", "resources": ["arn:aws:codepipeline:eu-north-1:210020030040:basket"],
    "detail": {
        "pipeline": NAME, "execution-id": EXECUTION, "start-time": ATTEMPT["startTime"], "stage": "Release", "action": "ToEcs", "state": "FAILED",
        "action-execution-id": ATTEMPT["actionExecutionId"], "region": "eu-north-1", "version": 4.0,
        "type": {"owner": "AWS", "provider": "CodeDeployToECS", "category": "Deploy", "version": "1"},
        "execution-result": {"external-execution-summary": TEXT, "error-code": "PermissionError"},
    },
}  # fmt: skip
RULE = {
    "account": "210020030040", "detailType": "CodePipeline Pipeline Execution State Change", "region": "eu-north-1", "time": ATTEMPT["lastUpdateTime"],
    "source": "aws.codepipeline", "detail": {"pipeline": NAME, "execution-id": EXECUTION, "state": "FAILED", "version": 4.0},
    "additionalAttributes": {"failedActionCount": 1, "failedStage": "Release", "failedActions": [{"action": "ToEcs", "additionalInformation": TEXT}]},
}  # fmt: skip
ANSWERS: dict[str, object] = {
    "EventBridge": NOTICE,
    "a notification rule": RULE,
    "SNS": {"Type": "Notification", "MessageId": "m", "Subject": "basket", "Message": json.dumps(RULE), "Timestamp": ATTEMPT["lastUpdateTime"]},
    "SNS in SQS": {"Messages": [{"MessageId": "m", "Body": json.dumps({"Type": "Notification", "Message": json.dumps(NOTICE)})}]},
    "PowerShell": capitals(ATTEMPTS),
    "PowerShell, one attempt": capitals(ATTEMPT),
}


def test_the_case_has_causes_and_a_change_that_need_both_files() -> None:
    assert EXPECTED["outcome"] == "cause_found"
    assert [cause["iam_action"] for cause in EXPECTED["causes"]] == ["ecs:RegisterTaskDefinition", "iam:PassRole", "iam:PassRole"]
    assert len(EXPECTED["deltas"]) == 1
    assert EXPECTED["text"] == TEXT
    assert found(snapshot=())["deltas"] != EXPECTED["deltas"]
    assert found(runs=())["text"] is None


@pytest.mark.parametrize("kind", SNAPSHOTS)
def test_in_the_place_of_the_snapshot(kind: str) -> None:
    assert found(snapshot=SNAPSHOTS[kind]()) == EXPECTED


@pytest.mark.parametrize("kind", ANSWERS)
def test_in_the_place_of_the_action_executions(kind: str) -> None:
    assert found(runs=ANSWERS[kind]) == EXPECTED


STACK = "arn:aws:cloudformation:eu-north-1:310030040050:stack/basket/7d0c3f80-0000-11f1-8000-0a0b0c0d0e0f"
BUILD = "arn:aws:codebuild:eu-north-1:310030040050:build/basket:5b0c3f80-0000-4000-8000-0a0b0c0d0e0f"
TASK = "arn:aws:ecs:eu-north-1:310030040050:task/basket/0a0b0c0d0e0f4000800000aabbccddee"
BEGAN, FAILED = ATTEMPT["startTime"], ATTEMPT["lastUpdateTime"]
EXITED = "Error while executing command: ./release.sh. Reason: exit status 254"
EVENTS = [
    {
        "StackId": STACK,
        "StackName": NAME,
        "ResourceType": kind,
        "LogicalResourceId": name,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "Timestamp": at,
    }
    for kind, name, status, reason, at in (
        ("AWS::CloudFormation::Stack", NAME, "UPDATE_IN_PROGRESS", "User Initiated", BEGAN),
        ("AWS::ECS::TaskDefinition", "Definition", "UPDATE_FAILED", "Access denied for operation 'AWS::ECS::TaskDefinition'.", FAILED),
    )
]
DESCRIBED = {"StackId": STACK, "StackName": NAME, "StackStatus": "UPDATE_ROLLBACK_COMPLETE", "RoleARN": ROLE}
PHASE = {"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": EXITED}]}
BUILT = {
    "id": BUILD.rpartition("/")[2], "arn": BUILD, "projectName": NAME, "buildStatus": "FAILED", "serviceRole": ROLE, "startTime": BEGAN, "endTime": FAILED,
    "phases": [PHASE],
}  # fmt: skip
REFUSED = EXPECTED_RECORD.error_message
DENIED = f"The IAM role {ROLE} does not give you permission to perform operations in the following AWS service: AmazonECS."
DEPLOYED = {
    "applicationName": NAME, "deploymentGroupName": "basket-dg", "deploymentId": "d-BASKET001", "status": "Failed", "createTime": BEGAN,
    "completeTime": FAILED, "errorInformation": {"code": "IAM_ROLE_PERMISSIONS", "message": DENIED},
}  # fmt: skip
STOPPED = {
    "taskArn": TASK, "taskDefinitionArn": "arn:aws:ecs:eu-north-1:310030040050:task-definition/basket:7", "group": "service:basket", "createdAt": BEGAN,
    "overrides": {"taskRoleArn": ROLE}, "stoppedAt": FAILED, "stopCode": "EssentialContainerExited",
    "stoppedReason": "Essential container in task exited", "containers": [{"name": "release", "exitCode": 254}],
}  # fmt: skip
GROUP = {"applicationName": NAME, "deploymentGroupName": "basket-dg", "serviceRoleArn": ROLE}
DEFINITION = {"taskDefinitionArn": STOPPED["taskDefinitionArn"], "taskRoleArn": ROLE, "family": NAME}
SERVED = {
    "serviceArn": "arn:aws:ecs:eu-north-1:310030040050:service/basket/basket", "serviceName": NAME, "taskDefinition": STOPPED["taskDefinitionArn"],
    "events": [{"createdAt": FAILED, "message": "(service basket) (task 0a0b) failed to start."}], "deployments": [],
}  # fmt: skip
FUNCTION = {"FunctionName": NAME, "FunctionArn": "arn:aws:lambda:eu-north-1:310030040050:function:basket", "Role": ROLE, "State": "Active"}
MACHINE = "arn:aws:states:eu-north-1:310030040050:stateMachine:basket"
EXECUTED = {
    "executionArn": "arn:aws:states:eu-north-1:310030040050:execution:basket:0a0b0c0d-0000-4000-8000-0a0b0c0d0e0f", "stateMachineArn": MACHINE,
    "status": "FAILED", "startDate": BEGAN, "stopDate": FAILED, "error": "States.TaskFailed", "cause": "Access was denied.",
}  # fmt: skip
SERVICE = {
    "serviceArn": "arn:aws:ecs:eu-north-1:310030040050:service/basket/basket", "serviceName": NAME, "status": "ACTIVE", "deployments": [],
    "events": [
        {"id": "e2", "createdAt": FAILED, "message": f"(service basket) failed to launch a task with (error {REFUSED})."},
        {"id": "e1", "createdAt": BEGAN, "message": "(service basket) has reached a steady state."},
    ],
}  # fmt: skip
TRIGGER = {
    "region": "eu-north-1", "accountId": "310030040050", "eventTriggerName": "failures", "applicationName": NAME, "deploymentId": "d-BASKET001",
    "deploymentGroupName": "basket-dg", "createTime": BEGAN, "completeTime": FAILED, "status": "FAILED",
    "errorInformation": json.dumps({"ErrorCode": "IAM_ROLE_PERMISSIONS", "ErrorMessage": DENIED}),
}  # fmt: skip
THINGS: dict[str, tuple[dict[str, str], object]] = {
    "describe-stack-events": ({"stack": NAME}, ({"StackEvents": EVENTS}, {"Stacks": [DESCRIBED]})),
    "batch-get-builds": ({"build": NAME}, {"builds": [BUILT]}),
    "get-deployment": ({"deployment": "d-BASKET001"}, {"deploymentInfo": DEPLOYED}),
    "a trigger of CodeDeploy": ({"deployment": NAME}, {"Type": "Notification", "Message": json.dumps(TRIGGER)}),
    "describe-tasks": ({"task": TASK}, {"tasks": [STOPPED], "failures": []}),
    "get-deployment, get-deployment-group": (
        {"deployment": "d-BASKET001"},
        ({"deploymentInfo": {**DEPLOYED, "errorInformation": {"code": "ERROR", "message": "It failed."}}}, {"deploymentGroupInfo": GROUP}),
    ),
    "describe-tasks, describe-task-definition": (
        {"service": NAME},
        ({"tasks": [{**STOPPED, "overrides": {}}], "failures": []}, {"taskDefinition": DEFINITION, "tags": []}),
    ),
    "describe-services": ({"service": "basket/basket"}, ({"services": [SERVED], "failures": []}, {"taskDefinition": DEFINITION})),
    "describe-execution, describe-state-machine": (
        {"state_machine": MACHINE},
        (EXECUTED, {"stateMachineArn": MACHINE, "name": NAME, "definition": "{}", "roleArn": ROLE}),
    ),
    "describe-services, the events' text": ({"service": NAME}, {"services": [SERVICE], "failures": []}),
    "describe-services as YAML": ({"service": NAME}, yaml.safe_dump({"services": [SERVICE], "failures": []})),
    "events of a service by --query": ({"service": NAME}, [SERVICE["events"]]),
    "--query deploymentInfo": ({"deployment": "d-BASKET001"}, DEPLOYED),
    "a notice of ECS": ({"task": TASK}, {"detail-type": "ECS Task State Change", "source": "aws.ecs", "time": FAILED, "detail": STOPPED}),
}


@pytest.mark.parametrize("kind", THINGS)
def test_the_same_denial_through_another_thing(kind: str) -> None:
    asked, answers = THINGS[kind]
    told = found(runs=answers, **asked)
    assert told.pop("text")
    assert told == {name: member for name, member in EXPECTED.items() if name != "text"}
    assert found(runs=(), **asked)["causes"] == []


def test_a_function_is_asked_about_by_its_name_though_it_did_not_fail_itself() -> None:
    for answer in (FUNCTION, {"Configuration": FUNCTION, "Code": {"Location": "https://example.com"}}):
        told = found(runs=answer, function=NAME)
        assert told["text"] is None
        assert next(cause["iam_action"] for cause in told["causes"]) == "ecs:RegisterTaskDefinition"
        assert {cause["principal"] for cause in told["causes"]} == {ROLE}
    assert read(FUNCTION).coverage.skipped == ()
    failing = FUNCTION | {"State": "Failed", "StateReasonCode": "InvalidConfiguration", "StateReason": "The role may not be assumed"}
    assert [(run.failed, run.error_text) for run in read(failing, FUNCTION).actions] == [(True, "The role may not be assumed")]


MAIL = "\n".join(f"{name}='{value}'" for name, value in (
    ("StackId", STACK), ("Timestamp", FAILED), ("EventId", "Definition-UPDATE_FAILED"), ("LogicalResourceId", "Definition"), ("Namespace", "310030040050"),
    ("PhysicalResourceId", ""), ("ResourceProperties", '{"Family":"basket"}\n'), ("ResourceStatus", EVENTS[1]["ResourceStatus"]),
    ("ResourceStatusReason", EVENTS[1]["ResourceStatusReason"]), ("ResourceType", "AWS::ECS::TaskDefinition"), ("StackName", NAME),
    ("ClientRequestToken", "null"),
)) + "\n"  # fmt: skip
FOOTER = "\n--\nIf you wish to stop receiving notifications from this topic, please visit the link below to unsubscribe:\nhttps://example.com/x='y'\n"
MAILS: dict[str, object] = {
    "SNS": {"Type": "Notification", "Subject": "AWS CloudFormation Notification", "Message": MAIL},
    "SNS in SQS": {"Messages": [{"MessageId": "m", "Body": json.dumps({"Type": "Notification", "Message": MAIL})}]},
    "a mail": f"From: AWS Notifications <no-reply@sns.amazonaws.com>\nSubject: AWS CloudFormation Notification\n\n{MAIL}{FOOTER}",
    "two mails": MAIL.replace("UPDATE_FAILED", "UPDATE_IN_PROGRESS").replace(EVENTS[1]["ResourceStatusReason"], "") + FOOTER + MAIL + FOOTER,
    "Windows": MAIL.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("kind", MAILS)
def test_a_mail_of_a_stack_is_its_event(kind: str) -> None:
    expected = [replace(run, origin=NOWHERE) for run in read({"StackEvents": EVENTS[1:]}).actions]
    assert [replace(run, origin=NOWHERE) for run in read(MAILS[kind]).actions] == expected
    told = found(runs=(MAILS[kind], {"Stacks": [DESCRIBED]}), stack=NAME)
    assert (told["text"], told["causes"]) == (EVENTS[1]["ResourceStatusReason"], EXPECTED["causes"])


WITHOUT_ROLE: dict[str, tuple[dict[str, str], object, str]] = {
    "service": (
        {"service": NAME},
        {"services": [SERVED | {"events": [{"createdAt": FAILED, "message": "(service basket) was unable to place a task."}]}], "failures": []},
        f"aws ecs describe-task-definition --task-definition {STOPPED['taskDefinitionArn']} ",
    ),
    "task": ({"task": TASK}, STOPPED | {"overrides": {}}, f"aws ecs describe-task-definition --task-definition {STOPPED['taskDefinitionArn']} "),
    "execution": ({"state_machine": MACHINE}, EXECUTED, f"aws stepfunctions describe-state-machine --state-machine-arn {MACHINE} "),
    "deployment": (
        {"deployment": "d-BASKET001"},
        DEPLOYED | {"errorInformation": {"code": "ERROR", "message": "It failed."}},
        "aws deploy get-deployment-group --application-name basket --deployment-group-name basket-dg ",
    ),
}


@pytest.mark.parametrize("kind", WITHOUT_ROLE)
def test_a_thing_without_a_role_asks_for_the_answer_that_tells_it(kind: str) -> None:
    asked, answer, command = WITHOUT_ROLE[kind]
    document = case_document(run_investigation(read_evidence([*INPUTS, written_as("answer", answer)]), Inquiry(**asked)))
    assert any(question["command"].startswith(command) for question in document["questions"])
    assert not any("get-pipeline" in question["command"] for question in document["questions"])


def notice(kind: str, **detail: object) -> dict[str, Any]:
    return {"version": "0", "detail-type": kind, "account": "310030040050", "time": FAILED, "region": "eu-north-1", "detail": detail}


PHASES = [
    {"phase-context": [], "phase-type": "INSTALL"},
    {"phase-context": [f"COMMAND_EXECUTION_ERROR: {EXITED}"], "phase-type": "BUILD"},
    {"phase-context": ["[: ]"]},
]
STATUS = {"status": EVENTS[1]["ResourceStatus"], "status-reason": EVENTS[1]["ResourceStatusReason"]}
NOTICES: dict[str, tuple[dict[str, Any], object]] = {
    "CodeBuild": (
        notice("CodeBuild Build State Change") | {"detail": {
            "build-status": "FAILED", "project-name": NAME, "build-id": BUILD,
            "additional-information": {"build-start-time": "Feb 3, 2026 10:05:06 AM", "phases": PHASES},
        }},
        {"builds": [{**BUILT, "serviceRole": None}]},
    ),
    "CloudFormation": (
        notice("CloudFormation Resource Status Change") | {"detail": {"stack-id": STACK, "logical-resource-id": "Definition", "status-details": STATUS}},
        {"StackEvents": EVENTS[1:]},
    ),
    "CodeDeploy": (
        notice("CodeDeploy Deployment State-change Notification", application=NAME, deploymentId="d-BASKET001", deploymentGroup="basket-dg", state="FAILURE"),
        {"deploymentInfo": {**DEPLOYED, "errorInformation": None, "createTime": None}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", NOTICES)
def test_a_notice_of_a_failed_thing_reads_as_its_saved_answer(kind: str) -> None:
    told, saved = NOTICES[kind]
    expected = [replace(run, origin=NOWHERE) for run in read(saved).actions]
    assert len(expected) == 1
    for form in (told, {"Type": "Notification", "Message": json.dumps(told)}, {"Messages": [{"Body": json.dumps(told)}]}):
        assert [replace(run, origin=NOWHERE) for run in read(form).actions] == expected


def test_a_notice_of_what_did_not_fail_tells_nothing() -> None:
    passed = {"status": "UPDATE_COMPLETE", "status-reason": ""}
    for told in (
        notice("CodeBuild Build State Change") | {"detail": {"build-status": "SUCCEEDED", "build-id": BUILD}},
        notice("CloudFormation Stack Status Change") | {"detail": {"stack-id": STACK, "status-details": passed}},
        notice("CodeDeploy Deployment State-change Notification", deploymentId="d-1", state="SUCCESS"),
        TRIGGER | {"status": "SUCCEEDED", "errorInformation": ""},
        TRIGGER | {"status": "CREATED", "errorInformation": "no JSON"},
    ):
        assert read(told).actions == ()
