"""The least statement at the right place, and nothing against a Deny."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trail import A, B, allow, call, diagnose, refused, resource_policy, role, session, snapshot, trusts
from trailsleuth.model import Delta, PolicyType
from trailsleuth.remedy.deltas import merge

DEPLOY, TARGET = role("deploy/Deploy"), role("ops/Target")
BUCKET = "arn:aws:s3:::reports-of-b"
KEY = f"arn:aws:kms:eu-west-1:{A}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def deltas(records: list[dict], *documents: dict, **inquiry: Any) -> tuple[Delta, ...]:
    return diagnose(records, *documents, **inquiry).deltas


def test_an_identity_grant_hangs_on_the_role_with_its_path() -> None:
    (found,) = deltas([refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", f"{BUCKET}/x")])
    assert (found.policy_type, found.attach_to, found.account) == (PolicyType.IDENTITY, DEPLOY, B)
    assert found.statements == ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/x"},)


def test_a_passed_role_is_granted_to_its_service_only() -> None:
    (found,) = deltas([refused(session(DEPLOY), "ecs", "RegisterTaskDefinition", "iam:PassRole", TARGET)])
    assert found.statements[0]["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def test_in_a_key_policy_the_resource_is_the_key_itself() -> None:
    owner = resource_policy(KEY, {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{A}:root"}, "Action": "kms:*", "Resource": "*"})
    records = [refused(session(DEPLOY), "kms", "Decrypt", "kms:Decrypt", KEY, clause="")]
    (found,) = deltas(records, snapshot((DEPLOY, [allow("kms:Decrypt", KEY)], [])), owner)
    assert (found.policy_type, found.attach_to, found.account) == (PolicyType.RESOURCE, KEY, A)
    assert found.statements == ({"Effect": "Allow", "Principal": {"AWS": DEPLOY}, "Action": "kms:Decrypt", "Resource": "*"},)


def test_a_bucket_policy_hangs_on_the_bucket_of_the_object() -> None:
    records = [
        refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", f"{BUCKET}/x", clause="because no resource-based policy allows the s3:GetObject action")
    ]
    (found,) = deltas(records)
    assert found.attach_to == BUCKET


def test_a_stale_trust_is_taken_out_and_the_living_role_named() -> None:
    records = [refused(session(DEPLOY), "sts", "AssumeRole", "sts:AssumeRole", TARGET, clause="")]
    (found,) = deltas(records, snapshot((DEPLOY, [allow("sts:AssumeRole")], []), (TARGET, [], [trusts({"AWS": "AROADEADDEADDEADDEAD"})])))
    assert (found.policy_type, found.attach_to) == (PolicyType.TRUST, TARGET)
    assert found.statements[0]["Principal"] == {"AWS": DEPLOY}
    assert found.remove[0]["principals"] == ["AROADEADDEADDEADDEAD"]


def test_a_deny_is_narrowed_and_never_answered_with_an_allow() -> None:
    deny = {"Sid": "Fence", "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": [role("Keeper")]}}}
    records = [refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", f"{BUCKET}/x", clause="with an explicit deny in an identity-based policy")]
    (found,) = deltas(records, snapshot((DEPLOY, [allow("s3:*"), deny], [])))
    assert found.statements == ()
    assert found.remove[0]["statement"] == deny
    opened, elsewhere, other_actions = found.remove[0]["instead"]
    assert opened["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": [role("Keeper"), DEPLOY]}}
    still = {"ArnNotEquals": {"aws:PrincipalArn": [role("Keeper")]}, "ArnEquals": {"aws:PrincipalArn": DEPLOY}}
    assert elsewhere == {"Sid": "FenceElsewhere", "Effect": "Deny", "Action": "s3:*", "NotResource": f"{BUCKET}/x", "Condition": still}
    assert other_actions == {"Sid": "FenceOtherActions", "Effect": "Deny", "NotAction": "s3:GetObject", "Resource": f"{BUCKET}/x", "Condition": still}
    assert found.proof is not None
    assert (found.proof.sufficient, found.proof.harmless) == (True, True)


def test_where_the_way_of_calling_decides_the_policy_stays() -> None:
    fenced = allow("s3:GetObject", f"{BUCKET}/*", IpAddress={"aws:SourceIp": "203.0.113.0/24"})
    records = [refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", f"{BUCKET}/x", sourceIPAddress="198.51.100.7")]
    assert deltas(records, snapshot((DEPLOY, [fenced], []))) == ()


def test_a_condition_on_the_passed_service_is_made_to_fit() -> None:
    wrong = allow("iam:PassRole", "*", StringEquals={"iam:PassedToService": "ec2.amazonaws.com"})
    (found,) = deltas([refused(session(DEPLOY), "ecs", "RegisterTaskDefinition", "iam:PassRole", TARGET)], snapshot((DEPLOY, [wrong], [])))
    assert found.statements == (
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": TARGET,
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        },
    )


def test_what_the_trail_cannot_know_is_a_placeholder_and_no_star() -> None:
    records = [
        call(
            session(DEPLOY),
            "cloudformation",
            "CreateChangeSet",
            errorCode="ValidationError",
            errorMessage="User doesn't have permission to call ssm:GetParameters",
        )
    ]
    (found,) = deltas(records)
    assert "${" in found.statements[0]["Resource"]
    assert found.statements[0]["Resource"] != "*"
    assert found.placeholders[0].name in found.statements[0]["Resource"]
    assert found.placeholders[0].how_to_find


def test_a_short_lived_id_is_widened_within_its_type() -> None:
    stream = f"arn:aws:logs:eu-west-1:{B}:log-group:/aws/codebuild/web:log-stream:5f2d1c1e"
    (found,) = deltas([refused(session(DEPLOY), "logs", "CreateLogStream", "logs:CreateLogStream", stream)])
    assert found.statements[0]["Resource"] == f"arn:aws:logs:eu-west-1:{B}:log-group:/aws/codebuild/web:log-stream:*"


def test_a_lake_formation_grant_is_no_policy_document() -> None:
    records = [call(session(DEPLOY), "glue", "GetTable", errorCode="AccessDeniedException", errorMessage="Insufficient Lake Formation permission(s) on orders")]
    assert deltas(records) == ()


def test_merging_allows_no_pair_that_was_not_asked_for() -> None:
    asked = {("s3:GetObject", "a"), ("s3:GetObject", "b"), ("s3:PutObject", "a")}
    merged = merge([{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in sorted(asked)])

    def listed(value: str | list[str]) -> list[str]:
        return value if isinstance(value, list) else [value]

    assert {(a, r) for s in merged for a in listed(s["Action"]) for r in listed(s["Resource"])} == asked


def test_a_resource_that_a_wider_one_covers_is_left_out() -> None:
    (merged,) = merge([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": r} for r in ("arn:aws:s3:::b/*", "arn:aws:s3:::b/x")])
    assert merged["Resource"] == "arn:aws:s3:::b/*"


@pytest.mark.parametrize(
    ("deny", "action", "resource", "kept"),
    [
        ({"Action": "s3:GetObject", "Resource": f"{BUCKET}/x"}, "s3:GetObject", f"{BUCKET}/x", []),
        ({"Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{BUCKET}/x"}, "s3:GetObject", f"{BUCKET}/x", [("Action", "s3:PutObject")]),
        ({"Action": "s3:GetObject", "Resource": [f"{BUCKET}/x", f"{BUCKET}/y"]}, "s3:GetObject", f"{BUCKET}/x", [("Resource", [f"{BUCKET}/y"])]),
        ({"Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}, "s3:GetObject", f"{BUCKET}/x", []),
        ({"Action": "*", "Resource": "*"}, "s3:GetObject", f"{BUCKET}/x", [("NotResource", f"{BUCKET}/x"), ("NotAction", "s3:GetObject")]),
        ({"NotAction": "sts:*", "Resource": "*"}, "s3:GetObject", f"{BUCKET}/x", [("NotResource", f"{BUCKET}/x"), ("NotAction", ["sts:*", "s3:GetObject"])]),
        ({"Action": "s3:GetObject", "NotResource": f"{BUCKET}/y"}, "s3:GetObject", f"{BUCKET}/x", [("NotResource", [f"{BUCKET}/y", f"{BUCKET}/x"])]),
        ({"Action": "s3:GetObject", "Resource": "*"}, "s3:GetObject", f"{BUCKET}/a*", [("NotResource", f"{BUCKET}/a${{*}}")]),
    ],
)
def test_a_deny_is_opened_for_the_one_call(deny: dict, action: str, resource: str, kept: list[tuple[str, Any]]) -> None:
    whole = {"Effect": "Deny", **deny}
    records = [refused(session(DEPLOY), "s3", "GetObject", action, resource, clause="with an explicit deny in an identity-based policy")]
    (found,) = deltas(records, snapshot((DEPLOY, [allow("s3:*"), whole], [])))
    instead = found.remove[0]["instead"]
    first, *rest = instead if isinstance(instead, list) else [instead]
    assert first == {**whole, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": DEPLOY}}}
    assert [one[key] for one, (key, _) in zip(rest, kept, strict=True)] == [value for _, value in kept]
    assert all(one["Condition"] == {"ArnEquals": {"aws:PrincipalArn": DEPLOY}} for one in rest)
    assert found.proof is not None
    assert found.proof.sufficient is True


def test_a_deny_too_wide_to_be_split_is_left_to_its_owner() -> None:
    guard = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}
    records = [refused(session(DEPLOY), "ec2", "DescribeVpcs", "ec2:DescribeVpcs", clause="with an explicit deny in an identity-based policy")]
    (found,) = deltas(records, snapshot((DEPLOY, [allow("*"), guard], [])))
    assert "instead" not in found.remove[0]
    assert "cannot be opened for it alone" in found.remove[0]["request_change"]


@pytest.mark.parametrize(
    ("name", "words"), [("AWSCompromisedKeyQuarantineV3", "replace the key"), ("AWSDenyAll", "Ask whoever attached it"), ("Guard", "detaches it")]
)
def test_a_policy_of_aws_is_never_edited(name: str, words: str) -> None:
    arn = f"arn:aws:iam::aws:policy/{name}"
    text = f"with an explicit deny in an identity-based policy: {arn}"
    case = diagnose(
        [refused(session(DEPLOY), "iam", "CreateUser", "iam:CreateUser", f"arn:aws:iam::{B}:user/x", clause=text)], snapshot((DEPLOY, [allow("*")], []))
    )
    assert case.deltas == ()
    assert words in (case.findings[0].advice or "")
