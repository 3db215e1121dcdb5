"""Nobody is left alone: what to send, whom to ask and in which order, where no policy change fixes a denial."""

from __future__ import annotations

from typing import Any

import pytest

from tests.test_cases import CASES, diagnosed
from tests.trail import A, B, allow, call, diagnose, refused, role, session, snapshot, trusts
from trailsleuth.model import CaseFile, Cause, Finding

CALLER, FAR = role("ci/Ship"), role("ops/Landing", A)
MAY = allow(["sts:AssumeRole", "sts:TagSession"], FAR)
NAMED = {"AWS": CALLER}
STAR = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def assume(second: float, **request: Any) -> dict:
    """A call that went through."""
    return call(session(CALLER), "sts", "AssumeRole", second, request={"roleArn": FAR, "roleSessionName": "by-hand", **request})


def denied(**request: Any) -> dict:
    asked = {"roleArn": FAR, "roleSessionName": "tool-1", **request}
    return refused(session(CALLER), "sts", "AssumeRole", "sts:AssumeRole", FAR, second=60, clause="", request=asked)


def case_of(records: list[dict], **condition: Any) -> CaseFile:
    return diagnose(records, snapshot((CALLER, [MAY], [])), snapshot((FAR, [], [trusts(NAMED, **condition)])), role=CALLER)


def only(case: CaseFile) -> Finding:
    (found,) = [f for f in case.findings if f.standing.value == "cause"]
    return found


@pytest.mark.parametrize(
    ("condition", "good", "told"),
    [
        ({"StringEquals": {"sts:ExternalId": "tenant-7"}}, {"externalId": "tenant-7"}, "went through sent tenant-7"),
        ({"StringLike": {"sts:RoleSessionName": "*-hand"}}, {}, "went through sent by-hand"),
        ({"StringEquals": {"aws:RequestTag/Team": "sea"}}, {"tags": [{"key": "Team", "value": "sea"}]}, "went through sent sea"),
        ({"StringEquals": {"sts:SourceIdentity": "noor"}}, {"sourceIdentity": "noor"}, "went through sent noor"),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {}, "Sign in with MFA first"),
        ({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, {}, "aws:SourceIp IpAddress 198.51.100.0/24"),
    ],
)
def test_where_the_request_must_change_it_says_what_to_send(condition: dict, good: dict, told: str) -> None:
    case = case_of([assume(20, **good), denied()], **condition)
    assert only(case).cause is Cause.CONDITION_MISMATCH
    assert told in (only(case).advice or "")
    assert case.deltas == ()


def test_an_external_id_that_nobody_may_send_is_to_be_left_out() -> None:
    case = case_of([denied(externalId="Pipe")], Null={"sts:ExternalId": "true"})
    assert (only(case).advice or "").startswith("Call without an external id")
    assert "this call sent Pipe" in (only(case).advice or "")


def test_a_change_that_fixes_it_needs_no_advice() -> None:
    record = refused(session(CALLER), "sqs", "SendMessage", "sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{B}:in")
    case = diagnose([record], snapshot((CALLER, [], [])))
    assert case.deltas
    assert only(case).advice is None


def test_a_deny_of_aws_own_is_detached_not_edited() -> None:
    record = refused(session(CALLER), "s3", "CreateBucket", "s3:CreateBucket", "arn:aws:s3:::sea-chart", clause="explicit deny")
    document = {"PolicyName": "AWSDenyAll", "Arn": "arn:aws:iam::aws:policy/AWSDenyAll", "DefaultVersionId": "v1"}
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": {"Version": "2012-10-17", "Statement": [{**STAR, "Effect": "Deny"}]}}
    held = snapshot((CALLER, [STAR], []))
    held["RoleDetailList"][0]["AttachedManagedPolicies"] = [{"PolicyName": "AWSDenyAll", "PolicyArn": document["Arn"]}]
    held["Policies"] = [{**document, "PolicyVersionList": [version]}]
    record["errorMessage"] = record["errorMessage"].partition(" because")[0] + " with an explicit deny in an identity-based policy"
    case = diagnose([record], held)
    assert only(case).cause is Cause.EXPLICIT_DENY
    assert case.deltas == ()
    assert "cannot be edited" in (only(case).advice or "")


def test_what_stays_open_has_a_question() -> None:
    record = refused(session(CALLER), "sqs", "SendMessage", "sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{B}:in", clause="")
    case = diagnose([record], snapshot((CALLER, [STAR], [])))
    assert only(case).cause is Cause.UNKNOWN
    assert "list-policies-for-target" in case.questions[0].command


def test_what_to_do_about_a_deny_of_aws_is_said_in_one_place() -> None:
    document = diagnosed(CASES / "nearly-managed-deny")
    found = document["findings"][0]
    assert "attached" not in found["explanation"]
    assert found["advice"].startswith("arn:aws:iam::aws:policy/AWSDenyAll was attached to stop arn:aws:iam::673000000066:role/ops/Parked altogether.")


def test_a_caller_without_an_arn_is_named_by_its_provider() -> None:
    assert diagnosed(CASES / "nearly-key-of-arn")["summary"].startswith("An identity of gitlab.example.net: ")
