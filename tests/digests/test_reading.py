"""Hostile files: digests, keys and gzip members of every wrong shape are told, never raised."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import zlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.digests.build import a_trail, check, fingerprint, key_list, private_key, public_der, state_of, states
from tests.sample import examples
from trailsleuth.digests import inflate, parse_keys, read_digests
from trailsleuth.digests.inflate import Unsound, content_of, content_sha256
from trailsleuth.digests.keys import Signed, check_signature
from trailsleuth.digests.places import expected_path, parse_digest_name, parse_log_name, same_place
from trailsleuth.model.record import RawInput

NAMES = (
    "awsAccountId",
    "digestStartTime",
    "digestEndTime",
    "digestS3Bucket",
    "digestS3Object",
    "digestPublicKeyFingerprint",
    "previousDigestSignature",
    "logFiles",
)
GOOD = {
    "awsAccountId": "111122223333",
    "digestStartTime": "2026-03-04T09:30:00Z",
    "digestEndTime": "2026-03-04T10:30:00Z",
    "digestS3Bucket": "b",
    "digestS3Object": "k",
    "digestPublicKeyFingerprint": "f",
    "previousDigestSignature": None,
    "logFiles": [],
}


def read(content: bytes, name: str = "k"):
    return read_digests([RawInput(source=name, data=content)])


@pytest.mark.parametrize("name", NAMES[1:])
@pytest.mark.parametrize("wrong", [7, [], {}, "", "x", True])
def test_a_field_of_a_wrong_type_makes_a_reason_or_a_digest_and_no_exception(name, wrong):
    found = read(json.dumps({**GOOD, name: wrong}).encode())
    assert len(found.digests) + len(found.malformed) == 1


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_field_that_is_absent_is_named(name):
    found = read(json.dumps({key: value for key, value in GOOD.items() if key != name}).encode())
    assert [name in reason for _, reason in found.malformed] == [True]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"\xff", b"[" * 200_000, b'{"a":' * 100_000, b"9" * 10_000, b"\x1f\x8b", gzip.compress(b"{}", mtime=0)[:-4]],
)
def test_content_that_is_no_digest_is_told_as_malformed(content):
    assert len(read(content).malformed) == 1


@pytest.mark.parametrize("entry", [None, 7, {}, {"s3Bucket": "b"}, {"s3Bucket": "b", "s3Object": "k", "hashValue": "x", "hashAlgorithm": "MD5"}])
def test_a_wrong_log_entry_is_told_with_its_position(entry):
    ((_, reason),) = read(json.dumps({**GOOD, "logFiles": [entry]}).encode()).malformed
    assert "logFiles[0]" in reason


def test_a_digest_that_names_one_log_again_and_again_is_refused():
    entry = {"s3Bucket": "b", "s3Object": "k", "hashValue": "0", "hashAlgorithm": "SHA-256"}
    assert "more than 8 times" in read(json.dumps({**GOOD, "logFiles": [entry] * 9}).encode()).malformed[0][1]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@settings(max_examples=examples(200), deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES)) | st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_any_json_object_is_a_digest_or_malformed(fields):
    found = read(json.dumps({**GOOD, **fields}).encode())
    assert len(found.digests) + len(found.malformed) == 1


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_as_keys_digest_metadata_or_content_do_not_raise(data):
    parse_keys(data)
    read(data)
    read(data, "k.metadata.json")
    with contextlib.suppress(Unsound):
        content_sha256(b"\x1f\x8b" + data)


def test_one_gzip_member_gives_its_content_and_plain_content_is_itself():
    assert content_of(gzip.compress(b"abc", mtime=0), limit=10) == content_of(b"abc", limit=10) == b"abc"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0), "another gzip member"),
        (gzip.compress(b"a", mtime=0) + b"xyz", "3 bytes follow"),
        (gzip.compress(b"a", mtime=0)[:-1], "cut off"),
        (gzip.compress(b"a", mtime=0)[:-8] + b"\0" * 8, "damaged"),
        (gzip.compress(bytes(5_000_000), mtime=0), "inflates beyond"),
        (b"\x1f\x8b", "cut off"),
    ],
)
def test_what_is_not_one_whole_member_has_a_reason(data, why):
    with pytest.raises(Unsound, match=why):
        content_of(data, limit=1 << 20)


def test_a_log_that_inflates_without_end_is_invalid_and_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr("trailsleuth.digests.logs.content_sha256", lambda data: content_sha256(data, limit=1 << 20))
    trail = a_trail(tmp_path, hours=1)
    trail.logs[0].write_bytes(gzip.compress(bytes(20 << 20), mtime=0))
    assert state_of(check(tmp_path), trail.logs[0]) == ("invalid", "inflates beyond 1 MiB")


def test_content_larger_than_a_chunk_is_hashed_whole():
    content = zlib.compress(bytes(range(256)) * 20_000, 0)
    assert content_sha256(gzip.compress(content, mtime=0)) == content_sha256(content)
    assert len(list(inflate.content_chunks(gzip.compress(content, mtime=0), limit=1 << 30))) > 1


def test_keys_are_read_in_both_spellings_in_several_documents_and_as_a_bare_list():
    entry = json.loads(key_list())["PublicKeyList"][0]
    for text in (json.dumps({"publicKeyList": [entry]}), json.dumps([entry]), json.dumps(entry), "\ufeff" + json.dumps({"PublicKeyList": [entry]})):
        assert list(parse_keys(text.encode()).keys) == [fingerprint()]
    assert set(parse_keys(key_list() + b"\n" + key_list("other")).keys) == {fingerprint(), fingerprint("other")}


def test_an_entry_that_is_no_key_is_named():
    ring = parse_keys(b'{"PublicKeyList": [{"Fingerprint": "f"}, 7, {"Fingerprint": "f", "Value": "!"}]}')
    assert not ring.keys
    assert len(ring.faults) == 3


@pytest.mark.parametrize(
    ("start", "end"), [(1772323200.0, 1774915200.0), ("1772323200.0", "1774915200.0"), ("2026-03-01T00:00:00+00:00", "2026-03-31T01:00:00+01:00")]
)
def test_validity_is_read_as_both_versions_of_the_aws_cli_print_it(start, end):
    ((key,),) = parse_keys(key_list(start=start, end=end)).keys.values()
    assert (key.valid_from, key.valid_to) == (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))


def test_a_key_in_the_other_encoding_is_as_good(tmp_path):
    a_trail(tmp_path, hours=1)
    wrapped = private_key("ours").public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = key_list().replace(base64.b64encode(public_der()), base64.b64encode(wrapped))
    assert states(check(tmp_path, text).digests) == ["verified"]


def test_a_value_that_is_no_rsa_key_proves_and_condemns_nothing(tmp_path):
    a_trail(tmp_path, hours=1)
    answer = check(tmp_path, json.dumps([{"Fingerprint": fingerprint(), "Value": "AAAA"}]).encode())
    assert states(answer.digests) == ["hash_ok_signature_unknown"]
    assert "not an RSA public key" in (answer.digests[0].reason or "")


def test_an_unknown_signature_algorithm_is_said_and_not_guessed():
    signed = Signed(fingerprint=fingerprint(), algorithm="SHA1withRSA", message=b"", ends=datetime(2026, 3, 4, tzinfo=UTC))
    assert check_signature(signed, "00", parse_keys(key_list())).ok is None


def test_the_signed_string_is_that_of_the_user_guide():
    (digest,) = read(json.dumps({**GOOD, "previousDigestSignature": "ab12"}).encode()).digests
    assert digest.signed.message.decode().split("\n") == ["2026-03-04T10:30:00Z", "b/k", digest.sha256, "ab12"]
    (digest,) = read(json.dumps(GOOD).encode()).digests
    assert digest.signed.message.decode().split("\n")[3] == "null"


def test_names_of_logs_and_digests_tell_account_region_and_time():
    name = parse_log_name("x/111122223333_CloudTrail_us-gov-west-1_20260304T0940Z_abcDEF.json.gz")
    assert name is not None
    assert (name.account, name.region, name.time) == ("111122223333", "us-gov-west-1", datetime(2026, 3, 4, 9, 40, tzinfo=UTC))
    assert parse_log_name("111122223333_CloudTrail_us-east-1_20269904T0940Z_abc.json.gz") is None
    digest = parse_digest_name("a/111122223333_CloudTrail-Digest_eu-west-1_my_odd_trail_us-east-1_20260304T103000Z_backfill.json.gz")
    assert (digest.region, digest.trail, digest.home, digest.backfill) == ("eu-west-1", "my_odd_trail", "us-east-1", True)
    assert parse_digest_name("AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/odd.json.gz").region == "eu-west-1"


def test_a_path_fits_a_key_by_whole_parts_only():
    assert same_place("dir/AWSLogs/a.json.gz", "AWSLogs/a.json.gz")
    assert same_place("a.json", "AWSLogs/x/a.json.gz")
    assert not same_place("y/a.json.gz", "AWSLogs/x/a.json.gz")
    assert not same_place("xa.json.gz", "a.json.gz")
    assert expected_path("AWSLogs/b", beside="p/AWSLogs/a", beside_key="AWSLogs/a") == "p/AWSLogs/b"
    assert expected_path("AWSLogs/x/b", beside="x/a", beside_key="AWSLogs/x/a") == "x/b"
