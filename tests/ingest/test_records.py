"""Fields of records in all the variants that real trails have."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.build import ROLE, SESSION, a_denial, a_record, ids, read, reasons
from trailsleuth.ingest.times import parse_time

NINE = datetime(2026, 3, 4, 9, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-04T09:00:05Z",
        "2026-03-04T09:00:05+00:00",
        "2026-03-04T01:00:05-08:00",
        "2026-03-04 09:00:05",
        "2026-03-04 09:00:05.000",
        "2026-03-04 09:00:05.000000000",
        "2026-03-04 09:00:05.000 UTC",
        "2026-03-04T09:00:05.000Z",
        "20260304T090005Z",
        "Mar 4, 2026, 9:00:05 AM",
        "Mar 4, 2026 9:00:05 AM",
        "Mar 4, 2026, 9:00:05\u202fAM",
        1772614805,
        1772614805.0,
        1772614805000,
        "1772614805",
        "1772614805.0",
        " 2026-03-04T09:00:05Z ",
    ],
)
def test_times_are_read_in_every_spelling(written: object) -> None:
    assert parse_time(written) == NINE


@pytest.mark.parametrize(("written", "hour"), [("Mar 4, 2026, 12:00:05 AM", 0), ("Mar 4, 2026, 12:00:05 PM", 12), ("Mar 4, 2026, 11:00:05 PM", 23)])
def test_prose_times_know_noon_and_midnight(written: str, hour: int) -> None:
    assert parse_time(written) == NINE.replace(hour=hour)


@pytest.mark.parametrize(
    "written", ["", "soon", None, True, [], {}, "9999999999999999999", 1e300, float("inf"), "0001-01-01T00:00:00+14:00", "Foo 4, 2026, 9:00:05 AM"]
)
def test_what_is_no_time_is_none(written: object) -> None:
    assert parse_time(written) is None


@given(st.one_of(st.text(), st.floats(), st.integers(), st.binary()))
def test_reading_a_time_never_raises(written: object) -> None:
    found = parse_time(written)
    assert found is None or found.utcoffset() is not None


IDENTITIES = {
    "a service": ({"type": "AWSService", "invokedBy": "codepipeline.amazonaws.com"}, ("AWSService", None, None, "codepipeline.amazonaws.com")),
    "another account": (
        {"type": "AWSAccount", "principalId": "AROAEXAMPLEEXAMPLE111:1700000000000", "accountId": "111111111111"},
        ("AWSAccount", None, "111111111111", None),
    ),
    "root": (
        {"type": "Root", "arn": "arn:aws:iam::111111111111:root", "accountId": "111111111111", "userName": "alias"},
        ("Root", "arn:aws:iam::111111111111:root", "111111111111", None),
    ),
    "no type": ({"accountId": "111111111111", "invokedBy": "x.amazonaws.com"}, (None, None, "111111111111", "x.amazonaws.com")),
    "an unknown type": ({"type": "Martian", "arn": SESSION}, ("Martian", SESSION, "222222222222", None)),
    "an account that lost its zeros": ({"type": "IAMUser", "accountId": 1234}, ("IAMUser", None, "000000001234", None)),
    "null": (None, (None, None, None, None)),
    "a text": ("AROAEXAMPLE", (None, None, None, None)),
    "empty": ({}, (None, None, None, None)),
    "wrong types": ({"type": [], "arn": {}, "accountId": [1], "sessionContext": "x"}, (None, None, None, None)),
    "GovCloud": (
        {"type": "IAMUser", "arn": "arn:aws-us-gov:iam::111111111111:user/u"},
        ("IAMUser", "arn:aws-us-gov:iam::111111111111:user/u", "111111111111", None),
    ),
}


@pytest.mark.parametrize("kind", IDENTITIES)
def test_every_identity_is_read(kind: str) -> None:
    written, expected = IDENTITIES[kind]
    (record,) = read([a_record(1, userIdentity=written)]).records
    identity = record.identity
    assert (identity.type, identity.arn, identity.account, identity.invoked_by) == expected
    assert record.payload["userIdentity"] == written


def test_the_issuer_carries_the_role_with_its_path_and_an_empty_one_is_none() -> None:
    (record,) = read([a_record(1)]).records
    assert record.identity.issuer is not None
    assert record.identity.issuer.arn == ROLE
    assert record.identity.created == datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
    (bare,) = read([a_record(1, userIdentity={"type": "AWSService", "sessionContext": {"sessionIssuer": {}, "attributes": {}}})]).records
    assert bare.identity.issuer is None


@pytest.mark.parametrize("mask", ["HIDDEN_DUE_TO_SECURITY_REASONS", "***", "<sensitiveDataRemoved>"])
def test_a_blanked_key_joins_nothing(mask: str) -> None:
    (record,) = read([a_record(1, userIdentity={"type": "IAMUser", "userName": mask, "accessKeyId": mask})]).records
    assert record.identity.access_key_id is None
    assert record.identity.raw["accessKeyId"] == mask


def an_assume_role(**members: object) -> dict[str, object]:
    return (
        a_record(
            1,
            eventSource="sts.amazonaws.com",
            eventName="AssumeRole",
            requestParameters={"roleArn": ROLE, "roleSessionName": "1700000000000"},
            responseElements={
                "credentials": {"accessKeyId": "ASIAEXAMPLEEXAMPLE33", "sessionToken": "SECRET-TOKEN", "expiration": "Mar 4, 2026, 10:00:01 AM"},
                "assumedRoleUser": {"assumedRoleId": "AROAEXAMPLEEXAMPLE222:1700000000000", "arn": SESSION},
            },
        )
        | members
    )


def test_an_assumed_role_hands_out_a_session_and_its_token_is_not_kept() -> None:
    evidence = read([an_assume_role()])
    (record,) = evidence.records
    assert record.issued is not None
    assert (record.issued.access_key_id, record.issued.role_arn, record.issued.session_name) == ("ASIAEXAMPLEEXAMPLE33", ROLE, "1700000000000")
    assert (record.issued.assumed_role_arn, record.issued.assumed_role_id) == (SESSION, "AROAEXAMPLEEXAMPLE222:1700000000000")
    assert "SECRET-TOKEN" not in repr(evidence)


def test_an_assumed_role_without_its_answer_still_opens_a_session() -> None:
    (record,) = read([an_assume_role(responseElements=None)]).records
    assert record.issued is not None
    assert (record.issued.access_key_id, record.issued.role_arn) == (None, ROLE)


def test_a_refused_assume_role_hands_out_nothing() -> None:
    (record,) = read([an_assume_role(errorCode="AccessDenied", errorMessage="no", responseElements=None)]).records
    assert record.issued is None
    assert record.denial is not None


@pytest.mark.parametrize(
    ("name", "asked", "answered", "expected"),
    [
        ("GetSessionToken", None, {"credentials": {"accessKeyId": "ASIAX"}}, ("ASIAX", None, None)),
        (
            "GetFederationToken",
            {"name": "fed"},
            {
                "credentials": {"accessKeyId": "ASIAX"},
                "federatedUser": {"arn": "arn:aws:sts::222222222222:federated-user/fed", "federatedUserId": "222222222222:fed"},
            },
            ("ASIAX", None, "fed"),
        ),
        (
            "AssumeRoleWithSAML",
            {"roleArn": ROLE},
            {"credentials": {"accessKeyId": "ASIAX"}, "assumedRoleUser": {"arn": SESSION}},
            ("ASIAX", ROLE, "1700000000000"),
        ),
        ("AssumeRoleWithWebIdentity", {"roleArn": ROLE, "roleSessionName": "web"}, {"credentials": {"accessKeyId": "ASIAX"}}, ("ASIAX", ROLE, "web")),
        ("AssumeRoot", {"targetPrincipal": "222222222222"}, {"credentials": {"accessKeyId": "ASIAX"}}, ("ASIAX", "222222222222", None)),
    ],
)
def test_every_issuing_call_is_known(name: str, asked: object, answered: object, expected: tuple[object, ...]) -> None:
    (record,) = read([a_record(1, eventSource="sts.amazonaws.com", eventName=name, requestParameters=asked, responseElements=answered)]).records
    assert record.issued is not None
    assert (record.issued.access_key_id, record.issued.role_arn, record.issued.session_name) == expected


@pytest.mark.parametrize("code", [["AccessDenied"], {"code": "AccessDenied"}])
def test_an_error_of_a_wrong_type_is_no_success(code: object) -> None:
    (record,) = read([a_record(1, errorCode=code)]).records
    assert record.failed


@pytest.mark.parametrize("nothing", [None, "", False, [], {}])
def test_an_absent_error_is_a_success(nothing: object) -> None:
    (record,) = read([a_record(1, errorCode=nothing, errorMessage=nothing)]).records
    assert not record.failed


def test_resources_are_read_in_both_cases_and_a_blanked_owner_stays_blank() -> None:
    resources = [{"ARN": "arn:aws:s3:::a", "accountId": ""}, {"arn": "arn:aws:s3:::b"}, {"ARNPrefix": "arn:aws:s3:::c/"}, "odd", None]
    (record,) = read([a_record(1, resources=resources)]).records
    assert [(found.arn, found.account) for found in record.resources] == [("arn:aws:s3:::a", ""), ("arn:aws:s3:::b", None), (None, None)]


def test_a_record_without_id_gets_one_from_its_content() -> None:
    bare = {name: value for name, value in a_record(1).items() if name != "eventID"}
    evidence = read([bare, dict(reversed(bare.items()))], [bare | {"requestID": "other"}])
    assert len(evidence.records) == 2
    assert evidence.coverage.duplicates == 1
    assert all(found.startswith("content-") for found in ids(evidence))


def test_copies_in_two_accounts_are_two_records() -> None:
    evidence = read([an_assume_role(), an_assume_role(recipientAccountId="111111111111")])
    assert [record.recipient_account for record in evidence.records] == ["111111111111", "222222222222"]
    assert evidence.coverage.duplicates == 0


def test_an_addendum_goes_over_the_record_that_it_corrects() -> None:
    late = a_record(
        2,
        eventID="e-late",
        awsRegion="eu-central-1",
        errorCode=None,
        addendum={"reason": "UPDATED_DATA", "updatedFields": "awsRegion", "originalEventID": "e-0001"},
    )
    for order in ([a_denial(1), late], [late, a_denial(1)]):
        evidence = read(order)
        (record,) = evidence.records
        assert (record.event_id, record.region) == ("e-0001", "eu-central-1")
        assert record.denial is not None
        assert evidence.coverage.duplicates == 1
        assert "addendum e-late was merged into record e-0001" in reasons(evidence)
    assert ids(read([late])) == ["e-late"]


def test_the_coverage_tells_accounts_regions_and_span() -> None:
    nobody = a_record(9, recipientAccountId=None, userIdentity=None)
    coverage = read([a_record(1), a_record(5, awsRegion="us-east-1"), a_record(3, recipientAccountId="111111111111"), nobody]).coverage
    told = [(one.account, one.regions, one.records) for one in coverage.accounts]
    assert told == [("111111111111", ("eu-west-1",), 1), ("222222222222", ("eu-west-1", "us-east-1"), 2), ("unknown", ("eu-west-1",), 1)]
    assert coverage.accounts[1].first_event is not None
    assert (coverage.accounts[1].first_event.second, coverage.accounts[1].last_event) == (1, NINE)
    assert (coverage.records_read, [(one.path, one.bytes > 0, len(one.sha256)) for one in coverage.inputs]) == (4, [("input-0", True, 64)])
