"""Chains name people and tokens: a token by its subject and provider, a user by its own key, nobody as an unknown caller who is known."""

from __future__ import annotations

from tests.trail import B, assumed, call, diagnose, refused, role, session
from trailsleuth.model import Outcome
from trailsleuth.report.words import caller_of

PROVIDER = f"arn:aws:iam::{B}:oidc-provider/tokens.forge.example.org"
TOKEN = {
    "type": "WebIdentityUser",
    "principalId": f"{PROVIDER}:sts.amazonaws.com:project:mill/weave",
    "userName": "project:mill/weave",
    "identityProvider": PROVIDER,
}
SHIP = role("ci/Ship")
USER = {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": f"arn:aws:iam::{B}:user/noor", "accountId": B, "accessKeyId": "AKIAEXAMPLE", "userName": "noor"}


def test_a_chain_from_a_token_begins_with_its_subject() -> None:
    records = [
        assumed(TOKEN, SHIP, account=B),
        refused(session(SHIP), "sqs", "SendMessage", "sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{B}:in"),
    ]
    (chain,) = [c for c in diagnose(records).chains if c.denied]
    assert [hop.role for hop in chain.hops] == [SHIP]
    assert chain.hops[0].assumed_by == "project:mill/weave (tokens.forge.example.org)"


def test_a_denied_token_is_named_in_its_chain_and_in_the_words() -> None:
    denied = call(
        TOKEN, "sts", "AssumeRoleWithWebIdentity", errorCode="AccessDenied", errorMessage="Not authorized to perform sts:AssumeRoleWithWebIdentity", account=B
    )
    case = diagnose([denied])
    assert case.chains[0].hops[0].assumed_by == "project:mill/weave (tokens.forge.example.org)"
    assert case.findings[0].explanation.startswith("project:mill/weave (tokens.forge.example.org) was")


def test_a_user_is_no_unknown_caller() -> None:
    case = diagnose([refused(USER, "sqs", "SendMessage", "sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{B}:in")])
    hop = case.chains[0].hops[0]
    assert caller_of({"role": hop.role, "assumed_by": hop.assumed_by}) == "a user's own credentials"


def test_a_stack_without_a_role_acts_as_its_caller_and_that_is_said() -> None:
    through = {**session(SHIP), "invokedBy": "cloudformation.amazonaws.com"}
    case = diagnose([refused(through, "sqs", "CreateQueue", "sqs:CreateQueue", f"arn:aws:sqs:eu-west-1:{B}:in")])
    assert "it acts with its caller's permissions" in case.findings[0].explanation


STOCK = session(role("ops/Stock"), key="ASIASTOCK")
LOOKS = [refused(STOCK, "ec2", "DescribeVolumes", "ec2:DescribeVolumes"), refused(STOCK, "rds", "DescribeDBInstances", "rds:DescribeDBInstances", second=12)]
OUTSIDER = call(TOKEN, "sts", "AssumeRoleWithWebIdentity", 5, errorCode="AccessDenied", errorMessage="Not authorized to perform sts:AssumeRoleWithWebIdentity")


def test_who_only_looks_around_gets_no_change_before_being_named() -> None:
    for inquiry in ({}, {"error": "Process completed with exit code 1."}):
        case = diagnose(LOOKS, **inquiry)
        assert [f.principal for f in case.findings] == [role("ops/Stock")] * 2
        assert case.deltas == ()
        assert all("looks at whatever there is" in f.explanation for f in case.findings)
    assert diagnose(LOOKS, error="Process completed with exit code 1.").outcome is Outcome.INCONCLUSIVE
    assert diagnose(LOOKS, role=role("ops/Stock")).deltas
    assert diagnose(LOOKS, error=LOOKS[0]["errorMessage"]).deltas


def test_who_only_looks_around_takes_the_first_place_from_nobody() -> None:
    case = diagnose([*LOOKS, OUTSIDER])
    assert case.findings[0].evidence[0].event_name == "AssumeRoleWithWebIdentity"
    working = refused(session(SHIP), "sqs", "SendMessage", "sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{B}:in")
    assert diagnose([*LOOKS, OUTSIDER, working]).findings[0].principal == SHIP
