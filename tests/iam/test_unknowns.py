"""Decisions where the evidence lacks a key or a document."""

from __future__ import annotations

import pytest

from tests.iam.build import ROLE, a_policy, a_request, a_statement, identity
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import PolicySet, PolicyType, Verdict

ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}


def test_an_allow_that_hangs_on_an_unknown_key_is_undecided_and_names_the_key() -> None:
    decision = decide(a_request(), identity(a_statement(Condition=ORG)))
    assert (decision.verdict, decision.missing_context, decision.blocked_by) == (Verdict.UNDECIDED, ("aws:PrincipalOrgID",), (PolicyType.IDENTITY,))


def test_an_unknown_key_does_not_matter_where_another_allow_decides() -> None:
    assert decide(a_request(), identity(a_statement(Condition=ORG), a_statement())).verdict is Verdict.ALLOWED


def test_an_unknown_key_does_not_matter_where_the_action_differs() -> None:
    assert decide(a_request(), identity(a_statement(action="ec2:*", Condition=ORG))).verdict is Verdict.IMPLICITLY_DENIED


def test_a_deny_that_hangs_on_an_unknown_key_is_undecided() -> None:
    decision = decide(a_request(), identity(a_statement(), a_statement("Deny", Condition=ORG)))
    assert (decision.verdict, decision.missing_context) == (Verdict.UNDECIDED, ("aws:PrincipalOrgID",))


def test_a_key_known_to_be_absent_decides() -> None:
    denied = identity(a_statement(), a_statement("Deny", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}))
    assert decide(a_request(absent=frozenset({"aws:multifactorauthpresent"})), denied).verdict is Verdict.EXPLICITLY_DENIED


def test_all_tags_may_be_known_to_be_absent_at_once() -> None:
    tagged = identity(a_statement(Condition={"StringEquals": {"aws:RequestTag/team": "x"}}))
    assert decide(a_request(absent=frozenset({"aws:requesttag/*"})), tagged).verdict is Verdict.IMPLICITLY_DENIED


def test_a_variable_with_an_unknown_key_is_undecided() -> None:
    decision = decide(a_request(), identity(a_statement(resource="arn:aws:s3:::plans/${aws:PrincipalTag/team}")))
    assert (decision.verdict, decision.missing_context) == (Verdict.UNDECIDED, ("aws:PrincipalTag/team",))


def test_policies_missing_from_the_evidence_may_hold_the_allow() -> None:
    assert decide(a_request(), identity(identity_incomplete=("AWSManaged",))).verdict is Verdict.UNDECIDED
    assert decide(a_request(), identity(a_statement(), identity_incomplete=("AWSManaged",))).verdict is Verdict.ALLOWED


def test_an_unknown_resource_policy_leaves_a_cross_account_call_undecided() -> None:
    request = a_request(resource_account="444455556666")
    decision = decide(request, identity(a_statement(), resource_unknown=True))
    assert (decision.verdict, decision.blocked_by) == (Verdict.UNDECIDED, (PolicyType.RESOURCE,))
    assert decide(request, identity(resource_unknown=True)).verdict is Verdict.IMPLICITLY_DENIED


def test_an_unknown_trust_policy_is_undecided() -> None:
    request = a_request("sts:AssumeRole", "arn:aws:iam::111122223333:role/T")
    assert decide(request, identity(a_statement(), resource_unknown=True)).blocked_by == (PolicyType.TRUST,)


def test_the_path_of_a_sessions_role_is_taken_from_the_context() -> None:
    held = identity(a_statement(Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}}))
    assert decide(a_request(context={"aws:PrincipalArn": (ROLE,)}), held).verdict is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("statement", "part"),
    [
        (a_statement(action="s3:PutObject"), "action"),
        (a_statement(resource="arn:aws:s3:::other/*"), "resource"),
        (a_statement(Condition={"Bool": {"aws:SecureTransport": "true"}}), "condition"),
    ],
)
def test_a_near_miss_says_on_which_part_the_statement_failed(statement: dict[str, object], part: str) -> None:
    decision = decide(a_request(context={"aws:SecureTransport": ("false",)}), identity(statement))
    (near,) = decision.near_misses
    (miss,) = near.mismatches
    assert (miss.part, near.statement.policy, near.effect) == (part, "p", "Allow")
    if part == "condition":
        assert (miss.operator, miss.key, miss.wanted, miss.given) == ("Bool", "aws:SecureTransport", ("true",), ("false",))


def test_statements_about_other_services_are_no_near_misses() -> None:
    assert decide(a_request(), identity(a_statement(action="ec2:*"))).near_misses == ()


def test_every_layer_is_judged_even_where_one_has_decided() -> None:
    held = PolicySet(identity=(a_policy(a_statement("Deny")),), boundaries=(a_policy(),), session=(a_policy(a_statement()),))
    decision = decide(a_request(), held)
    assert [(layer.layer, layer.verdict) for layer in decision.layers] == [
        (PolicyType.IDENTITY, Verdict.EXPLICITLY_DENIED),
        (PolicyType.BOUNDARY, Verdict.IMPLICITLY_DENIED),
        (PolicyType.SESSION, Verdict.ALLOWED),
    ]
    assert decision.layer(PolicyType.SCP) is None


def test_the_path_of_a_sessions_role_is_not_guessed() -> None:
    held = identity(a_statement(Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}}))
    assert decide(a_request(), held).missing_context == ("aws:PrincipalArn",)
    assert decide(a_request(principal=ROLE), held).verdict is Verdict.ALLOWED


def test_the_owner_of_a_bucket_is_not_guessed() -> None:
    held = identity(a_statement(Condition={"StringEquals": {"aws:ResourceAccount": "111122223333"}}))
    assert decide(a_request(), held).missing_context == ("aws:ResourceAccount",)
    assert decide(a_request(resource_account="111122223333"), held).verdict is Verdict.ALLOWED
