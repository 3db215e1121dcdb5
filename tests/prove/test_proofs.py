"""Proofs: sufficient, minimal, harmless, or undecided with what is missing."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.sample import examples
from tests.trail import B, allow, diagnose, evidence, refused, role, session, snapshot, trusts
from trailsleuth.investigation import run_investigation
from trailsleuth.model import Delta, Evidence, Finding, Inquiry, Standing
from trailsleuth.prove import prove_deltas
from trailsleuth.prove.apply import with_deltas

DEPLOY = role("deploy/Deploy")
ACTIONS = ("sqs:SendMessage", "sqs:CreateQueue", "sqs:DeleteQueue", "sqs:ReceiveMessage")
QUEUES = tuple(f"arn:aws:sqs:eu-west-1:{B}:queue-{i}" for i in range(3))


def refusal(action: str, queue: str, second: float) -> dict:
    return refused(session(DEPLOY), "sqs", action.partition(":")[2], action, queue, second)


def test_a_change_is_sufficient_minimal_and_harmless() -> None:
    case = diagnose([refusal(ACTIONS[0], QUEUES[0], 1)], snapshot((DEPLOY, [allow("s3:GetObject")], [trusts("*")])))
    (delta,) = case.deltas
    assert delta.proof is not None
    assert (delta.proof.sufficient, delta.proof.minimal, delta.proof.harmless, delta.proof.undecided) == (True, True, True, ())


def test_without_policies_there_is_no_proof() -> None:
    (delta,) = diagnose([refusal(ACTIONS[0], QUEUES[0], 1)]).deltas
    assert delta.proof is None


def test_a_change_that_does_too_much_is_seen() -> None:
    case = diagnose([refusal(ACTIONS[0], QUEUES[0], 1)], snapshot((DEPLOY, [allow("s3:GetObject")], [])))
    read = evidence([refusal(ACTIONS[0], QUEUES[0], 1)], snapshot((DEPLOY, [allow("s3:GetObject")], [])))
    (delta,) = case.deltas
    wide = replace(delta, statements=({"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:DeleteQueue"], "Resource": "*"},))
    (proven,) = prove_deltas((wide,), case.findings, read.policies)
    assert proven.proof is not None
    assert (proven.proof.sufficient, proven.proof.minimal, proven.proof.harmless) == (True, False, False)


def test_a_change_that_does_too_little_is_seen() -> None:
    documents = snapshot((DEPLOY, [allow("s3:GetObject")], []))
    case = diagnose([refusal(ACTIONS[0], QUEUES[0], 1)], documents)
    (delta,) = case.deltas
    short = replace(delta, statements=({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUES[1]},))
    (proven,) = prove_deltas((short,), case.findings, evidence([], documents).policies)
    assert proven.proof is not None
    assert proven.proof.sufficient is False


grants = st.lists(st.tuples(st.sampled_from(ACTIONS), st.sampled_from((*QUEUES, f"arn:aws:sqs:eu-west-1:{B}:*"))), max_size=4, unique=True)
demands = st.lists(st.tuples(st.sampled_from(ACTIONS), st.sampled_from(QUEUES)), min_size=1, max_size=5, unique=True)


def read(held: list[tuple[str, str]], asked: list[tuple[str, str]]) -> Evidence:
    statements = [allow(action, queue) for action, queue in held] or [allow("s3:GetObject")]
    return evidence([refusal(a, q, i) for i, (a, q) in enumerate(asked)], snapshot((DEPLOY, statements, [])))


def standing(findings: tuple[Finding, ...]) -> list[Finding]:
    return [f for f in findings if f.standing in (Standing.CAUSE, Standing.ALSO_NEEDED) and not f.already]


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(grants, demands)
def test_for_any_policy_and_demand_the_change_is_sufficient_and_minimal(held: list[tuple[str, str]], asked: list[tuple[str, str]]) -> None:
    case = run_investigation(read(held, asked), Inquiry())
    assert bool(case.deltas) == bool(standing(case.findings))
    for delta in case.deltas:
        assert delta.proof is not None
        assert (delta.proof.sufficient, delta.proof.minimal) == (True, True)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(grants, demands)
def test_with_the_change_in_place_nothing_is_left_to_change(held: list[tuple[str, str]], asked: list[tuple[str, str]]) -> None:
    before = read(held, asked)
    deltas: tuple[Delta, ...] = run_investigation(before, Inquiry()).deltas
    after = replace(before, policies=with_deltas(before.policies, deltas))
    assert run_investigation(after, Inquiry()).deltas == ()
