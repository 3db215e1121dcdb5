"""Each kind of answer diagnoses the founding case in the place of the file that it stands for: the same causes, the same policy change."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

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
    contents = [one if isinstance(one, str) else json.dumps(one) for part in (snapshot, runs) for one in (part if isinstance(part, tuple) else (part,))]
    written = [RawInput(source=f"answer-{n}", data=content.encode()) for n, content in enumerate(contents)]
    document = case_document(run_investigation(read_evidence([*INPUTS, *written]), Inquiry(**(asked or {"pipeline": NAME}))))
    named = ("standing", "principal", "iam_action", "resource", "cause", "policy_types", "basis")
    causes = [{name: finding[name] for name in named} for finding in document["findings"] if finding["standing"] in ("cause", "also_needed")]
    deltas = [{name: delta[name] for name in ("attach_to", "document", "remove", "warnings", "proof")} for delta in document["deltas"]]
    return {"outcome": document["outcome"], "text": document["execution"]["error_message"], "causes": causes, "deltas": deltas}


EXPECTED = found()
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


SNAPSHOTS: dict[str, Callable[[], object]] = {
    "answers about each role": lambda: tuple(answer for role in ROLES for answer in single(role)),
    "answers about the denied role": lambda: tuple(single(ROLES[0])),
    "a managed policy and its version": lambda: tuple(managed()),
    "--query RoleDetailList": lambda: ROLES,
    "one entry of RoleDetailList": lambda: ROLES[0],
    "YAML": lambda: yaml.safe_dump(WHOLE),
    "items of AWS Config": lambda: {"configurationItems": [item(role) for role in ROLES]},
    "batch-get-resource-config": lambda: {
        "baseConfigurationItems": [item(r) | {"configuration": json.dumps(small(r))} for r in ROLES],
        "unprocessedResourceKeys": [],
    },
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
