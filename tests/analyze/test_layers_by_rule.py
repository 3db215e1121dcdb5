"""Layers that AWS's rules settle, whatever the wording suggests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.trail import A, allow, call, diagnose, refused, resource_policy, role, session, snapshot, trusts
from trailsleuth.model import CaseFile, Cause, Finding, PolicyType, Standing

DEPLOY, FAR = role("deploy/Deploy"), role("Far", A)
EC2 = {"Service": "ec2.amazonaws.com"}
KEY, QUEUE = f"arn:aws:kms:eu-west-1:{A}:key/1234abcd-12ab-34cd-56ef-1234567890ab", f"arn:aws:sqs:eu-west-1:{A}:orders"
POINT = f"arn:aws:s3:eu-west-1:{A}:accesspoint/share"
LINKED = role("aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling")
NODES = role("aws-service-role/eks-nodegroup.amazonaws.com/AWSServiceRoleForAmazonEKSNodegroup")


def causes(case: CaseFile) -> list[Finding]:
    return [f for f in case.findings if f.standing is Standing.CAUSE]


@pytest.mark.parametrize("action", ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"])
def test_what_a_trust_policy_decides_is_no_resource_policy(action: str) -> None:
    records = [refused(session(DEPLOY), "sts", "AssumeRole", action, FAR, clause=f"because no resource-based policy allows the {action} action")]
    case = diagnose(records)
    (found,) = causes(case)
    assert found.policy_types == (PolicyType.TRUST,)
    assert [(delta.policy_type, delta.attach_to) for delta in case.deltas] == [(PolicyType.TRUST, FAR)]


@pytest.mark.parametrize(
    ("service", "name", "action", "resource", "fixed"),
    [
        ("kms", "EnableKeyRotation", "kms:EnableKeyRotation", KEY, False),
        ("kms", "Decrypt", "kms:Decrypt", KEY, True),
        ("sqs", "SetQueueAttributes", "sqs:SetQueueAttributes", QUEUE, False),
        ("sqs", "SendMessage", "sqs:SendMessage", QUEUE, True),
    ],
)
def test_a_call_that_works_in_the_owners_account_alone(service: str, name: str, action: str, resource: str, *, fixed: bool) -> None:
    case = diagnose([refused(session(DEPLOY), service, name, action, resource)])
    (found,) = causes(case)
    assert (found.cause is Cause.NO_POLICY_FIX) is not fixed
    assert bool(case.deltas) is fixed


def test_an_access_point_holds_its_own_policy() -> None:
    records = [
        refused(
            session(DEPLOY),
            "s3",
            "GetObject",
            "s3:GetObject",
            f"{POINT}/object/a.csv",
            clause="because no resource-based policy allows the s3:GetObject action",
        )
    ]
    assert [delta.attach_to for delta in diagnose(records).deltas] == [POINT]


def test_a_service_linked_role_on_another_accounts_key_needs_a_grant() -> None:
    case = diagnose([refused(session(LINKED), "kms", "CreateGrant", "kms:CreateGrant", KEY)])
    (found,) = causes(case)
    assert found.policy_types == (PolicyType.OTHER,)
    assert "aws kms create-grant" in found.explanation
    assert case.deltas == ()


@pytest.mark.parametrize("action", ["iam:CreateServiceLinkedRole", "iam:GetRole"])
def test_a_service_linked_role_is_named_by_the_text_not_by_the_request(action: str) -> None:
    text = f"Failed to create or validate the service linked role: AWSServiceRoleForAmazonEKSNodegroup due to missing permissions for '{action}'"
    record = call(session(DEPLOY), "eks", "CreateNodegroup", request={"nodeRole": role("eks-node")}, errorCode="InvalidRequestException", errorMessage=text)
    (found,) = causes(diagnose([record]))
    assert (found.iam_action, found.resource) == (action, NODES)


def test_the_one_deny_that_hangs_on_an_unknown_key_is_named_where_all_else_allows() -> None:
    bucket, thing = "arn:aws:s3:::feed-of-b", "arn:aws:s3:::feed-of-b/a.csv"
    only = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}}
    summary = {"Id": "p-1", "Name": "Org", "Type": "RESOURCE_CONTROL_POLICY"}
    rcp = {"Policy": {"PolicySummary": summary, "Content": json.dumps({"Version": "2012-10-17", "Statement": [only]})}}
    documents: list[Any] = [
        snapshot((DEPLOY, [allow("s3:GetObject", "*")], [trusts(EC2)])),
        resource_policy(bucket, {"Effect": "Allow", "Principal": {"AWS": DEPLOY}, "Action": "s3:GetObject", "Resource": thing}),
    ]
    shown = [{"ARN": thing, "type": "AWS::S3::Object"}, {"ARN": bucket, "accountId": A, "type": "AWS::S3::Bucket"}]
    records = [refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", thing, clause="", resources=shown)]
    (found,) = causes(diagnose(records, *documents, rcp))
    assert (found.cause, found.policy_types) == (Cause.EXPLICIT_DENY, (PolicyType.RCP,))
    (found,) = causes(diagnose(records, *documents))
    assert found.cause is Cause.UNKNOWN


def test_a_read_that_a_role_goes_on_after_ends_none_of_its_sessions() -> None:
    scanner = role("Scanner")
    reads = [
        refused(session(scanner, name, key), "kms", "DescribeKey", "kms:DescribeKey", second=second)
        for name, key, second in (("a", "ASIA2", 1), ("b", "ASIA3", 90))
    ]
    went_on = [call(session(scanner, "a", "ASIA2"), "ec2", "DescribeVpcs", second=second) for second in range(2, 9)]
    own = refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", "arn:aws:s3:::x/y", second=50)
    found = causes(diagnose([*reads, *went_on, own]))
    assert [(f.group, f.principal) for f in found] == [(1, DEPLOY), (2, scanner)]
    assert found[1].advice is not None


@pytest.mark.parametrize(("granted", "cause"), [("kms:TagResource", Cause.MISSING_ALLOW), ("kms:*", Cause.NO_POLICY_FIX)])
def test_a_key_policy_that_would_shut_its_author_out_is_the_authors_own_lack_where_the_account_decides(granted: str, cause: Cause) -> None:
    text = "The new key policy will not allow you to update the key policy in the future."
    record = call(session(DEPLOY), "kms", "CreateKey", errorCode="MalformedPolicyDocumentException", errorMessage=text)
    case = diagnose([record], snapshot((DEPLOY, [allow(granted)], [trusts(EC2)])))
    (found,) = causes(case)
    assert (found.iam_action, found.cause) == ("kms:PutKeyPolicy", cause)
    assert [delta.policy_type for delta in case.deltas] == ([PolicyType.IDENTITY] if cause is Cause.MISSING_ALLOW else [])
