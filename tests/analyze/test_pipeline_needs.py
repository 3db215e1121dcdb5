"""What a failed pipeline action needs besides: foretold only where the policies deny it and the run had not passed it yet."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.trail import B, Json, allow, at, call, diagnose, refused, role, session, snapshot
from trailsleuth.catalog.actions import takes_resource
from trailsleuth.catalog.load import rows_of
from trailsleuth.catalog.pipeline_actions import ActionNeed, needs_of_action
from trailsleuth.model import Standing

RUNNER, PIPE = role("Runner"), role("Pipe")
APP, GROUP = f"arn:aws:codedeploy:eu-west-1:{B}:application:till", f"arn:aws:codedeploy:eu-west-1:{B}:deploymentgroup:till/fleet"
STACK = f"arn:aws:cloudformation:eu-west-1:{B}:stack/shop/0a1b"
MACHINE = f"arn:aws:states:eu-west-1:{B}:stateMachine:check"
ARTIFACT = "arn:aws:s3:::artifacts-of-shop/*"


def needed(kind: tuple[str, str], configuration: Json, denied: Json, granted: list[Json], *earlier: Json) -> tuple[set[str], set[str]]:
    """The actions that are called causes, and those that are needed too."""
    category, provider = kind
    action = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    declared = {"name": "Do", "actionTypeId": action, "configuration": configuration, "roleArn": RUNNER}
    stages = [{"name": "Stage", "actions": [declared]}]
    pipeline = {"pipeline": {"name": "shop", "roleArn": PIPE, "artifactStore": {"type": "S3", "location": "artifacts-of-shop"}, "stages": stages, "version": 1}}
    said = {"code": "PermissionError", "message": f"The provided role does not have sufficient permissions to access {provider}"}
    given = {"actionTypeId": action, "configuration": configuration, "roleArn": RUNNER, "region": "eu-west-1", "inputArtifacts": []}
    run = {"pipelineExecutionId": "0f0f", "actionExecutionId": "1a1a", "stageName": "Stage", "actionName": "Do", "status": "Failed"}
    run |= {"startTime": at(0), "lastUpdateTime": at(30), "input": given, "output": {"executionResult": {"errorDetails": said}}}
    case = diagnose([*earlier, denied], pipeline, {"actionExecutionDetails": [run]}, snapshot((RUNNER, granted, [])), pipeline="shop")
    found = {standing: {f.iam_action or "" for f in case.findings if f.standing is standing} for standing in Standing}
    return found[Standing.CAUSE], found[Standing.ALSO_NEEDED]


def denied(source: str, action: str, resource: str = "*") -> Json:
    return refused(session(RUNNER), source, action.partition(":")[2], action, resource)


def test_what_comes_after_the_denied_call_is_needed_too():
    configuration = {"ApplicationName": "till", "DeploymentGroupName": "fleet"}
    causes, besides = needed(("Deploy", "CodeDeploy"), configuration, denied("codedeploy", "codedeploy:RegisterApplicationRevision", APP), [allow("s3:*")])
    assert causes == {"codedeploy:RegisterApplicationRevision"}
    assert besides == {"codedeploy:GetApplicationRevision", "codedeploy:CreateDeployment", "codedeploy:GetDeployment"}


def test_what_comes_before_a_call_that_was_reached_has_passed():
    configuration = {"ApplicationName": "till", "DeploymentGroupName": "fleet"}
    causes, besides = needed(("Deploy", "CodeDeploy"), configuration, denied("codedeploy", "codedeploy:CreateDeployment", GROUP), [allow("s3:*")])
    assert causes == {"codedeploy:CreateDeployment"}
    assert besides == {"codedeploy:GetDeployment"}


def test_a_later_call_that_worked_shows_that_the_earlier_ones_passed():
    later = call(session(RUNNER), "states", "StartExecution", 5)
    first = denied("states", "states:DescribeStateMachine", MACHINE)
    assert needed(("Invoke", "StepFunctions"), {"StateMachineArn": MACHINE}, first, [allow("s3:*")])[1] == {"states:StartExecution"}
    assert needed(("Invoke", "StepFunctions"), {"StateMachineArn": MACHINE}, first, [allow("s3:*")], later)[1] == set()


@pytest.mark.parametrize(
    ("kind", "configuration", "action", "resource", "granted"),
    [
        (("Deploy", "CloudFormation"), {"StackName": "shop", "ActionMode": "CREATE_UPDATE"}, "cloudformation:DescribeStacks", STACK, []),
        (("Deploy", "S3"), {"BucketName": "site"}, "s3:GetObject", ARTIFACT, []),
        (("Deploy", "EC2"), {"TargetGroupNameList": "till"}, "ec2:DescribeInstances", "*", ["elasticloadbalancing:Describe*", "ssm:Describe*", "ssm:List*"]),
        (("Build", "ECRBuildAndPublish"), {}, "logs:CreateLogGroup", f"arn:aws:logs:eu-west-1:{B}:log-group:/aws/codepipeline/shop", ["ecr:*"]),
    ],
)
def test_a_resource_that_is_known_in_part_is_never_foretold(kind: tuple[str, str], configuration: Json, action: str, resource: str, granted: list[str]) -> None:
    grants = [allow(granted)] if granted else [allow("sns:Publish")]
    causes, besides = needed(kind, configuration, denied(action.partition(":")[0], action, resource), grants)
    assert causes == {action}
    assert besides == set()


def test_what_the_reference_lists_and_no_run_needs_is_not_foretold():
    causes, besides = needed(
        ("Source", "S3"), {"S3Bucket": "drop", "S3ObjectKey": "k.zip"}, denied("s3", "s3:GetBucketVersioning", "arn:aws:s3:::drop"), [allow("s3:GetObject*")]
    )
    assert causes == {"s3:GetBucketVersioning"}
    assert besides == set()


def test_the_settings_decide_which_registry_is_published_to():
    first = denied("ecr-public", "ecr-public:GetAuthorizationToken")
    _, besides = needed(("Build", "ECRBuildAndPublish"), {"RegistryType": "public", "ECRRepositoryName": "images"}, first, [allow("ecr-public:*")])
    assert besides == {"sts:GetServiceBearerToken"}
    first = denied("ecr", "ecr:GetAuthorizationToken")
    assert needed(("Build", "ECRBuildAndPublish"), {"ECRRepositoryName": "images"}, first, [allow("ecr:*")])[1] == set()


def test_a_lambda_deploy_is_no_lambda_invoke():
    function = f"arn:aws:lambda:eu-west-1:{B}:function:check"
    first = denied("lambda", "lambda:GetFunctionConfiguration", function)
    _, besides = needed(("Deploy", "Lambda"), {"FunctionName": "check", "FunctionAlias": "live"}, first, [allow("s3:*")])
    assert besides == {"lambda:GetAlias", "lambda:UpdateFunctionCode", "lambda:PublishVersion", "lambda:UpdateAlias"}
    assert needed(("Invoke", "Lambda"), {"FunctionName": "check"}, denied("lambda", "lambda:ListFunctions"), [allow("s3:*")])[1] == {"lambda:InvokeFunction"}


def fired() -> list[Any]:
    """Every need of the action's own role, once for each kind of action that has it."""
    rows = [(p, c) for row in rows_of("pipeline_actions", "action") for p in row["providers"] for c in row["categories"]]
    return [
        pytest.param((c, p), need, id=f"{p}-{c}-{need.iam_action}-{need.order}")
        for p, c in rows
        for need in needs_of_action(p, c)
        if need.principal == "action"
    ]


def settings(need: ActionNeed) -> Json:
    """A configuration with which the need applies, every key of its resource filled."""
    named = {name: f"my-{name.lower()}" for name in re.findall(r"\$\{(\w+)\}", need.resource)}
    told = need.when.split("|")[0] if " " not in need.when else ""
    key, sign, value = re.split(r"([=~])", told, maxsplit=1) if re.search("[=~]", told) else (told, "=", "yes")
    wanted = {key: f"arn:aws{value}eu-west-1:{B}:x" if sign == "~" else value} if key and not key.startswith("!") else {}
    return {**named, **wanted}


@pytest.mark.parametrize(("kind", "need"), fired())
def test_every_need_is_found_where_the_role_lacks_just_this(kind: tuple[str, str], need: ActionNeed) -> None:
    prefix = need.iam_action.partition(":")[0]
    resource = "*" if takes_resource(need.iam_action) is False else f"arn:aws:{prefix}:eu-west-1:{B}:thing/one"
    everything_else: Json = {"Effect": "Allow", "NotAction": [need.iam_action], "Resource": "*"}
    causes, besides = needed(kind, settings(need), denied(prefix, need.iam_action, resource), [everything_else])
    assert causes == {need.iam_action}
    assert besides <= {need.iam_action}
