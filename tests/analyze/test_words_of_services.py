"""What services say in their own words or not at all: the action behind it, and on what a policy can allow it."""

from __future__ import annotations

import pytest

from tests.trail import B, allow, assumed, call, diagnose, refused, role, session, snapshot, trusts
from trailsleuth.catalog.evaluation import has_no_arn
from trailsleuth.catalog.load import rows_of
from trailsleuth.model import CaseFile, Cause, Finding, Standing

WORKER = role("jobs/Worker")
ECS = {"Service": "ecs-tasks.amazonaws.com"}


def case_of(record: dict, *statements: dict) -> CaseFile:
    return diagnose([record], snapshot((WORKER, list(statements), [trusts(ECS)])), role=WORKER)


def causes(case: CaseFile) -> list[Finding]:
    return [f for f in case.findings if f.standing in (Standing.CAUSE, Standing.ALSO_NEEDED)]


def failed(source: str, name: str, code: str, text: str | None, **request: object) -> dict:
    return call(session(WORKER), source, name, 10, errorCode=code, errorMessage=text, request=dict(request))


@pytest.mark.parametrize("number", ["+15550100200", "+4915550100200", "15550100200"])
def test_a_phone_number_gets_into_no_policy(number: str) -> None:
    case = case_of(refused(session(WORKER), "sns", "Publish", "SNS:Publish", number), allow("sns:Publish", f"arn:aws:sns:eu-west-1:{B}:news"))
    (found,) = causes(case)
    assert (found.iam_action, found.resource, found.cause) == ("sns:Publish", "*", Cause.SCOPE_MISMATCH)
    assert [s["Resource"] for d in case.deltas for s in d.statements] == ["*"]


@pytest.mark.parametrize("shown", ["message", "request"])
def test_a_signed_in_identity_gets_into_no_policy(shown: str) -> None:
    who = "eu-west-1:0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9"
    text = refused(session(WORKER), "iot", "AttachPolicy", "iot:AttachPolicy", who) if shown == "message" else None
    bare = failed("iot", "AttachPolicy", "AccessDeniedException", None, policyName="pumps", target=who)
    (found,) = causes(case := case_of(text or bare, allow("iot:AttachPolicy", f"arn:aws:iot:eu-west-1:{B}:policy/pumps")))
    assert (found.iam_action, found.resource, found.cause) == ("iot:AttachPolicy", "*", Cause.SCOPE_MISMATCH)
    assert [s["Resource"] for d in case.deltas for s in d.statements] == ["*"]


def test_each_row_of_what_has_no_arn_holds() -> None:
    rows = rows_of("evaluation", "without_arn")
    held = [[has_no_arn(row[key]["action"], [row[key]["said"]], "sns.amazonaws.com") for key in ("example", "counter_example")] for row in rows]
    assert held == [[True, False]] * len(rows)
    assert rows


def test_a_topic_keeps_its_arn() -> None:
    topic = f"arn:aws:sns:eu-west-1:{B}:alerts"
    (found,) = causes(case_of(refused(session(WORKER), "sns", "Publish", "SNS:Publish", topic)))
    assert found.resource == topic


@pytest.mark.parametrize(
    ("rights", "action"),
    [
        (["elasticfilesystem:*", "ec2:DescribeSubnets", "ec2:DescribeNetworkInterfaces"], "ec2:CreateNetworkInterface"),
        (["elasticfilesystem:*", "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces"], "ec2:DescribeSubnets"),
        (["ec2:*"], "elasticfilesystem:CreateMountTarget"),
    ],
)
def test_a_mount_target_is_made_of_a_network_interface(rights: list[str], action: str) -> None:
    text = "User is not authorized to perform that action on the specified resource"
    record = failed("elasticfilesystem", "CreateMountTarget", "AccessDeniedException", text, fileSystemId="fs-0a", subnetId="subnet-0a")
    assert [f.iam_action for f in causes(case_of(record, allow(rights)))][:1] == [action]


def test_a_mount_without_words_is_the_action_of_mounting() -> None:
    system = f"arn:aws:elasticfilesystem:eu-west-1:{B}:file-system/fs-0b"
    record = failed("elasticfilesystem", "NewClientConnection", "AccessDenied", None) | {"resources": [{"ARN": system, "accountId": B}]}
    (found,) = causes(case_of(record, allow("elasticfilesystem:Describe*")))
    assert (found.iam_action, found.resource) == ("elasticfilesystem:ClientMount", system)


@pytest.mark.parametrize(("event", "kind"), [("CreateRestApi", "restapis"), ("ImportRestApi", "restapis"), ("CreateApi", "apis")])
def test_the_star_for_what_is_being_made_is_the_services_own(event: str, kind: str) -> None:
    tags = f"arn:aws:apigateway:eu-west-1::/tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2F{kind}%2F*"
    case = case_of(refused(session(WORKER), "apigateway", event, "apigateway:PUT", tags))
    assert [s["Resource"] for d in case.deltas for s in d.statements] == [tags]


def test_a_star_in_another_place_of_such_an_arn_stays_a_literal() -> None:
    tags = "arn:aws:apigateway:eu-west-1::/tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2F*"
    case = case_of(refused(session(WORKER), "apigateway", "CreateRestApi", "apigateway:PUT", tags))
    assert all(s["Resource"] != tags for d in case.deltas for s in d.statements)


def test_an_account_that_lacks_permissions_is_its_caller() -> None:
    text = "The task can't be completed because you are signed in with an account that lacks permissions to create a service-linked role in AWS CloudTrail."
    record = failed("cloudtrail", "RegisterOrganizationDelegatedAdmin", "InsufficientIAMAccessPermissionException", text, memberAccountId="111122223333")
    (found,) = causes(case_of(record, allow("cloudtrail:*")))
    linked = f"arn:aws:iam::{B}:role/aws-service-role/cloudtrail.amazonaws.com/AWSServiceRoleForCloudTrail"
    assert (found.principal, found.iam_action, found.resource) == (WORKER, "iam:CreateServiceLinkedRole", linked)


STREAM = f"arn:aws:kinesis:eu-west-1:{B}:stream/clicks"
UNRECORDED = (
    f'{{"level": "error", "reply": "User: arn:aws:sts::{B}:assumed-role/Worker/run is not authorized to perform: kinesis:PutRecords on resource: {STREAM} '
    'because no identity-based policy allows the kinesis:PutRecords action"}'
)


@pytest.mark.parametrize(
    ("rights", "opened", "told"),
    [("kinesis:PutRecord", "run", 1), ("kinesis:PutRecord", "another", 1), ("kinesis:Put*", "run", 0)],
)
def test_a_call_that_no_trail_records_is_told_of_by_its_role(rights: str, opened: str, told: int) -> None:
    """Of a session that the evidence shows or not, and only where the policies of its role deny what the text says."""
    service = {"type": "AWSService", "invokedBy": "ecs-tasks.amazonaws.com"}
    case = diagnose([assumed(service, WORKER, opened)], snapshot((WORKER, [allow(rights, STREAM)], [trusts(ECS)])), error=UNRECORDED)
    found = [f for f in causes(case) if f.iam_action == "kinesis:PutRecords"]
    assert [(f.principal, f.resource, f.basis.value) for f in found] == [(WORKER, STREAM, "inferred")] * told
    assert len(case.deltas) == told


TARGET = role("jobs/Target")
INSTANCE = {"instanceConfiguration": {"instanceRoleArn": TARGET}}
UNTAKEN = [
    ("eks", "CreatePodIdentityAssociation", "Trust policy of the role provided is invalid", {"roleArn": TARGET}, "pods.eks.amazonaws.com", 2),
    ("eks", "CreateCapability", "The trust policy of the role does not allow EKS to assume it", {"roleArn": TARGET}, "capabilities.eks.amazonaws.com", 2),
    ("eks", "CreateNodegroup", "Unable to assume the node role", {"nodeRole": TARGET}, "ec2.amazonaws.com", 1),
    ("apprunner", "CreateService", f"Error in assuming instance role {TARGET}", INSTANCE, "tasks.apprunner.amazonaws.com", 1),
    ("scheduler", "CreateSchedule", "Failed to assume the execution role", {"target": {"roleArn": TARGET}}, "scheduler.amazonaws.com", 1),
]  # fmt: skip


@pytest.mark.parametrize(("source", "event", "text", "request_", "service", "actions"), UNTAKEN)
def test_a_service_that_cannot_take_a_role_gets_its_own_principal_into_the_trust(source, event, text, request_, service, actions) -> None:
    policies = snapshot((WORKER, [allow("*")], [trusts(ECS)]), (TARGET, [], [trusts(ECS)]))
    case = diagnose([failed(source, event, "InvalidParameterException", text, **request_)], policies, role=WORKER)
    found = causes(case)
    assert {(f.principal, f.resource, f.cause) for f in found} == {(service, TARGET, Cause.UNTRUSTED_PRINCIPAL)}
    assert [f.iam_action for f in found] == ["sts:AssumeRole", "sts:TagSession"][:actions]


@pytest.mark.parametrize("text", ["User not authorized to perform kms:DescribeKey operation", "Caller is not authorized to perform: kms:DescribeKey"])
def test_a_sentence_without_a_colon_is_read_in_a_validation_error(text) -> None:
    key = f"arn:aws:kms:eu-west-1:{B}:key/0a1b2c3d-4e5f-4a6b-8c7d-8e9f0a1b2c3d"
    config = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    case = case_of(failed("eks", "CreateCluster", "InvalidRequestException", text, encryptionConfig=config), allow("eks:*"))
    assert [(f.iam_action, f.resource) for f in causes(case)] == [("kms:DescribeKey", key), ("kms:CreateGrant", key)]


def test_a_callers_own_words_are_no_sentence() -> None:
    text = "Invalid name: User not authorized to perform iam:CreateUser"
    assert not causes(case_of(failed("eks", "CreateCluster", "InvalidRequestException", text, version="1.33"), allow("eks:*")))


CENTRE = "instance/19bcba06-ea18-4c40-be27-09bdb7403338"
POOL = "eu-central-1_AbCdEfGhI"


@pytest.mark.parametrize(
    ("service", "action", "resource", "said"),
    [
        ("connect", "connect:DescribeInstance", f"arn:aws:connect:eu-west-1:{B}:instance/arn:aws:connect:eu-central-1:{B}:{CENTRE}", "of another Region"),
        ("connect", "connect:DescribeInstance", f"arn:aws:connect:eu-west-1:{B}:instance/arn:aws:connect:eu-west-1:{B}:{CENTRE}", "the id or the name alone"),
        ("kinesis", "kinesis:PutRecord", f"arn:aws:kinesis:eu-west-1:{B}:stream/{STREAM}", "the id or the name alone"),
        ("cognito-idp", "cognito-idp:AdminGetUser", f"arn:aws:cognito-idp:eu-west-1:{B}:userpool/{POOL}", "of another Region"),
    ],
)
def test_nothing_is_there_under_that_name(service: str, action: str, resource: str, said: str) -> None:
    case = case_of(refused(session(WORKER), service, action.partition(":")[2], action, resource), allow(action, f"arn:aws:{service}:eu-central-1:{B}:x"))
    (found,) = causes(case)
    assert (found.cause, found.resource, case.deltas) == (Cause.NO_POLICY_FIX, resource, ())
    assert said in (found.advice or "")


@pytest.mark.parametrize(
    ("service", "action", "resource"),
    [
        ("connect", "connect:DescribeInstance", f"arn:aws:connect:eu-west-1:{B}:{CENTRE}"),
        ("cognito-idp", "cognito-idp:AdminGetUser", f"arn:aws:cognito-idp:eu-west-1:{B}:userpool/eu-west-1_AbCdEfGhI"),
        ("s3", "s3:GetObject", "arn:aws:s3:::letters/arn:aws:sns:eu-central-1:111122223333:news"),
        ("ssm", "ssm:SendCommand", f"arn:aws:ec2:eu-west-1:{B}:instance/i-0b9d7f5a3c1e82640"),
        ("ec2", "ec2:AttachVolume", f"arn:aws:ec2:eu-west-1:{B}:volume/vol-0b9d7f5a3c1e82640"),
    ],
)
def test_one_thing_that_was_asked_for_gets_the_change_alone(service: str, action: str, resource: str) -> None:
    (statement,) = (s for d in case_of(refused(session(WORKER), service, action.partition(":")[2], action, resource)).deltas for s in d.statements)
    assert statement["Resource"] == resource


def test_several_machines_are_whichever_there_are() -> None:
    place = f"arn:aws:ec2:eu-west-1:{B}:instance/"
    records = [refused(session(WORKER), "ec2", "StopInstances", "ec2:StopInstances", f"{place}i-0b9d7f5a3c1e8264{n}", 10 + n) for n in range(3)]
    case = diagnose(records, snapshot((WORKER, [], [trusts(ECS)])), role=WORKER)
    assert [s["Resource"] for d in case.deltas for s in d.statements] == [f"{place}*"]


def test_an_id_of_one_run_is_said_to_be_one() -> None:
    task = f"arn:aws:ecs:eu-west-1:{B}:task/web/0123456789abcdef0123456789abcdef"
    (found,) = causes(case_of(refused(session(WORKER), "ecs", "StopTask", "ecs:StopTask", task)))
    assert "lives for one run" in found.explanation


@pytest.mark.parametrize(
    ("source", "event", "code", "text", "cause"),
    [
        ("route53", "GetHostedZone", "AccessDenied", f"User: {session(WORKER)['arn']} is not authorized to access this resource", Cause.NO_POLICY_FIX),
        ("ec2", "AssociateAddress", "Client.AuthFailure", "The address '198.51.100.7' does not belong to you.", Cause.NO_POLICY_FIX),
    ],
)
def test_words_that_no_policy_changes(source: str, event: str, code: str, text: str, cause: Cause) -> None:
    case = case_of(failed(source, event, code, text, id="Z0719526ZM52MA9BSHHK"), allow("*"))
    assert ([f.cause for f in causes(case)], case.deltas) == ([cause], ())


@pytest.mark.parametrize(
    ("text", "trusted", "lacking"),
    [
        ("must be assumable with edgelambda.amazonaws.com as well as lambda.amazonaws.com principals.", ["lambda"], ["edgelambda"]),
        ("must trust both lambda.amazonaws.com and edgelambda.amazonaws.com.", ["lambda"], ["edgelambda"]),
        ("must trust both lambda.amazonaws.com and edgelambda.amazonaws.com.", ["ecs-tasks"], ["edgelambda", "lambda"]),
    ],
)
def test_each_service_that_must_be_trusted_is_let_in_beside_the_others(text: str, trusted: list[str], lacking: list[str]) -> None:
    trust = trusts({"Service": [f"{name}.amazonaws.com" for name in trusted]})
    record = failed("cloudfront", "UpdateDistribution", "InvalidLambdaFunctionAssociation", f"The function execution role {text} Role: {TARGET}", id="E2")
    case = diagnose([record], snapshot((WORKER, [allow("*")], [trusts(ECS)]), (TARGET, [], [trust])), role=WORKER)
    assert sorted(f.principal or "" for f in causes(case)) == [f"{name}.amazonaws.com" for name in lacking]
    assert {d.attach_to for d in case.deltas} == {TARGET}
