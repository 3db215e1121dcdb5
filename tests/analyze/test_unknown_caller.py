"""A record that does not tell who called: nobody is blamed, nobody's policy is changed, and what is missing is asked for."""

from __future__ import annotations

import pytest

from tests.trail import B, allow, call, diagnose, refused, role, session, snapshot
from trailsleuth.model import Cause, Outcome, Standing

CLERK = role("Clerk")
KEY = "arn:aws:s3:::till-rolls/2026/05"


def nobody(second: float, **more):
    return call({}, "s3", "GetObject", second, request={"bucketName": "till-rolls", "key": "2026/05"}, account=B, **more)


DENIED = {"errorCode": "AccessDenied", "errorMessage": "Access Denied"}


@pytest.mark.parametrize("policies", [[], [snapshot((CLERK, [], []))], [snapshot((CLERK, [allow("s3:*")], []))]])
def test_an_unknown_caller_is_nobody(policies):
    case = diagnose([nobody(10, **DENIED), nobody(20)], *policies)
    (found,) = case.findings
    assert (case.outcome, found.standing, found.cause, found.principal) == (Outcome.INCONCLUSIVE, Standing.CAUSE, Cause.UNKNOWN, None)
    assert case.deltas == ()
    assert "does not tell who called" in found.explanation
    assert any("userIdentity" in question.because for question in case.questions)


def test_an_anonymous_caller_is_told():
    who = {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
    record = call(who, "s3", "GetObject", 10, request={"bucketName": "till-rolls", "key": "2026/05"}, account=B, **DENIED)
    (found,) = diagnose([record]).findings
    assert found.cause is Cause.MISSING_ALLOW


def test_a_known_principal_stopped_by_aws_is_told_by_which_policy():
    denied = refused(session(CLERK), "sqs", "SendMessage", "sqs:SendMessage", "*", clause="with an explicit deny in an identity-based policy")
    held = snapshot((CLERK, [allow("*")], []))
    held["RoleDetailList"][0]["AttachedManagedPolicies"] = [
        {"PolicyName": name, "PolicyArn": f"arn:aws:iam::aws:policy/{name}"} for name in ("AWSCompromisedKeyQuarantineV3", "SecurityAudit")
    ]
    case = diagnose([denied], held)
    assert case.findings[0].policy_arn == "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"
    assert "key" in (case.findings[0].advice or "")
    assert case.deltas == ()
