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
    [("kinesis:PutRecord", "run", 1), ("kinesis:PutRecord", "another", 0), ("kinesis:Put*", "run", 0)],
)
def test_a_call_that_no_trail_records_is_told_of_by_its_session(rights: str, opened: str, told: int) -> None:
    """Only of a session that the evidence shows, and only where its policies deny what the text says."""
    service = {"type": "AWSService", "invokedBy": "ecs-tasks.amazonaws.com"}
    case = diagnose([assumed(service, WORKER, opened)], snapshot((WORKER, [allow(rights, STREAM)], [trusts(ECS)])), error=UNRECORDED)
    found = [f for f in causes(case) if f.iam_action == "kinesis:PutRecords"]
    assert [(f.principal, f.resource, f.basis.value) for f in found] == [(WORKER, STREAM, "inferred")] * told
    assert len(case.deltas) == told
