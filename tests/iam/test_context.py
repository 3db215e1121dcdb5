"""Condition keys from records."""

from __future__ import annotations

from msgspec.structs import replace

from tests.iam.build import ACCOUNT, ROLE, a_record, a_role
from trailsleuth.iam.context import request_context
from trailsleuth.model import Identity, ResourceRef


def test_a_role_session_tells_its_principal_region_time_and_address() -> None:
    known, absent = request_context(a_record(payload={"tlsDetails": {"tlsVersion": "TLSv1.3"}}), iam_action="ecs:RegisterTaskDefinition")
    assert known["aws:PrincipalArn"] == (ROLE,)
    assert known["aws:PrincipalAccount"] == (ACCOUNT,)
    assert known["aws:PrincipalType"] == ("AssumedRole",)
    assert known["aws:userid"] == ("AROAEXAMPLE:run-7",)
    assert known["aws:SourceIp"] == ("203.0.113.9",)
    assert known["aws:RequestedRegion"] == ("eu-west-1",)
    assert known["aws:CurrentTime"] == ("2026-03-04T09:05:00Z",)
    assert known["aws:SecureTransport"] == ("true",)
    assert known["aws:ViaAWSService"] == ("false",)
    assert known["aws:MultiFactorAuthPresent"] == ("false",)
    assert {"aws:SourceVpce", "aws:username", "aws:TagKeys", "aws:SourceArn", "aws:CalledVia"} <= absent


def test_what_no_record_tells_is_neither_known_nor_absent() -> None:
    known, absent = request_context(a_record(), iam_action="ecs:RegisterTaskDefinition")
    for key in ("aws:PrincipalOrgID", "aws:PrincipalTag/team", "aws:ResourceTag/team", "iam:PassedToService", "aws:SecureTransport"):
        assert key not in known
        assert key not in absent


def test_no_key_is_both_known_and_absent() -> None:
    for record in (a_record(), a_record(request={"tags": [{"key": "a", "value": "b"}]}), a_record(source_ip="codepipeline.amazonaws.com")):
        known, absent = request_context(record, iam_action="ecs:X")
        assert not absent & known.keys()


def test_an_endpoint_hides_the_source_address() -> None:
    known, absent = request_context(a_record(vpc_endpoint_id="vpce-1", source_ip="10.0.0.7"), iam_action="s3:GetObject")
    assert (known["aws:SourceVpce"], known["aws:VpcSourceIp"]) == (("vpce-1",), ("10.0.0.7",))
    assert "aws:SourceIp" in absent


def test_a_service_name_as_address_is_no_address() -> None:
    known, absent = request_context(a_record(source_ip="codepipeline.amazonaws.com"), iam_action="ecs:X")
    assert "aws:SourceIp" not in known
    assert "aws:SourceIp" not in absent


def test_tags_in_a_request_become_keys_in_every_spelling() -> None:
    for tags in ([{"key": "team", "value": "x"}], [{"Key": "team", "Value": "x"}], {"team": "x"}):
        known, absent = request_context(a_record(request={"tags": tags}), iam_action="ecs:RegisterTaskDefinition")
        assert (known["aws:RequestTag/team"], known["aws:TagKeys"]) == (("x",), ("team",))
        assert "aws:requesttag/*" in absent
    nested = {"tagSpecificationSet": {"items": [{"resourceType": "instance", "tags": [{"key": "team", "value": "x"}]}]}}
    assert request_context(a_record(request=nested), iam_action="ec2:RunInstances")[0]["aws:TagKeys"] == ("team",)


def test_an_assumed_role_call_tells_session_name_and_external_id() -> None:
    known, absent = request_context(a_record(request={"roleArn": ROLE, "roleSessionName": "s", "externalId": "42"}), iam_action="sts:AssumeRole")
    assert (known["sts:RoleSessionName"], known["sts:ExternalId"]) == (("s",), ("42",))
    assert "sts:SourceIdentity" in absent


def test_a_missing_header_of_an_upload_is_absent() -> None:
    _, absent = request_context(a_record(request={"bucketName": "b", "key": "k"}), iam_action="s3:PutObject")
    assert "s3:x-amz-server-side-encryption" in absent


def test_a_key_used_through_a_service_tells_which() -> None:
    who = replace(a_role(), invoked_by="s3.amazonaws.com")
    known, _ = request_context(a_record(identity=who, request={"encryptionContext": {"aws:s3:arn": "arn:x"}}), iam_action="kms:Decrypt")
    assert known["kms:ViaService"] == ("s3.eu-west-1.amazonaws.com",)
    assert known["kms:EncryptionContext:aws:s3:arn"] == ("arn:x",)
    assert (known["aws:ViaAWSService"], known["aws:CalledViaLast"]) == (("true",), ("s3.amazonaws.com",))


def test_a_service_that_calls_by_itself_is_a_service_principal() -> None:
    who = Identity(type="AWSService", invoked_by="codepipeline.amazonaws.com", raw={"inScopeOf": {"sourceArn": "arn:p", "sourceAccount": ACCOUNT}})
    known, absent = request_context(a_record(identity=who), iam_action="sts:AssumeRole")
    assert known["aws:PrincipalServiceName"] == ("codepipeline.amazonaws.com",)
    assert (known["aws:SourceArn"], known["aws:SourceAccount"]) == (("arn:p",), (ACCOUNT,))
    assert "aws:PrincipalArn" in absent


def test_long_term_keys_have_neither_mfa_nor_issue_time() -> None:
    who = Identity(type="IAMUser", arn=f"arn:aws:iam::{ACCOUNT}:user/dana", account=ACCOUNT, access_key_id="AKIAEXAMPLE", user_name="dana")
    known, absent = request_context(a_record(identity=who), iam_action="s3:GetObject")
    assert known["aws:username"] == ("dana",)
    assert {"aws:MultiFactorAuthPresent", "aws:TokenIssueTime"} <= absent


def test_the_owner_of_the_resource_is_known_where_the_record_names_one() -> None:
    refs = (ResourceRef(arn="arn:aws:s3:::b", account="444455556666"), ResourceRef(arn="arn:aws:s3:::b/k", account=""))
    assert request_context(a_record(resources=refs), iam_action="s3:GetObject")[0]["aws:ResourceAccount"] == ("444455556666",)
    assert "aws:ResourceAccount" not in request_context(a_record(), iam_action="s3:GetObject")[0]
