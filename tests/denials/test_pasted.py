"""Texts of every client and wrapper, and of systems that are none of AWS: what is denied in each, and nothing more."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest

from trailsleuth import api
from trailsleuth.catalog.asides import asides
from trailsleuth.catalog.load import rows_of
from trailsleuth.ingest.explain import explain_text
from trailsleuth.ingest.pasted import denial_in

TEXTS = tomllib.loads((Path(__file__).parent / "pasted.toml").read_text(encoding="utf-8"))["text"]
NO_PERMISSION = ("not_a_permission", "no_policy_fix")


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row["id"])
def test_a_pasted_text_holds_these_denials(row):
    found = [one for one in api.explain("-", stdin=row["text"].encode()).denials if one.cause not in NO_PERMISSION]
    assert len(found) == len(row["denials"])
    for one, expected in zip(found, row["denials"], strict=True):
        action, resource = expected.get("iam_action"), expected.get("resource")
        assert action == "?" or one.iam_action == action
        assert resource == "?" or one.resource in (resource, "*" if resource is None else resource)


@pytest.mark.parametrize("row", rows_of("asides", "aside"), ids=lambda row: row["id"])
def test_what_is_no_permission_of_iam_is_said_to_be_none(row):
    for text in row["examples"]:
        (said,) = explain_text(text).denials
        assert (said.cause, said.advice) == ("not_a_permission", row["advice"])
    assert not any(said.advice == row["advice"] for said in explain_text(row["counter"]).denials)
    assert row["source"].startswith("https://")


CODES = (
    "ExpiredToken ExpiredTokenException RequestExpired InvalidClientTokenId UnrecognizedClientException InvalidAccessKeyId SignatureDoesNotMatch "
    "InvalidSignatureException IncompleteSignature RequestTimeTooSkewed MissingAuthenticationToken InvalidIdentityToken"
)


@pytest.mark.parametrize("code", CODES.split(" "))
def test_codes_of_credentials_are_all_alike(code):
    (said,) = explain_text(f"An error occurred ({code}) when calling the ListBuckets operation: see the log").denials
    assert (said.cause, said.iam_action) == ("not_a_permission", None)
    assert "No policy" in said.advice or "no policy" in said.advice


def test_a_denial_beside_what_is_none_stands_alone():
    text = "git@host: Permission denied (publickey).\n\nAn error occurred (AccessDenied) when calling the PutBucketAcl operation: Access Denied"
    assert [one.iam_action for one in explain_text(text).denials] == ["s3:PutBucketAcl"]


def test_the_question_is_read_through_its_wrapping():
    text = "│ Error: api error AccessDeniedException: User: arn:aws:iam::210987654321:user/ana is not\n│ authorized to perform: ecs:RunTask on resource: *\n"
    denial = denial_in(text)
    assert denial is not None
    assert (denial.iam_action, denial.principal) == ("ecs:RunTask", "arn:aws:iam::210987654321:user/ana")


HOSTILE = {
    "brackets": "{" * 50_000,
    "quotes": "eventName\" '" * 20_000,
    "members": '"eventName": {"errorCode": ' * 8_000,
    "escapes": "\\" * 100_000 + "n denied",
    "entities": "&amp;" * 30_000 + " denied",
    "percent": "not%20authori" * 10_000,
    "tags": "<Code>AccessDenied" * 8_000,
    "unclosed": "<Code>AccessDenied</Code><Message>" + "denied " * 20_000,
    "colours": "\x1b[" + "0;" * 60_000 + " denied",
    "boxes": "│ denied " * 20_000,
    "prefixes": "[a] " * 30_000 + "denied",
    "equal lines": ("denied " * 11 + "\n") * 8_000,
    "sentences in one line": "User: arn:aws:iam::210987654321:user/a is not authorized to perform: s3:GetObject " * 2_000,
    "calls in one line": "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied " * 2_000,
    "every aside": " ".join(anchor for aside in asides() for anchor in aside.anchors) * 30,
    "yaml": "eventName: x\nerrorCode: y\n" * 5_000,
    "labels": "Event name\nError code\n" * 8_000,
    "paths": "/a" * 50_000 + ": permission denied",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_takes_no_more_time_than_its_length(name):
    explain_text("warm up: Access Denied")
    start = time.process_time()
    explain_text(HOSTILE[name][:200_000])
    assert time.process_time() - start < 4
