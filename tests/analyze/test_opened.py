"""Calls that fail in words that no row knows: the policies tell what they lacked, or they stay open."""

from __future__ import annotations

import pytest

from tests.trail import B, allow, call, diagnose, role, session, snapshot, trusts
from trailsleuth.model import CaseFile, Cause, Finding, Outcome, Standing

CALLER, WORKER = role("ci/Ship"), role("jobs/Worker")
BUILDS, LAMBDA = {"Service": "codebuild.amazonaws.com"}, {"Service": "lambda.amazonaws.com"}
TEXT = "The service could not work with what it was given; check the permissions"
KEY = f"arn:aws:kms:eu-west-1:{B}:key/0a1b2c3d-4e5f-4a6b-8c7d-8e9f0a1b2c3d"


def made(text: str = TEXT, code: str = "InvalidParameterValueException", **more: object) -> dict:
    request = {"functionName": "report", "role": WORKER, **more}
    return call(session(CALLER), "lambda", "CreateFunction20150331", 10, errorCode=code, errorMessage=text, request=request)


def case_of(*records: dict, rights: tuple[dict, ...] = (allow("*"),), trust: dict | None = None) -> CaseFile:
    worker = (WORKER, [allow("logs:*")], [trusts(trust or LAMBDA)])
    return diagnose(list(records), snapshot((CALLER, list(rights), [trusts(BUILDS)]), worker), role=CALLER)


def causes(case: CaseFile) -> list[Finding]:
    return [f for f in case.findings if f.standing is Standing.CAUSE]


@pytest.mark.parametrize("code", ["InvalidParameterValueException", "AccessDeniedException"])
def test_a_role_that_does_not_trust_the_service_is_told(code: str) -> None:
    (found,) = causes(case_of(made(code=code), trust=BUILDS))
    assert (found.principal, found.iam_action, found.resource, found.cause) == (LAMBDA["Service"], "sts:AssumeRole", WORKER, Cause.UNTRUSTED_PRINCIPAL)
    assert found.basis.value == "inferred"


def test_a_role_that_the_caller_may_not_hand_over_is_told() -> None:
    (found,) = causes(case_of(made(), rights=(allow("lambda:*"),)))
    assert (found.principal, found.iam_action, found.resource) == (CALLER, "iam:PassRole", WORKER)


def test_what_the_role_itself_lacks_is_told_of_the_role() -> None:
    dead = f"arn:aws:sqs:eu-west-1:{B}:dead"
    (found,) = causes(case_of(made(deadLetterConfig={"targetArn": dead})))
    assert (found.principal, found.iam_action, found.resource) == (WORKER, "sqs:SendMessage", dead)


def test_a_call_of_which_the_policies_deny_nothing_stays_open() -> None:
    case = case_of(made())
    (found,) = causes(case)
    assert (case.outcome, found.cause, found.iam_action) == (Outcome.INCONCLUSIVE, Cause.UNKNOWN, None)
    assert TEXT in found.explanation
    assert case.questions
    assert not case.deltas


def test_without_policies_it_stays_open() -> None:
    case = diagnose([made()], role=CALLER)
    assert (case.outcome, causes(case)[0].cause) == (Outcome.INCONCLUSIVE, Cause.UNKNOWN)


def test_the_denial_that_its_service_met_is_told_instead() -> None:
    inner = call({**session(CALLER), "invokedBy": "lambda.amazonaws.com"}, "ec2", "DescribeSubnets", 9, errorCode="Client.UnauthorizedOperation")
    inner["errorMessage"] = "You are not authorized to perform this operation."
    (found,) = causes(case_of(inner, made(), rights=(allow(["lambda:*", "iam:PassRole"]),)))
    assert found.iam_action == "ec2:DescribeSubnets"


@pytest.mark.parametrize(
    "text",
    ["The name is too long", "1 validation error detected: Value 'check the permissions' at 'name' failed to satisfy constraint", 'Bad value "no permission"'],
)
def test_other_words_and_what_a_service_repeats_are_no_denial(text: str) -> None:
    assert not causes(case_of(made(text), trust=BUILDS))
