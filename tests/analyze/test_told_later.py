"""Denials that only a text tells of: the call that set the thing up was answered, and what goes on with it was denied."""

from __future__ import annotations

from typing import Any

from tests.trail import B, call, diagnose, session, snapshot, trusts
from tests.trail import role as role_arn

CALLER, RUNS, OTHER = role_arn("ci/Ship"), role_arn("pipes/Runs"), role_arn("pipes/Other")
QUEUE, OTHER_QUEUE = f"arn:aws:sqs:eu-west-1:{B}:in", f"arn:aws:sqs:eu-west-1:{B}:also"
TEXT = "The provided customer role does not have permissions to call ReceiveMessage on SQS"
STAR = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TRUST = [trusts({"Service": "pipes.amazonaws.com"})]


def made(name: str, source: str, role: str, second: float = 10) -> dict[str, Any]:
    return call(session(CALLER), "pipes", "CreatePipe", second, request={"name": name, "source": source, "roleArn": role})


def causes(case: Any) -> set[tuple[str, str, str, str]]:
    return {(f.standing.value, f.principal, f.iam_action, f.resource) for f in case.findings if f.standing.value in ("cause", "also_needed")}


def test_the_role_of_the_pipe_lacks_what_the_text_names_and_the_rest_of_the_step() -> None:
    case = diagnose([made("one", QUEUE, RUNS)], snapshot((CALLER, [STAR], []), (RUNS, [], TRUST)), error=TEXT)
    assert case.outcome.value == "cause_found"
    assert causes(case) == {
        ("cause", RUNS, "sqs:ReceiveMessage", QUEUE),
        ("also_needed", RUNS, "sqs:DeleteMessage", QUEUE),
        ("also_needed", RUNS, "sqs:GetQueueAttributes", QUEUE),
    }
    assert {f.basis.value for f in case.findings} == {"inferred"}


def test_what_the_policies_allow_is_not_said() -> None:
    reads = {"Effect": "Allow", "Action": "sqs:*", "Resource": QUEUE}
    case = diagnose([made("one", QUEUE, RUNS)], snapshot((CALLER, [STAR], []), (RUNS, [reads], TRUST)), error=TEXT)
    assert causes(case) == set()


def test_of_two_pipes_nobody_knows_which_is_meant() -> None:
    held = snapshot((CALLER, [STAR], []), (RUNS, [], TRUST), (OTHER, [], TRUST))
    case = diagnose([made("one", QUEUE, RUNS), made("two", OTHER_QUEUE, OTHER, 20)], held, error=TEXT)
    assert causes(case) == set()
    assert case.outcome.value == "inconclusive"


def test_a_text_about_another_action_finds_nothing() -> None:
    other = TEXT.replace("ReceiveMessage on SQS", "GetRecords on Kinesis")
    case = diagnose([made("one", QUEUE, RUNS)], snapshot((CALLER, [STAR], []), (RUNS, [], TRUST)), error=other)
    assert causes(case) == set()
