"""What must hold for every decision, whatever the policies."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.iam.build import ROLE, SESSION, a_policy, a_request
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import Policy, PolicyLevel, PolicySet, Verdict

ACTIONS = st.sampled_from(["*", "s3:*", "s3:GetObject", "s3:Put*", "ec2:*"])
RESOURCES = st.sampled_from(["*", "arn:aws:s3:::plans/*", "arn:aws:s3:::plans/${aws:username}", "arn:aws:s3:::other/*"])
CONDITIONS = st.sampled_from(
    [
        {},
        {"StringEquals": {"aws:RequestTag/a": "1"}},
        {"StringNotEquals": {"aws:RequestTag/a": "1"}},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"Odd": {"k": "v"}},
    ]
)
PRINCIPALS = st.sampled_from(["*", {"AWS": ROLE}, {"AWS": SESSION}, {"AWS": "111122223333"}, {"AWS": "444455556666"}])


@st.composite
def statements(draw: Any, effect: str | None = None, named: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"])), "Action": draw(ACTIONS), "Resource": draw(RESOURCES)}
    if condition := draw(CONDITIONS):
        made["Condition"] = condition
    if named:
        made["Principal"] = draw(PRINCIPALS)
    return made


def policies(named: bool = False) -> st.SearchStrategy[Policy]:
    return st.lists(statements(named=named), max_size=3).map(lambda listed: a_policy(*listed))


SETS = st.builds(
    PolicySet,
    identity=st.lists(policies(), max_size=3).map(tuple),
    boundaries=st.none() | policies().map(lambda p: (p,)),
    session=st.none() | policies().map(lambda p: (p,)),
    scps=st.none() | st.lists(policies().map(lambda p: PolicyLevel(name="l", policies=(p,))), max_size=2).map(tuple),
    resource=st.none() | policies(named=True),
    resource_unknown=st.booleans(),
)
CONTEXTS = st.dictionaries(st.sampled_from(["aws:RequestTag/a", "aws:SecureTransport"]), st.sampled_from([("1",), ("true",), ("2",)]), max_size=2)
REQUESTS = st.builds(
    a_request,
    action=st.sampled_from(["s3:GetObject", "ec2:StartInstances"]),
    context=CONTEXTS,
    complete=st.booleans(),
    resource_account=st.sampled_from([None, "111122223333", "444455556666"]),
)


def but(held: PolicySet, **changed: Any) -> PolicySet:
    fields = ("identity", "boundaries", "session", "scps", "rcps", "resource", "endpoint", "identity_incomplete", "resource_unknown")
    return PolicySet(**{**{name: getattr(held, name) for name in fields}, **changed})


@settings(deadline=None)
@given(REQUESTS, SETS, statements(effect="Allow"))
def test_one_more_allow_never_turns_allowed_into_denied(request: Any, held: PolicySet, more: dict[str, Any]) -> None:
    before, after = decide(request, held), decide(request, but(held, identity=(*held.identity, a_policy(more))))
    if before.verdict is Verdict.ALLOWED:
        assert after.verdict is Verdict.ALLOWED
    assert (before.verdict is Verdict.EXPLICITLY_DENIED) is (after.verdict is Verdict.EXPLICITLY_DENIED)


@settings(deadline=None)
@given(REQUESTS, SETS, statements(effect="Deny"))
def test_one_more_deny_never_turns_denied_into_allowed(request: Any, held: PolicySet, more: dict[str, Any]) -> None:
    before, after = decide(request, held), decide(request, but(held, identity=(*held.identity, a_policy(more))))
    if before.verdict is not Verdict.ALLOWED:
        assert after.verdict is not Verdict.ALLOWED
    if before.verdict is Verdict.EXPLICITLY_DENIED:
        assert after.verdict is Verdict.EXPLICITLY_DENIED


@settings(deadline=None)
@given(REQUESTS, SETS)
def test_the_order_of_policies_does_not_matter(request: Any, held: PolicySet) -> None:
    turned = but(held, identity=held.identity[::-1], scps=None if held.scps is None else held.scps[::-1])
    one, other = decide(request, held), decide(request, turned)
    assert (one.verdict, one.blocked_by, one.missing_context) == (other.verdict, other.blocked_by, other.missing_context)


@settings(deadline=None)
@given(REQUESTS, SETS)
def test_a_guard_never_widens(request: Any, held: PolicySet) -> None:
    if decide(request, held).verdict is Verdict.ALLOWED:
        assert decide(request, but(held, boundaries=None, session=None, scps=None)).verdict is Verdict.ALLOWED


@settings(deadline=None)
@given(SETS, CONTEXTS, st.sampled_from(["s3:GetObject", "ec2:StartInstances"]))
def test_what_is_decided_without_a_key_stays_so_whatever_the_key_is(held: PolicySet, context: dict[str, tuple[str, ...]], action: str) -> None:
    open_ended = decide(a_request(action=action), held)
    if open_ended.verdict is not Verdict.UNDECIDED:
        closed = decide(a_request(action=action, context=context, complete=True), held)
        denied = (Verdict.EXPLICITLY_DENIED, Verdict.IMPLICITLY_DENIED)
        assert closed.verdict is open_ended.verdict or (open_ended.verdict in denied and closed.verdict in denied)


@settings(deadline=None)
@given(REQUESTS, SETS)
def test_every_denial_says_what_blocks_and_every_layer_is_judged(request: Any, held: PolicySet) -> None:
    decision = decide(request, held)
    assert bool(decision.blocked_by) is (decision.verdict is not Verdict.ALLOWED)
    assert {layer.layer for layer in decision.layers} >= set(decision.blocked_by)
    if decision.verdict is Verdict.UNDECIDED:
        assert not {layer.layer for layer in decision.layers if layer.verdict is Verdict.EXPLICITLY_DENIED}
