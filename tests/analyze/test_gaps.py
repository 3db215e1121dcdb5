"""Nothing can be said not to have been refused where the evidence has a gap that bears on the question."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.trail import START, A, B, assumed, at, call, diagnose, role, service, session
from trailsleuth.model import CaseFile, Outcome

DEPLOY = role("Deploy")
READING = {"Effect": "Allow", "Action": ["cloudtrail:LookupEvents"], "Resource": "*"}
QUIET = [assumed(service("codepipeline.amazonaws.com"), DEPLOY), call(session(DEPLOY), "ecs", "DescribeServices")]


def with_gap(**members: Any) -> CaseFile:
    gap = {"schema": "trailsleuth.gap/1", "account": B, "region": "eu-west-1", "why": "AWS kept throttling", "wanted": "records"}
    return diagnose(QUIET, gap | members, role=DEPLOY)


def test_a_quiet_chain_without_gaps_was_not_refused() -> None:
    assert diagnose(QUIET, role=DEPLOY).outcome is Outcome.NO_DENIAL_FOUND


@pytest.mark.parametrize("wanted", ["records", "execution", "data events"])
@pytest.mark.parametrize("account", [B, None])
def test_a_gap_of_an_account_of_the_chain_leaves_it_open(wanted: str, account: str | None) -> None:
    case = with_gap(wanted=wanted, account=account)
    assert case.outcome is Outcome.INCONCLUSIVE
    (question,) = case.questions
    assert question.because == "AWS kept throttling"
    assert question.wanted in ("records", "execution")
    assert question.command


def test_for_a_missing_permission_the_statement_closes_it() -> None:
    (question,) = with_gap(allow=READING).questions
    assert json.loads(question.command) == READING


def test_gaps_that_one_statement_closes_are_one_question() -> None:
    gaps = [{"schema": "trailsleuth.gap/1", "account": B, "why": f"page {n}", "wanted": "records", "allow": READING} for n in range(3)]
    assert len(diagnose(QUIET, *gaps, role=DEPLOY).questions) == 1


def test_policies_that_could_not_be_read_hide_no_refusal() -> None:
    assert with_gap(wanted="policies").outcome is Outcome.NO_DENIAL_FOUND


def test_a_gap_of_another_account_or_time_plays_no_part() -> None:
    assert with_gap(account=A).outcome is Outcome.NO_DENIAL_FOUND
    long_ago = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}
    gap = {"schema": "trailsleuth.gap/1", "account": B, "why": "old", "wanted": "records"} | long_ago
    assert diagnose(QUIET, gap, role=DEPLOY, since=START, until=START.replace(hour=11)).outcome is Outcome.NO_DENIAL_FOUND
    assert with_gap(**{"from": at(-10), "to": at(20)}).outcome is Outcome.INCONCLUSIVE


DEAF = [call(session(DEPLOY), "lambda", "CreateFunction20150331", 20 + n, errorCode="Failure") for n in range(3)]


@pytest.mark.parametrize("asked", [{"role": DEPLOY}, {"session": "run"}, {}], ids=str)
def test_writes_that_failed_to_the_end_without_a_word_are_not_called_undenied(asked: dict[str, str]) -> None:
    case = diagnose([*QUIET, *DEAF], **asked)
    assert case.outcome is Outcome.INCONCLUSIVE
    assert "3 calls of role Deploy" in case.questions[0].because
    assert DEAF[0]["eventID"] in case.questions[0].command


@pytest.mark.parametrize(
    "last",
    [
        call(session(DEPLOY), "lambda", "CreateFunction20150331", 30),
        call(session(DEPLOY), "lambda", "CreateFunction20150331", 30, errorCode="Failure", errorMessage="The zip file is empty."),
    ],
    ids=["worked in the end", "another reason"],
)
def test_a_write_that_worked_or_said_why_leaves_nothing_open(last: dict[str, Any]) -> None:
    told = DEAF if not last.get("errorCode") else []
    assert diagnose([*QUIET, *told, last], role=DEPLOY).outcome is Outcome.NO_DENIAL_FOUND


@pytest.mark.parametrize("code", ["ResourceConflictException", "ThrottlingException", "EntityAlreadyExistsException"])
def test_a_code_that_says_why_needs_no_message(code: str) -> None:
    assert diagnose([*QUIET, call(session(DEPLOY), "iam", "CreateRole", 20, errorCode=code)], role=DEPLOY).outcome is Outcome.NO_DENIAL_FOUND
