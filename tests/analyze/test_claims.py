"""Which layer refuses, and why: from the message, from the policies, by elimination."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trail import A, B, allow, diagnose, refused, resource_policy, role, session, snapshot, trusts, unique_id
from trailsleuth.model import Cause, Finding, PolicyType, Standing

DEPLOY, TARGET, FAR = role("deploy/Deploy"), role("Target"), role("Far", A)
BUCKET, OBJECT = "arn:aws:s3:::reports-of-b", "arn:aws:s3:::reports-of-b/x.csv"
KEY = f"arn:aws:kms:eu-west-1:{A}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ECS = {"Service": "ecs-tasks.amazonaws.com"}


def standing(records: list[dict], *documents: dict, **inquiry: Any) -> list[Finding]:
    case = diagnose(records, *documents, **inquiry)
    return [f for f in case.findings if f.standing in (Standing.CAUSE, Standing.ALSO_NEEDED)]


def one(records: list[dict], *documents: dict, **inquiry: Any) -> Finding:
    (found,) = standing(records, *documents, **inquiry)
    return found


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        (allow("s3:PutObject", OBJECT), Cause.MISSING_ALLOW),
        (allow("s3:GetObject", "arn:aws:s3:::another/*"), Cause.SCOPE_MISMATCH),
        (allow("s3:GetObject", OBJECT, StringEquals={"aws:PrincipalAccount": A}), Cause.CONDITION_MISMATCH),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}, Cause.EXPLICIT_DENY),
    ],
)
def test_the_nearest_statement_tells_the_cause(statement: dict, cause: Cause) -> None:
    found = one([refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", OBJECT)], snapshot((DEPLOY, [statement], [trusts(ECS)])))
    assert found.cause is cause
    assert found.policy_types == (PolicyType.IDENTITY,)
    assert found.principal == DEPLOY


def test_without_policies_an_implicit_refusal_is_a_missing_allow() -> None:
    found = one([refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", OBJECT)])
    assert (found.cause, found.policy_types) == (Cause.MISSING_ALLOW, (PolicyType.IDENTITY,))


def test_a_refusal_across_accounts_without_a_reason_names_both_sides() -> None:
    found = one([refused(session(DEPLOY), "kms", "Decrypt", "kms:Decrypt", KEY, clause="")])
    assert found.policy_types == (PolicyType.IDENTITY, PolicyType.RESOURCE)


def test_with_one_side_known_to_allow_the_other_is_left() -> None:
    records = [refused(session(DEPLOY), "kms", "Decrypt", "kms:Decrypt", KEY, clause="")]
    found = one(records, snapshot((DEPLOY, [allow("kms:Decrypt", KEY)], [])))
    assert found.policy_types == (PolicyType.RESOURCE,)


def test_both_sides_that_are_known_to_miss_are_one_finding() -> None:
    owner = resource_policy(KEY, {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{A}:root"}, "Action": "kms:*", "Resource": "*"})
    found = one([refused(session(DEPLOY), "kms", "Decrypt", "kms:Decrypt", KEY, clause="")], snapshot((DEPLOY, [allow("s3:GetObject")], [])), owner)
    assert set(found.policy_types) == {PolicyType.IDENTITY, PolicyType.RESOURCE}


def test_a_role_is_never_passed_across_accounts() -> None:
    found = one([refused(session(DEPLOY), "ecs", "RegisterTaskDefinition", "iam:PassRole", FAR)])
    assert (found.cause, found.policy_types) == (Cause.NO_POLICY_FIX, ())


def test_a_deny_without_a_type_is_found_in_the_policies() -> None:
    deny = {"Sid": "Freeze", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    records = [refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", OBJECT, clause="with an explicit deny")]
    found = one(records, snapshot((DEPLOY, [allow("s3:*"), deny], [])))
    assert found.cause is Cause.EXPLICIT_DENY
    assert [s.sid for s in found.statements] == ["Freeze"]


def test_a_boundary_beside_the_named_identity_policy_is_needed_too() -> None:
    bounded = snapshot(
        (DEPLOY, [allow("s3:PutObject")], []),
        PermissionsBoundary={"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": f"arn:aws:iam::{B}:policy/Fence"},
    )
    bounded["Policies"] = [
        {
            "PolicyName": "Fence",
            "Arn": f"arn:aws:iam::{B}:policy/Fence",
            "DefaultVersionId": "v1",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True, "Document": {"Version": "2012-10-17", "Statement": [allow("ec2:*")]}}],
        }
    ]
    found = standing([refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", OBJECT)], bounded)
    assert {(f.policy_types, f.standing) for f in found} == {
        ((PolicyType.IDENTITY,), Standing.CAUSE),
        ((PolicyType.BOUNDARY,), Standing.ALSO_NEEDED),
    }


def assume(trust: dict, identity: list[dict]) -> list[Finding]:
    records = [refused(session(DEPLOY), "sts", "AssumeRole", "sts:AssumeRole", FAR, clause="")]
    return standing(records, snapshot((DEPLOY, identity, [])), snapshot((FAR, [], [trust])))


def test_a_trust_that_names_another_account_does_not_let_in() -> None:
    (found,) = assume(trusts({"AWS": "arn:aws:iam::433333333334:root"}), [allow("sts:AssumeRole", FAR)])
    assert (found.cause, found.policy_types, found.resource) == (Cause.UNTRUSTED_PRINCIPAL, (PolicyType.TRUST,), FAR)


def test_a_trust_that_names_a_dead_id_is_stale() -> None:
    (found,) = assume(trusts({"AWS": "AROADEADDEADDEADDEAD"}), [allow("sts:AssumeRole", FAR)])
    assert found.cause is Cause.STALE_PRINCIPAL


@pytest.mark.parametrize("account", [A, B])
def test_an_id_that_a_partial_snapshot_lacks_is_not_taken_for_stale(account: str) -> None:
    trust = trusts({"AWS": "AROAELSEELSEELSEELSE"})
    shown = {A: snapshot((FAR, [], [trust])), B: snapshot((DEPLOY, [allow("sts:AssumeRole", FAR)], [trusts(ECS)]))}
    shown[account]["Partial"] = True
    message = refused(session(DEPLOY), "sts", "AssumeRole", "sts:AssumeRole", FAR, clause="")
    found = one([message], *shown.values())
    assert found.cause is Cause.UNTRUSTED_PRINCIPAL


def test_a_whole_snapshot_beside_a_partial_one_tells_who_is_gone() -> None:
    trust = trusts({"AWS": "AROADEADDEADDEADDEAD"})
    caller = snapshot((DEPLOY, [allow("sts:AssumeRole", FAR)], [trusts(ECS)]))
    whole = snapshot((FAR, [], [trust]))
    message = refused(session(DEPLOY), "sts", "AssumeRole", "sts:AssumeRole", FAR, clause="")
    assert one([message], caller, whole, {**whole, "Partial": True}).cause is Cause.STALE_PRINCIPAL


def test_a_trust_that_admits_leaves_the_identity_side() -> None:
    (found,) = assume(trusts({"AWS": f"arn:aws:iam::{B}:root"}), [allow("sts:AssumeRole", role("Else", A))])
    assert (found.cause, found.policy_types) == (Cause.SCOPE_MISMATCH, (PolicyType.IDENTITY,))


def test_an_external_id_that_the_trail_does_not_show_is_the_condition() -> None:
    (found,) = assume(trusts({"AWS": f"arn:aws:iam::{B}:root"}, StringEquals={"sts:ExternalId": "x"}), [allow("sts:AssumeRole", FAR)])
    assert found.cause is Cause.CONDITION_MISMATCH
    assert found.mismatch is not None
    assert found.mismatch.key == "sts:ExternalId"


def test_a_service_linked_role_can_only_be_let_in_by_the_resource() -> None:
    linked = f"arn:aws:iam::{B}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    found = one([refused(session(linked), "kms", "CreateGrant", "kms:CreateGrant", KEY.replace(A, B))])
    assert found.policy_types == (PolicyType.RESOURCE,)


OWN_DOCUMENT = "arn:aws:ssm:eu-west-1::document/AWS-PatchInstance"
QUEUE = f"arn:aws:sqs:eu-west-1:{B}:jobs"


@pytest.mark.parametrize(
    ("source", "action", "resource"),
    [("ec2", "ec2:CreateFleet", f"arn:aws:ec2:eu-west-1:{B}:fleet/*"), ("ssm", "ssm:SendCommand", OWN_DOCUMENT), ("sns", "sns:ListTopics", "*")],
)
@pytest.mark.parametrize("clause", [None, ""])
def test_a_service_linked_role_on_what_carries_no_policy_is_nobodys_to_let_in(source: str, action: str, resource: str, clause: str | None) -> None:
    linked = f"arn:aws:iam::{B}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
    said = {} if clause is None else {"clause": clause}
    case = diagnose([refused(session(linked), source, action.partition(":")[2], action, resource, **said)])
    (found,) = [f for f in case.findings if f.standing is Standing.CAUSE]
    assert (found.cause, found.policy_types, case.deltas) == (Cause.NO_POLICY_FIX, (), ())
    assert "service-linked" in (found.advice or "")


def test_a_service_linked_role_that_a_policy_denies_is_not_beyond_policies() -> None:
    linked = f"arn:aws:iam::{B}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
    found = one([refused(session(linked), "sqs", "SendMessage", "sqs:SendMessage", QUEUE, clause="with an explicit deny in a resource-based policy")])
    assert (found.cause, found.policy_types) == (Cause.EXPLICIT_DENY, (PolicyType.RESOURCE,))


UNKNOWN = {"StringEquals": {"aws:ResourceTag/team": "sea"}}


@pytest.mark.parametrize(
    ("statements", "cause"),
    [
        ([allow("sqs:SendMessage", f"{QUEUE}-old"), allow("sqs:SendMessage", f"{QUEUE}*", **UNKNOWN)], Cause.CONDITION_MISMATCH),
        ([allow("sqs:SendMessage", f"{QUEUE}-old", **UNKNOWN)], Cause.SCOPE_MISMATCH),
        ([{"Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Condition": UNKNOWN}], Cause.MISSING_ALLOW),
    ],
)
def test_an_allow_that_hangs_on_a_condition_alone_is_nearer_than_one_for_another_resource(statements: list[dict], cause: Cause) -> None:
    found = one([refused(session(DEPLOY), "sqs", "SendMessage", "sqs:SendMessage", QUEUE)], snapshot((DEPLOY, statements, [trusts(ECS)])))
    assert found.cause is cause


def test_a_principal_id_is_not_taken_for_stale_while_it_lives() -> None:
    (found,) = assume(trusts({"AWS": unique_id(DEPLOY)}), [allow("sts:AssumeRole", FAR)])
    assert found.cause is Cause.UNTRUSTED_PRINCIPAL
