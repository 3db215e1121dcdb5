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


def test_each_row_of_what_has_no_arn_holds() -> None:
    rows = rows_of("evaluation", "without_arn")
    held = [[has_no_arn(row[key]["action"], row[key]["said"], "sns.amazonaws.com") for key in ("example", "counter_example")] for row in rows]
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
