"""What a change warns of: outsiders, escalation, whole accounts; services are bound to whom they act for."""

from __future__ import annotations

import pytest

from tests.remedy.test_deltas import deltas
from tests.trail import A, B, allow, call, diagnose, evidence, foreign, refused, resource_policy, role, session, snapshot, trusts
from trailsleuth.catalog.action_kinds import signs_of_strength, way_of
from trailsleuth.catalog.load import rows_of
from trailsleuth.catalog.managed_policies import only_denies
from trailsleuth.catalog.services import sends_source_account
from trailsleuth.model import Evidence
from trailsleuth.model.parties import is_root, parties_of

DEPLOY, TARGET, STRONG = role("deploy/Deploy"), role("ops/Target"), role("ops/Strong")
OUTSIDE = role("x/Probe", "430000000009")
PROVIDER = f"arn:aws:iam::{B}:oidc-provider/token.actions.githubusercontent.com"


def an_outsider(second: float = 10) -> dict:
    """Another account's role that tries to enter one of ours, in our trail."""
    return refused(session(OUTSIDE, key="ASIA9"), "sts", "AssumeRole", "sts:AssumeRole", TARGET, second, clause="", account=B, request={"roleArn": TARGET})


def own(*statements: dict) -> dict:
    return snapshot(
        (DEPLOY, list(statements), []), (TARGET, [allow("ssm:GetParameter")], [trusts({"Service": "ec2.amazonaws.com"})]), (STRONG, [allow("*")], [])
    )


def test_an_outsider_is_named_and_the_proof_is_not_called_harmless() -> None:
    found = [delta for delta in deltas([an_outsider()], own()) if delta.policy_type == "trust"]
    assert found
    (warning,) = found[0].warnings
    assert "outside" in warning
    assert "430000000009" in warning
    assert "sts:ExternalId" in warning
    assert "The role may ssm:GetParameter" in warning
    assert found[0].proof is None or found[0].proof.harmless is None


def test_forty_tries_of_an_outsider_leave_the_real_denial_first() -> None:
    tries = [an_outsider(second) for second in range(100, 140)]
    real = refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", "arn:aws:s3:::reports/x", 10)
    case = diagnose([real, *tries], own())
    assert case.findings[0].principal == DEPLOY
    assert case.findings[0].outside == ""
    assert any(OUTSIDE in finding.outside for finding in case.findings)


@pytest.mark.parametrize(
    "known",
    [
        [resource_policy("arn:aws:s3:::shared", {"Effect": "Allow", "Principal": {"AWS": OUTSIDE}, "Action": "s3:GetObject", "Resource": "*"})],
        [snapshot((OUTSIDE, [allow("sts:AssumeRole")], []))],
    ],
)
def test_who_stands_elsewhere_in_the_evidence_is_no_outsider(known: list[dict]) -> None:
    assert [finding.outside for finding in diagnose([an_outsider()], own(), *known).findings if finding.outside] == []


def test_an_earlier_success_makes_an_account_known() -> None:
    earlier = call(session(OUTSIDE), "sts", "AssumeRole", 1, account=B)
    assert all(not finding.outside for finding in diagnose([earlier, an_outsider()], own()).findings)


@pytest.mark.parametrize(("subject", "outside"), [("repo:mill/loom:ref:refs/heads/main", False), ("repo:stranger/fork:pull_request", True)])
def test_a_subject_that_no_policy_and_no_success_knows_is_outside(subject: str, outside: bool) -> None:
    who = {"type": "WebIdentityUser", "principalId": f"{PROVIDER}:sts.amazonaws.com:{subject}", "userName": subject, "identityProvider": PROVIDER}
    record = call(
        who,
        "sts",
        "AssumeRoleWithWebIdentity",
        errorCode="AccessDenied",
        errorMessage="Not authorized to perform sts:AssumeRoleWithWebIdentity",
        account=B,
        request={"roleArn": TARGET, "roleSessionName": "run"},
    )
    host = "token.actions.githubusercontent.com"
    knows = trusts({"Federated": PROVIDER}, "sts:AssumeRoleWithWebIdentity", StringEquals={f"{host}:sub": "repo:mill/loom:ref:refs/heads/main"})
    case = diagnose([record], snapshot((TARGET, [], [trusts({"Service": "ec2.amazonaws.com"})]), (STRONG, [], [knows])))
    assert [bool(finding.outside) for finding in case.findings] == [outside]
    assert [any("outside" in w for w in delta.warnings) for delta in case.deltas] == [outside]


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("repo:mill/loom:*", True),
        ("repo:mill/*", True),
        ("repo:mill/lo*", False),
        ("repo:mi*", False),
        ("repo:*", False),
        ("*", False),
        ("repo:mill/other:*", False),
    ],
)
def test_a_subject_is_known_by_how_a_policy_begins_it_up_to_a_whole_name(written: str, known: bool) -> None:
    trust = trusts({"Federated": PROVIDER}, "sts:AssumeRoleWithWebIdentity", StringEquals={"token.actions.githubusercontent.com:sub": written})
    parties = parties_of(evidence([], snapshot((TARGET, [], [trust]))))
    assert parties.knows_subject(PROVIDER, "repo:mill/loom:ref:refs/heads/main") is known


@pytest.mark.parametrize(
    ("action", "resource", "words"),
    [
        ("iam:PutRolePolicy", DEPLOY, "itself"),
        ("iam:AttachRolePolicy", TARGET, "up to an administrator"),
        ("iam:CreateAccessKey", f"arn:aws:iam::{B}:user/bots/relay", "can make credentials"),
        ("iam:UpdateAssumeRolePolicy", TARGET, "can let anybody enter"),
        ("iam:PassRole", STRONG, "which may do more than it: iam:AttachRolePolicy"),
        ("iam:PassRole", TARGET, ""),
        ("s3:GetObject", "arn:aws:s3:::reports/x", ""),
    ],
)
def test_a_way_to_more_is_said(action: str, resource: str, words: str) -> None:
    prefix, _, name = action.partition(":")
    (found, *_) = deltas([refused(session(DEPLOY), prefix, name if name != "PassRole" else "CreateRole", action, resource)], own(allow("ecs:ListTasks")))
    assert found.attach_to == DEPLOY
    assert all("outside" not in warning for warning in found.warnings)
    assert (words in " ".join(found.warnings)) if words else found.warnings == ()


def test_a_service_is_bound_to_the_account_that_it_acts_for() -> None:
    text = "The role defined for the function cannot be assumed by Lambda."
    lambda_ = call(session(DEPLOY), "lambda", "CreateFunction20150331", errorCode="InvalidParameterValueException", errorMessage=text, request={"role": TARGET})
    (found,) = deltas([lambda_], own())
    assert "Condition" not in found.statements[0]
    text = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    request = {"name": "nightly", "groupName": "default", "target": {"roleArn": TARGET}}
    (found,) = deltas([call(session(DEPLOY), "scheduler", "CreateSchedule", errorCode="ValidationException", errorMessage=text, request=request)], own())
    assert found.statements[0]["Condition"] == {"StringEquals": {"aws:SourceAccount": B}}


def test_rows_know_their_examples() -> None:
    for row in rows_of("escalation", "way"):
        assert way_of(row["example"]) == row
        assert way_of(row["counter_example"]) is None
    for row in rows_of("escalation", "sign"):
        assert row["example"] in signs_of_strength()
        assert row["counter_example"] not in signs_of_strength()
    for row in rows_of("services", "source_account"):
        assert sends_source_account(row["example"])
        assert not sends_source_account(row["counter_example"])
    for row in rows_of("managed_policies", "deny"):
        assert only_denies(row["example"])
        assert not only_denies(row["counter_example"])


def test_parties_and_roots() -> None:
    assert parties_of(Evidence()).outsider(DEPLOY) == B if not parties_of(Evidence()).accounts else True
    assert is_root("410000000001")
    assert is_root("arn:aws:iam::410000000001:root")
    assert not is_root(DEPLOY)
    assert foreign("AROAX:s", A)["accountId"] == A
