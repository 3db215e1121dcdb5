"""One message of every form that AWS prints, and exactly what it says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from trailsleuth.ingest.denials import code_in_text, read_denial
from trailsleuth.model import EncodedMessage

ROWS = tomllib.loads((Path(__file__).parent / "messages.toml").read_text(encoding="utf-8"))["message"]
TEXTS = ("iam_action", "resource", "resource_text", "principal", "policy_type", "policy_arn", "authorization_id", "encoded", "cause")
FLAGS = ("unverified_action", "path_unknown")
SESSION = "arn:aws:sts::222222222222:assumed-role/Deployer/1772614901412"


def read(text, code="AccessDenied", source="", name=""):
    return read_denial(code, text, event_source=source, event_name=name)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["form"])
def test_every_form_says_exactly_this(row):
    denial = read(row["text"], row.get("code"))
    assert denial is not None
    assert {name: getattr(denial, name) for name in TEXTS} == {name: row.get(name) for name in TEXTS}
    assert denial.effect == row["effect"]
    assert {name: getattr(denial, name) for name in FLAGS} == {name: row.get(name, False) for name in FLAGS}


def test_there_are_at_least_forty_forms():
    assert len({row["form"] for row in ROWS}) == len(ROWS) >= 40


def sentence(resource, clause="because no identity-based policy allows the s3:PutObject action"):
    return f'User: {SESSION} is not authorized to perform: s3:PutObject on resource: "{resource}" {clause}'


def test_an_arn_that_the_1_kb_limit_cut_is_no_resource():
    cut = sentence("arn:aws:s3:::bucket-1/" + "k" * 2000)[:1024]
    denial = read(cut)
    assert (denial.iam_action, denial.resource, denial.truncated) == ("s3:PutObject", None, True)
    assert denial.resource_text.startswith("arn:aws:s3:::bucket-1/")
    unquoted = read(cut.replace('"', "") + "kk")
    assert unquoted.resource is None


def test_a_long_message_that_was_not_cut_keeps_its_resource():
    arn = "arn:aws:s3:::bucket-1/" + "k" * 2000
    denial = read(sentence(arn))
    assert (denial.resource, denial.policy_type, denial.truncated) == (arn, "identity", False)


@pytest.mark.parametrize(
    ("end", "policy_type", "effect"),
    [
        ("because no identity-b", "identity", "implicit"),
        ("because no re", "resource", "implicit"),
        ("because no s", None, "implicit"),
        ("because no permissions bound", "boundary", "implicit"),
        ("with an explicit deny in a service contr", "scp", "explicit"),
        ("with an explicit deny in a", None, "explicit"),
        ("with an expl", None, "unknown"),
    ],
)
def test_a_clause_that_was_cut_is_read_as_far_as_it_leaves_no_doubt(end, policy_type, effect):
    start = len(sentence("arn:aws:s3:::b/", end))
    text = sentence("arn:aws:s3:::b/" + "k" * (1024 - start), end)
    assert len(text) == 1024
    if end == "because no re":  # resource-based or resource control
        policy_type = None
    denial = read(text)
    assert (denial.policy_type, denial.effect) == (policy_type, effect)
    assert denial.resource is not None


def test_an_action_that_was_cut_is_not_taken_for_one():
    user, rest = "arn:aws:sts::222222222222:assumed-role/Deployer/", " is not authorized to perform: ecs:RegisterTaskDe"
    padded = f"User: {user}{'s' * (1024 - len('User: ') - len(user) - len(rest))}{rest}"
    denial = read(padded)
    assert len(padded) == 1024
    assert denial.iam_action is None
    assert denial.principal.startswith("arn:aws:sts::222222222222:assumed-role/Deployer/")


def test_a_policy_arn_and_an_authorization_id_that_were_cut_are_not_taken():
    arn = "arn:aws:organizations::999999999999:policy/o-abcdefghij/service_control_policy/p-abcdefgh"
    clause = f"with an explicit deny in a service control policy: {arn}"
    short = sentence("arn:aws:s3:::b/", clause)
    text = sentence("arn:aws:s3:::b/" + "k" * (1024 - len(short) + 20), clause)[:1024]
    assert clause[:-20] in text
    denial = read(text)
    assert (denial.policy_type, denial.policy_arn) == ("scp", None)


@pytest.mark.parametrize(("length", "state"), [(300, EncodedMessage.COMPLETE), (2000, EncodedMessage.TRUNCATED)])
def test_an_encoded_message_is_whole_or_cut_by_the_limit(length, state):
    text = ("You are not authorized to perform this operation. Encoded authorization failure message: " + "aB3_-" * (length // 5))[:1024]
    denial = read(text, "Client.UnauthorizedOperation")
    assert denial.encoded is state
    assert denial.encoded_text


@pytest.mark.parametrize("rest", ["...", "… (truncated)", " [truncated]", "<truncated>", "... (Service: AmazonEC2; Status Code: 403)", "a"])
def test_an_encoded_message_that_somebody_cut_is_never_called_whole(rest):
    """`a`: base64 of a length that it cannot have."""
    denial = read(
        "You are not authorized to perform this operation. Encoded authorization failure message: " + "aB3_" * 50 + rest, "Client.UnauthorizedOperation"
    )
    assert denial.encoded is EncodedMessage.TRUNCATED


def test_an_encoded_message_longer_than_the_limit_came_from_elsewhere_and_is_whole():
    denial = read("Encoded authorization failure message: " + "aB3_-" * 400, "UnauthorizedOperation")
    assert denial.encoded is EncodedMessage.COMPLETE
    assert len(denial.encoded_text) == 2000


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (None, None),
        ("", ""),
        ("200", None),
        ("ThrottlingException", "Rate exceeded"),
        ("Client.DryRunOperation", "Request would have succeeded, but DryRun flag is set."),
        ("ExpiredTokenException", "The security token included in the request is expired"),
        ("InvalidClientTokenId", "The security token included in the request is invalid."),
        ("SignatureDoesNotMatch", "Signature expired: 20260304T090000Z is now earlier than 20260304T091000Z"),
        ("NoSuchKey", "The specified key does not exist."),
        ("NoSuchBucketPolicy", "The bucket policy does not exist"),
        ("ResourceNotFoundException", ""),
        ("ParameterNotFound", ""),
        ("Client.InvalidParameterValue", "Value (web) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"),
        ("BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it."),
        ("ValidationError", "No updates are to be performed."),
        (None, "Failed authentication"),
        (None, "No username found in supplied account"),
        ("Client.VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit of 0 allows"),
    ],
)
def test_what_was_not_refused_is_no_denial(code, text):
    assert read(text, code) is None


def test_a_refusal_that_another_service_made_is_marked_as_wrapped_and_passrole_is_not():
    kms = read(f"User: {SESSION} is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:222222222222:key/k", source="s3.amazonaws.com")
    role = read(f"User: {SESSION} is not authorized to perform: iam:PassRole on resource: arn:aws:iam::222222222222:role/r", source="ecs.amazonaws.com")
    own = read(f"User: {SESSION} is not authorized to perform: cloudwatch:PutDashboard", source="monitoring.amazonaws.com")
    assert (kms.wraps, role.wraps, own.wraps) == (True, False, False)


def test_codes_are_found_in_pasted_texts():
    assert code_in_text("An error occurred (AccessDenied) when calling the PutObject operation: Access Denied") == "AccessDenied"
    assert code_in_text("… (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; Request ID: 1)") == "AccessDenied"
    assert code_in_text("api error UnauthorizedOperation: You are not authorized") == "UnauthorizedOperation"
    assert code_in_text("hello") is None
