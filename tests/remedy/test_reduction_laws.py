"""Laws of every reduction: all that was used is allowed, nothing can go, nothing is new, and order does not matter."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.remedy.build import ACCOUNT, KEY, OTHER, ROLE, TASK, a_call, a_refusal, a_snapshot, allow, evidence
from tests.sample import examples
from trailsleuth.api.reductions import reduce_evidence
from trailsleuth.iam.applies import find_principal
from trailsleuth.iam.document import parse_policy
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import PolicySet, PolicyType, Verdict
from trailsleuth.report.reduction import policy_document, reduction_document

CALLS = [
    ("ecs:UpdateService", {"cluster": "web", "service": "front"}, {}),
    ("ecs:UpdateService", {"cluster": "web", "service": "back"}, {}),
    ("ecs:RegisterTaskDefinition", {"family": "web", "taskRoleArn": TASK, "containerDefinitions": []}, {}),
    ("ecs:DescribeClusters", {"clusters": ["web"]}, {}),
    ("kms:Decrypt", {}, {"resources": [{"ARN": KEY, "accountId": OTHER, "type": "AWS::KMS::Key"}]}),
    ("kms:DescribeKey", {"keyId": KEY}, {}),
    ("s3:GetObject", {"bucketName": "artifacts", "key": "site/*"}, {"eventCategory": "Data"}),
    ("s3:GetObject", {"bucketName": "artifacts", "key": "web/Built/aB3dE5f"}, {"eventCategory": "Data"}),
    ("s3:GetBucketAcl", {}, {}),
    ("ec2:DescribeInstances", {}, {}),
    ("s3:DeleteObjects", {"bucketName": "artifacts", "delete": ""}, {"eventCategory": "Data"}),
    ("s3:CopyObject", {"bucketName": "artifacts", "key": "to", "x-amz-copy-source": "drop/from%20here"}, {"eventCategory": "Data"}),
    ("s3:PutObject", {"bucketName": "artifacts", "key": "day/2026-05-01/part"}, {"eventCategory": "Data"}),
    ("dynamodb:TransactWriteItems", {"requestItems": [{"operation": "Put", "tableName": "a"}, {"operation": "Delete", "tableName": "b"}]}, {}),
    ("ssm:GetParameters", {"names": ["/web/a", "/web/b"]}, {}),
    ("secretsmanager:GetSecretValue", {"secretId": "mail"}, {}),
    ("ecs:DescribeServices", {"cluster": "web", "services": ["front", "gone"]}, {"errorCode": "ServiceNotFoundException", "errorMessage": "not found"}),
    ("ecs:RunTask", {"cluster": "web", "taskDefinition": "web:3"}, {}),
    ("ec2:StopInstances", {"instancesSet": {"items": [{"instanceId": "i-0a"}, {"instanceId": "i-0b"}]}}, {}),
    ("logs:CreateLogStream", {"logGroupName": "/web", "logStreamName": "one"}, {}),
    ("lambda:UpdateFunctionCode20150331v2", {"functionName": "orders"}, {}),
    ("sts:AssumeRole", {"roleArn": f"arn:aws:iam::{OTHER}:role/Far", "roleSessionName": "x"}, {}),
]
STATEMENTS = [
    allow("*"),
    allow(["ecs:*", "iam:PassRole"]),
    allow("ecs:UpdateService", f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/web/*"),
    allow("kms:*", KEY),
    allow(["s3:Get*", "s3:List*"], ["arn:aws:s3:::artifacts", "arn:aws:s3:::artifacts/*"]),
    allow("ec2:Describe*", "*", {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
    allow(["lambda:*", "sts:AssumeRole"]),
    {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
    {"Effect": "Deny", "Action": "ecs:Create*", "Resource": "*"},
]
calls = st.lists(st.sampled_from(CALLS), min_size=1, max_size=8)
statements = st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=4)


def records(chosen):
    found = [a_call(n, call, request, **members) for n, (call, request, members) in enumerate(chosen)]
    return [*found, a_refusal(50, "ecs:DeleteCluster", "ecs:DeleteCluster", f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/web")]


def verdict(document_statements, request):
    policy = parse_policy(policy_document(document_statements), name="reduced")
    return decide(request, PolicySet(identity=(policy,))).layer(PolicyType.IDENTITY).verdict


def smaller(document):
    for index, statement in enumerate(document):
        rest = [s for n, s in enumerate(document) if n != index]
        if statement["Effect"] == "Deny":
            continue
        yield rest
        for part in ("Action", "Resource"):
            if isinstance(statement[part], list):
                for value in statement[part]:
                    yield [*rest, {**statement, part: [v for v in statement[part] if v != value]}]


@settings(max_examples=examples(60), deadline=None)
@given(calls, statements)
def test_every_used_call_that_was_granted_is_allowed_by_the_document(chosen, granted):
    data = evidence(records(chosen), a_snapshot(*granted))
    before = find_principal(ROLE, data.policies).policies
    answer = reduce_evidence(data, role=ROLE)
    for use in answer.used:
        for request in use.requests:
            today = decide(request, PolicySet(identity=before)).layer(PolicyType.IDENTITY).verdict
            if use.resource is not None and today is Verdict.ALLOWED:
                assert verdict(answer.statements, request) is Verdict.ALLOWED, (use.iam_action, use.resource)
    assert answer.proof.sufficient is True


@settings(max_examples=examples(40), deadline=None)
@given(calls)
def test_without_any_action_resource_or_statement_a_call_is_refused(chosen):
    answer = reduce_evidence(evidence(records(chosen), a_snapshot(allow("*"))), role=ROLE)
    asked = [r for use in answer.used for r in use.requests]
    asked += [replace(r, action="logs:PutLogEvents") for r in asked if r.action == "logs:CreateLogStream"]  # kept, though no trail shows it
    asked.append(replace(asked[0], action="ecs:DeleteCluster", resource=f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/web")) if asked else None
    assert answer.proof.minimal is True
    for document in smaller(list(answer.statements)):
        assert any(verdict(document, request) is not Verdict.ALLOWED for request in asked)


@settings(max_examples=examples(40), deadline=None)
@given(calls, statements)
def test_nothing_is_granted_that_was_not_before_but_for_what_a_finding_lacks(chosen, granted):
    data = evidence(records(chosen)[:-1], a_snapshot(*granted))
    before = find_principal(ROLE, data.policies).policies
    answer = reduce_evidence(data, role=ROLE)
    probe = next((r for use in answer.used for r in use.requests), None)
    gaps = " ".join(answer.gaps)
    for statement in answer.statements:
        for action in [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]:
            for resource in [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]:
                if statement["Effect"] == "Allow" and "${" not in resource and f"{action} on" not in gaps:
                    request = replace(probe, action=action, resource=resource)
                    assert decide(request, PolicySet(identity=before)).layer(PolicyType.IDENTITY).verdict is Verdict.ALLOWED, (action, resource)


@settings(max_examples=examples(25), deadline=None)
@given(calls, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_change_a_byte(chosen, random):
    ordered = records(chosen)
    mixed = list(ordered)
    random.shuffle(mixed)
    one, other = (json.dumps(reduction_document(reduce_evidence(evidence(found, a_snapshot(*STATEMENTS)), role=ROLE))) for found in (ordered, mixed))
    assert one == other
