"""Laws that hold for any evidence."""

from __future__ import annotations

import gzip
import json
import random
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.ingest.build import a_denial, a_record, an_input
from tests.sample import examples
from trailsleuth.ingest import decode
from trailsleuth.ingest.contents import pieces_of
from trailsleuth.ingest.documents import Break, documents
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.ingest.forms import Form, pieces
from trailsleuth.ingest.hive import parse_struct
from trailsleuth.ingest.record import parse_record
from trailsleuth.model import Evidence, Origin, RawInput, Record, Unreadable
from trailsleuth.sources.files.exports import read_inputs

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
FIELDS = st.sampled_from(sorted(a_record() | {"errorCode": 1, "errorMessage": 1, "resources": 1, "sharedEventID": 1, "addendum": 1, "vpcEndpointId": 1}))
ODD_RECORDS = st.builds(lambda changes: a_denial(1) | changes, st.dictionaries(FIELDS, JSON, max_size=4))


def told(evidence: Evidence) -> tuple[object, ...]:
    """All of the evidence but where it was found, which naturally depends on the split."""
    nowhere = Origin(source="")
    return (
        [replace(record, origin=nowhere) for record in evidence.records],
        [replace(run, origin=nowhere) for run in evidence.actions],
        evidence.policies,
        replace(evidence.coverage, inputs=(), skipped=()),
    )


RECORDS = [a_record(number) if number % 3 else a_denial(number) for number in range(12)]
RECORDS += [RECORDS[2], RECORDS[3], a_record(3), a_record(5, recipientAccountId="111111111111")]
RECORDS += [a_record(20, eventID="late", addendum={"reason": "UPDATED_DATA", "originalEventID": "e-0004"}, awsRegion="us-east-1"), {"foo": 1}]
EXPECTED = told(read_evidence([an_input({"Records": RECORDS})]))


@settings(deadline=None, max_examples=examples(60))
@given(st.permutations(RECORDS), st.lists(st.integers(0, len(RECORDS)), max_size=5), st.randoms())
def test_order_and_split_of_files_change_nothing(records: list[Any], cuts: list[int], chance: random.Random) -> None:
    bounds = [0, *sorted(cuts), len(records)]
    parts = [records[start:end] for start, end in pairwise(bounds)]
    inputs = [an_input({"Records": part}, f"file-{chance.random()}") for part in parts]
    assert told(read_evidence(inputs)) == EXPECTED


@settings(deadline=None, max_examples=examples(40))
@given(st.permutations([an_input({"Records": RECORDS[:9]}, "a"), an_input({"Records": RECORDS[5:]}, "b"), an_input(RECORDS[1:4], "c"), an_input("x", "d")]))
def test_the_order_of_files_changes_not_one_word(inputs: list[RawInput]) -> None:
    assert repr(read_evidence(inputs)) == repr(read_evidence(sorted(inputs, key=lambda one: one.source)))


@settings(deadline=None, max_examples=examples(150))
@given(st.lists(ODD_RECORDS | JSON.filter(lambda value: not isinstance(value, dict)), max_size=8), st.sampled_from(["Records", "lines"]))
def test_reading_never_raises_and_never_drops(members: list[Any], form: str) -> None:
    for number, member in enumerate(members):
        if isinstance(member, dict):
            member["eventID"] = f"e-{number}"  # no duplicates by chance
    text = json.dumps({"Records": members}) if form == "Records" else "\n".join(json.dumps([member]) for member in members if isinstance(member, dict))
    given_count = len(members) if form == "Records" else sum(isinstance(member, dict) for member in members)
    evidence = read_evidence([an_input(text)])
    foreign = sum(piece.form in (Form.FOREIGN, Form.UNKNOWN) for piece in pieces_of(text.encode()))
    merged = evidence.coverage.duplicates
    assert evidence.coverage.records_read + evidence.coverage.unreadable + foreign + merged == given_count
    json.dumps([record.payload for record in evidence.records], ensure_ascii=False).encode()


@settings(deadline=None, max_examples=examples(200))
@given(ODD_RECORDS)
def test_an_odd_record_is_a_record_or_says_why_not(payload: dict[str, Any]) -> None:
    found = parse_record(payload, Origin(source="x"))
    assert isinstance(found, Record | Unreadable)
    if isinstance(found, Unreadable):
        assert found.reason


@settings(deadline=None, max_examples=examples(100))
@given(st.dictionaries(FIELDS.filter(lambda name: not name.startswith(("error", "event"))), JSON, max_size=6))
def test_a_denial_is_never_read_as_a_success(changes: dict[str, Any]) -> None:
    found = parse_record(a_denial(1) | changes, Origin(source="x"))
    if isinstance(found, Record):
        assert found.failed
        assert found.denial is not None
        assert found.issued is None
    else:
        assert "nested" in found.reason


@settings(deadline=None, max_examples=examples(200))
@given(JSON)
def test_any_value_falls_into_pieces(value: Any) -> None:
    for piece in pieces(value):
        assert piece.value is not None or piece.reason


@settings(deadline=None, max_examples=examples(200))
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_read_without_a_crash(data: bytes) -> None:
    read_evidence(read_inputs(["-"], stdin=data))


@settings(deadline=None, max_examples=examples(150))
@given(st.data())
def test_a_damaged_trail_is_read_without_a_crash_and_keeps_what_comes_before(data: st.DataObject) -> None:
    text = json.dumps({"Records": RECORDS[:6]}).encode()
    position = data.draw(st.integers(0, len(text) - 1))
    damage = data.draw(st.binary(max_size=6))
    damaged = text[:position] + damage + text[position + data.draw(st.integers(0, 40)) :]
    before = text[:position].count(b'"eventCategory": "Management"}, ')
    read = {record.event_id for record in read_evidence([an_input(damaged)]).records}
    assert {record["eventID"] for record in RECORDS[:before]} <= read


@settings(deadline=None, max_examples=examples(60))
@given(st.integers(0, 100))
def test_a_cut_gzip_keeps_the_records_before_the_cut(percent: int) -> None:
    packed = gzip.compress(json.dumps({"Records": RECORDS[:6]}).encode())
    cut = packed[: len(packed) * percent // 100]
    evidence = read_evidence(read_inputs(["-"], stdin=cut))
    assert evidence.coverage.skipped or percent == 100
    assert {record.event_id for record in evidence.records} <= {f"e-{number:04d}" for number in range(6)}


@settings(deadline=None, max_examples=examples(200))
@given(st.text(alphabet='{}[]",:=\\ud8 01eE.-ntrueflsNaI\x00', max_size=60))
def test_the_fast_and_the_plain_decoder_agree(text: str) -> None:
    """msgspec reads what it can; everything that it accepts, the standard library gives the same value for."""
    import msgspec

    try:
        fast = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError):
        return
    assert repr(decode.PLAIN.decode(decode.harmless(text))) == repr(fast)


@given(JSON)
def test_the_fast_and_the_plain_decoder_agree_on_json(value: Any) -> None:
    import msgspec

    text = json.dumps(value)
    try:
        fast = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError):
        return
    assert repr(decode.PLAIN.decode(decode.harmless(text))) == repr(fast)


@given(st.text(alphabet="{}[]=, abc:\n", max_size=200))
def test_any_hive_text_is_read_without_a_crash(text: str) -> None:
    parse_struct(text)


@settings(max_examples=examples(50))
@given(st.lists(st.sampled_from(RECORDS[:12]), min_size=1, max_size=6), st.sampled_from([None, 2]))
def test_what_is_whole_breaks_nowhere(records: list[Any], indent: int | None) -> None:
    assert not any(isinstance(found, Break) for found in documents(json.dumps(records, indent=indent).encode()))
