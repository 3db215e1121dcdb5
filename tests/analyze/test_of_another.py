"""Whose denial a record tells of: a service or a role that acts because of the call is judged by what holds of it, not of the caller."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trail import B, allow, call, diagnose, session, snapshot, trusts
from tests.trail import role as role_arn
from trailsleuth.catalog.load import rows_of
from trailsleuth.model import CaseFile, Standing

CALLER, RUNS = role_arn("ci/Ship"), role_arn("app/Runs")
KEY = f"arn:aws:kms:eu-west-1:{B}:key/0c1d2e3f-4a5b-4c6d-8e7f-8091a2b3c4d5"
BUCKET = "arn:aws:s3:::trail-logs-1"
OWN: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{B}:root"}, "Action": "kms:*", "Resource": "*"}
TRAIL = {"Service": "cloudtrail.amazonaws.com"}
FULL = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
TEXT = f"Insufficient permissions to access S3 bucket trail-logs-1 or KMS key {KEY}."

OF_SERVICES = [row for row in rows_of("denial_messages", "message") if str(row.get("fixed", {}).get("principal", "")).endswith(".amazonaws.com")]


def held(arn: str, *statements: dict[str, Any]) -> dict[str, Any]:
    return {"ResourceArn": arn, "Policy": {"Version": "2012-10-17", "Statement": list(statements)}}


def causes(case: CaseFile) -> set[tuple[str | None, str | None]]:
    return {(f.principal, f.iam_action) for f in case.findings if f.standing in (Standing.CAUSE, Standing.ALSO_NEEDED)}


def trail_refused(*policies: dict[str, Any]) -> CaseFile:
    request = {"name": "audit", "s3BucketName": "trail-logs-1", "kmsKeyId": KEY}
    record = call(session(CALLER), "cloudtrail", "CreateTrail", request=request, errorCode="InsufficientEncryptionPolicyException", errorMessage=TEXT)
    return diagnose([record], snapshot((CALLER, [allow("*")], [])), *policies)


def test_what_the_header_of_a_service_says_is_not_in_its_callers_request() -> None:
    looks = {"Effect": "Allow", "Principal": TRAIL, "Action": "s3:GetBucketAcl", "Resource": BUCKET}
    writes = {"Effect": "Allow", "Principal": TRAIL, "Action": "s3:PutObject", "Resource": f"{BUCKET}/*", "Condition": FULL}
    case = trail_refused(held(BUCKET, looks, writes), held(KEY, OWN))
    assert causes(case) == {("cloudtrail.amazonaws.com", "kms:GenerateDataKey"), ("cloudtrail.amazonaws.com", "kms:DescribeKey")}
    assert {delta.attach_to for delta in case.deltas} == {KEY}


def test_a_service_was_not_denied_the_call_that_set_it_to_work() -> None:
    case = trail_refused()
    assert all(action is None for _, action in causes(case))
    assert case.deltas == ()


@pytest.mark.parametrize("row", OF_SERVICES, ids=lambda row: str(row["id"]))
def test_a_text_about_a_service_gives_it_no_action_of_its_caller(row: dict[str, Any]) -> None:
    """Whatever call carries the text: the action is the text's own, or none."""
    example = row["examples"][0]
    record = call(session(CALLER), "glue", "CreateDatabase", request={"name": "x"}, errorCode=example.get("code", "AccessDenied"), errorMessage=example["text"])
    case = diagnose([record], snapshot((CALLER, [allow("*")], [])), role=CALLER)
    assert "glue:CreateDatabase" not in {action for _, action in causes(case)}


def test_the_role_that_a_thing_runs_as_has_no_network_and_no_mfa_of_the_caller() -> None:
    """The queue's Allow of the function's role wants a network that the deployer's call did not come from: open, and not called false."""
    near = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    text = "The function execution role does not have permissions to call ReceiveMessage on SQS"
    queue, function = f"arn:aws:sqs:eu-west-1:{B}:orders", f"arn:aws:lambda:eu-west-1:{B}:function:work"
    made = call(session(CALLER), "lambda", "CreateFunction20150331", 1, request={"functionName": "work", "role": RUNS}, response={"functionArn": function})
    request = {"eventSourceArn": queue, "functionName": "work"}
    code = "InvalidParameterValueException"
    failed = call(
        session(CALLER), "lambda", "CreateEventSourceMapping20150331", 5, request=request, errorCode=code, errorMessage=text, sourceIPAddress="198.51.100.9"
    )
    case = diagnose([made, failed], snapshot((CALLER, [allow("*")], []), (RUNS, [near], [trusts({"Service": "lambda.amazonaws.com"})])))
    found = next(f for f in case.findings if f.iam_action == "sqs:ReceiveMessage")
    assert found.principal == RUNS
    assert "198.51.100.9" not in found.explanation


@pytest.mark.parametrize("condition", [None, {"StringEquals": {"aws:SourceArn": f"arn:aws:cloudfront::{B}:distribution/E1"}}], ids=["allowed", "open"])
def test_behind_a_bare_denial_of_what_is_admitted_stands_the_key(condition: dict[str, Any] | None) -> None:
    service = {"type": "AWSService", "invokedBy": "cloudfront.amazonaws.com"}
    admits = {"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site-1/*"}
    request = {"bucketName": "site-1", "key": "index.html"}
    under = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": KEY}
    put = call(session(CALLER), "s3", "PutObject", 1, request=request, response=under)
    read = call(service, "s3", "GetObject", 60, request=request, errorCode="AccessDenied", errorMessage="Access Denied")
    policy = held("arn:aws:s3:::site-1", admits | ({"Condition": condition} if condition else {}))
    case = diagnose([put, read], snapshot((CALLER, [allow("*")], [])), policy, held(KEY, OWN))
    assert causes(case) == {("cloudfront.amazonaws.com", "kms:Decrypt")}


INSECURE = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}


@pytest.mark.parametrize(
    ("who", "extra"), [({"type": "AWSService", "invokedBy": "cloudfront.amazonaws.com"}, {}), (session(RUNS), {"CipherSuite": "ECDHE-RSA"})]
)
def test_a_deny_of_what_is_not_over_tls_says_nothing_of_a_service_or_of_a_call_with_its_cipher(who: dict[str, Any], extra: dict[str, str]) -> None:
    admits = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site-1/*"}
    request = {"bucketName": "site-1", "key": "index.html"}
    put = call(session(CALLER), "s3", "PutObject", 1, request=request, response={"x-amz-server-side-encryption-aws-kms-key-id": KEY})
    read = call(who, "s3", "GetObject", 60, request=request, errorCode="AccessDenied", errorMessage="Access Denied", additionalEventData=extra)
    other = OWN | {"Principal": {"AWS": CALLER}}
    reads = snapshot((CALLER, [allow("*")], []), (RUNS, [allow("s3:GetObject")], []))
    case = diagnose([put, read], reads, held("arn:aws:s3:::site-1", admits, INSECURE), held(KEY, other))
    assert {action for _, action in causes(case)} == {"kms:Decrypt"}


def test_a_bare_denial_that_the_policies_bear_out_stays_what_it_is() -> None:
    request = {"bucketName": "site-1", "key": "index.html"}
    put = call(session(CALLER), "s3", "PutObject", 1, request=request, response={"x-amz-server-side-encryption-aws-kms-key-id": KEY})
    read = call(session(RUNS, key="ASIA2"), "s3", "GetObject", 60, request=request, errorCode="AccessDenied", errorMessage="Access Denied")
    case = diagnose([put, read], snapshot((CALLER, [allow("*")], []), (RUNS, [], [])), held(KEY, OWN))
    assert (RUNS, "s3:GetObject") in causes(case)


GUARDDUTY = (
    "The request failed because the GuardDuty service principal does not have permission to the KMS key or the resource specified by the destinationArn "
    "parameter."
)


@pytest.mark.parametrize(
    ("admits_bucket", "admits_key", "lacked"), [(True, False, {"kms:GenerateDataKey"}), (False, True, {"s3:GetBucketLocation", "s3:PutObject"})]
)
def test_of_a_text_that_names_bucket_and_key_what_the_policies_deny_is_the_answer(admits_bucket: bool, admits_key: bool, lacked: set[str]) -> None:
    service = {"Service": "guardduty.amazonaws.com"}
    bucket = "arn:aws:s3:::findings-1"
    admits = {"Effect": "Allow", "Principal": service, "Action": ["s3:GetBucketLocation", "s3:PutObject"], "Resource": [bucket, f"{bucket}/*"]}
    other = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{B}:root"}, "Action": "s3:*", "Resource": [bucket, f"{bucket}/*"]}
    uses = {"Effect": "Allow", "Principal": service, "Action": "kms:GenerateDataKey", "Resource": "*"}
    request = {"detectorId": "1a", "destinationProperties": {"destinationArn": bucket, "kmsKeyArn": KEY}}
    record = call(session(CALLER), "guardduty", "CreatePublishingDestination", request=request, errorCode="BadRequestException", errorMessage=GUARDDUTY)
    policies = held(bucket, admits if admits_bucket else other), held(KEY, *([OWN, uses] if admits_key else [OWN]))
    case = diagnose([record], snapshot((CALLER, [allow("*")], [])), *policies)
    assert causes(case) == {("guardduty.amazonaws.com", action) for action in lacked}
