"""Policies that a snapshot only names: what AWS's own ones allowed on a known day counts, one way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.iam.build import ROLE, a_policy, a_request, a_statement
from trailsleuth.catalog.managed_policies import newest_document
from trailsleuth.iam.applies import policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import AccessRequest, Decision, IamPrincipal, PolicyEvidence, PolicySet, PolicyType, Verdict

OF_AWS = "arn:aws:iam::aws:policy/"
PASS = {"action": "iam:PassRole", "resource": "arn:aws:iam::111122223333:role/Task"}
FULL = a_policy(a_statement())


def decided(request: AccessRequest, *attached: str, **more: Any) -> Decision:
    who = IamPrincipal(arn=ROLE, unique_id="AROAEXAMPLE", kind="role", unknown_policies=attached, **more)
    return decide(request, policies_for(request, PolicyEvidence(accounts=("111122223333",), principals=(who,))))


def test_what_a_policy_of_aws_allowed_on_its_day_counts_and_says_the_day() -> None:
    decision = decided(a_request("ec2:RunInstances", "*"), f"{OF_AWS}AmazonEC2FullAccess")
    assert decision.verdict is Verdict.ALLOWED
    (matched,) = decision.matched
    assert (matched.policy, matched.policy_arn) == ("AmazonEC2FullAccess", f"{OF_AWS}AmazonEC2FullAccess")
    assert matched.statement.startswith("as of 20")


def test_what_it_did_not_allow_is_unknown_and_no_near_miss() -> None:
    decision = decided(a_request("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/t"), f"{OF_AWS}AmazonEC2FullAccess")
    assert (decision.verdict, decision.near_misses) == (Verdict.UNDECIDED, ())


def test_what_it_denied_is_a_doubt_even_beside_an_allow() -> None:
    decision = decided(a_request("ec2:RunInstances", "*"), f"{OF_AWS}AWSCompromisedKeyQuarantine", policies=(FULL,))
    assert decision.verdict is Verdict.UNDECIDED
    assert [ref.policy for ref in decision.layers[0].doubted] == ["AWSCompromisedKeyQuarantine"]


@pytest.mark.parametrize("holder", ["111122223333", "aws-partner", ""])
def test_a_policy_of_a_customer_with_the_same_name_is_not_taken_for_it(holder: str) -> None:
    assert newest_document(f"arn:aws:iam::{holder}:policy/AmazonEC2FullAccess") is None
    assert decided(a_request("ec2:RunInstances", "*"), f"arn:aws:iam::{holder}:policy/AmazonEC2FullAccess").verdict is Verdict.UNDECIDED


def test_the_service_that_a_role_is_passed_to_still_decides() -> None:
    ecs = f"{OF_AWS}AmazonECS_FullAccess"
    assert decided(a_request(**PASS, context={"iam:PassedToService": ("ecs-tasks.amazonaws.com",)}), ecs).verdict is Verdict.ALLOWED
    assert decided(a_request(**PASS, context={"iam:PassedToService": ("glue.amazonaws.com",)}), ecs).verdict is Verdict.UNDECIDED


def test_a_document_in_the_evidence_wins() -> None:
    own = a_policy(a_statement(action="s3:GetObject"), name="AmazonEC2FullAccess")
    assert decided(a_request("ec2:RunInstances", "*"), policies=(own,)).verdict is Verdict.IMPLICITLY_DENIED


def test_a_boundary_without_its_document_is_not_none() -> None:
    decision = decided(a_request(), policies=(FULL,), boundary_arn="arn:aws:iam::111122223333:policy/Limits")
    assert (decision.verdict, decision.blocked_by) == (Verdict.UNDECIDED, (PolicyType.BOUNDARY,))


@pytest.mark.parametrize(
    ("name", "action", "verdict"),
    [
        ("PowerUserAccess", "iam:CreateRole", Verdict.IMPLICITLY_DENIED),
        ("PowerUserAccess", "s3:GetObject", Verdict.ALLOWED),
        ("AmazonEC2FullAccess", "ec2:RunInstances", Verdict.ALLOWED),
        ("AmazonEC2FullAccess", "s3:GetObject", Verdict.UNDECIDED),
    ],
)
def test_a_policy_of_aws_as_a_boundary_is_known_as_an_attached_one_is(name: str, action: str, verdict: Verdict) -> None:
    assert decided(a_request(action, "*"), policies=(FULL,), boundary_arn=f"{OF_AWS}{name}").verdict is verdict


def test_nothing_is_decided_by_newest_documents_that_they_do_not_allow() -> None:
    """Law: beside an incomplete side, its newest documents turn undecided into allowed, and nothing into a denial."""
    for statement in (a_statement(), a_statement("Deny"), a_statement(action="ec2:*")):
        before = decide(a_request(), PolicySet(identity_incomplete=("p",))).verdict
        after = decide(a_request(), PolicySet(identity_incomplete=("p",), identity_newest=(a_policy(statement),))).verdict
        assert before is Verdict.UNDECIDED
        assert after is (Verdict.ALLOWED if statement == a_statement() else Verdict.UNDECIDED)
