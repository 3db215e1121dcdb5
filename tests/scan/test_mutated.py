"""The fast looks at a log file against the careful reader, on files that were tampered with: they agree, or the fast look declines."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from tests.scan.test_equal_to_reading_everything import compact, shuffled, some_files
from trailsleuth.catalog.messages import message_forms
from trailsleuth.ingest.denials import read_denial
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import Evidence, RawInput
from trailsleuth.scan.first_look import glance_at
from trailsleuth.scan.identity import Identities
from trailsleuth.scan.quick_denial import is_beyond_doubt
from trailsleuth.scan.refused import Pile, refused_in

T = TypeVar("T")
ROUNDS = 1500
RECORDS = [record for seed in ("mutated", "more") for one in some_files(seed) for record in one]
REFUSED = [record for record in RECORDS if record.get("errorCode")]
OPENING = [record for record in RECORDS if record["eventName"].startswith("AssumeRole")]
MEMBERS: dict[str, list[Any]] = {
    "errorCode": ["AccessDenied", "Client.UnauthorizedOperation", "", None, 5, ["x"], {"a": 1}, "ThrottlingException"],
    "errorMessage": ["x is not authorized to perform: s3:Get on resource: y", None, "Access Denied", {"m": "denied"}],
    "eventName": ["AssumeRole", "GetSessionToken", "X", "PutEvents", ""],
    "eventTime": ["2026-03-04 09:00:00", "nope", None, "2026-13-04T09:00:00Z", "2026-03-04T09:00:00.5Z", "2026-02-30T09:00:00Z"],
    "userIdentity": [None, "x", {}, {"type": 5}, {"type": "AWSService", "invokedBy": "x"}],
    "responseElements": [{"entries": [{"errorCode": "AccessDenied", "errorMessage": "m"}], "credentials": "x"}],
    "requestParameters": [{"x": REFUSED[0], "t": json.dumps(REFUSED[1])}],
    "addendum": [{"reason": "x"}],
    "insightDetails": [{}, None],
}
SPELLINGS = [
    (b'"errorCode"', b'"err\\u006frCode"'),
    (b'"errorCode":', b'"errorCode" : '),
    (b'"errorMessage"', b'"errorCode":null,"errorMessage"'),
    (b'{"eventVersion"', b'{ "eventVersion"'),
    (b',{"eventVersion"', b', {"eventVersion"'),
    (b'"AssumeRole"', b'"Assume\\u0052ole"'),
    (b'{"Records":[', b'{"Records":[],"Records":['),
]


def tampered(dice: random.Random) -> bytes:
    """A log file of a few records, some of them changed, written in an odd way or damaged."""
    chosen = dice.sample(RECORDS, dice.randrange(1, 12)) + dice.sample(REFUSED, dice.randrange(3)) + dice.sample(OPENING, dice.randrange(3))
    name = dice.choice(list(MEMBERS))
    records = []
    for record in {record["eventID"]: record for record in chosen}.values():
        match dice.randrange(6):
            case 0:
                records.append({**record, name: dice.choice(MEMBERS[name])})
            case 1:
                records.append(shuffled(record, dice))
            case 2:
                records.append({key: value for key, value in record.items() if key != dice.choice(list(record))})
            case _:
                records.append(record)
    data = compact(records)
    at = dice.randrange(len(data))
    match dice.randrange(5):
        case 0:
            return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
        case 1:
            return data[:at] + data[at + dice.randrange(50) :]
        case 2:
            return data.replace(*dice.choice(SPELLINGS), dice.randrange(1, 4))
        case _:
            return data


def carefully(data: bytes) -> Evidence:
    return read_evidence([RawInput(source="x", data=data, sha256="0" * 64, path="x", size=len(data))])


def ids_in(pile: Pile) -> set[str]:
    return {json.loads(line.decode("utf-8", "replace"))["eventID"] for line in pile.content().splitlines()}


def looked_at(seed: int, look: Callable[[bytes], T | None]) -> Iterator[tuple[T, Evidence]]:
    """What a fast look found in tampered files, each with what the careful reader finds; the files that it declined are left out."""
    dice = random.Random(seed)
    looks = 0
    for _ in range(ROUNDS):
        data = tampered(dice)
        found = look(data)
        if found is not None:
            looks += 1
            yield found, carefully(data)
    assert looks > ROUNDS // 10


@pytest.mark.parametrize("seed", range(2))
def test_the_look_for_refusals_agrees_with_the_careful_reader(seed: int) -> None:
    for found, evidence in looked_at(seed, refused_in):
        records = evidence.records
        assert ids_in(found.refused) == {r.event_id for r in records if r.denial is not None}
        assert ids_in(found.openings) == {r.event_id for r in records if r.issued is not None and r.response.get("credentials")}


def test_what_is_beyond_doubt_is_read_as_a_denial_of_the_call() -> None:
    """Every text of the tables, with every code of theirs."""
    texts = [example["text"] for form in message_forms() for example in form.examples]
    for code in ("AccessDenied", "Client.UnauthorizedOperation", "AccessDeniedException", "InvalidRoleException", "ValidationException"):
        for text in (*texts, *("".join((word, ": ", text)) for word in ("User", "x is not authorized to perform") for text in texts)):
            denial = read_denial(code, text, event_source="s3.amazonaws.com", event_name="GetObject", of_record=True)
            assert not is_beyond_doubt(code, text) or (denial is not None and denial.of_the_call), text


@pytest.mark.parametrize("seed", range(2))
def test_the_first_look_agrees_with_the_careful_reader(seed: int) -> None:
    for found, evidence in looked_at(seed, lambda data: glance_at(data, Identities())):
        kept = {json.loads(raw.decode("utf-8", "replace"))["eventID"] for _, raw in (*found.kept, *((one.position, one.raw) for one in found.refused))}
        assert {r.event_id for r in evidence.records if r.denial is not None} <= kept
        assert found.records == evidence.coverage.records_read + evidence.coverage.duplicates
        denied = {r.event_id for r in evidence.records if r.denial is not None and r.denial.of_the_call}
        assert {json.loads(one.raw.decode("utf-8", "replace"))["eventID"] for one in found.refused} <= denied
        held = {(one.account, one.records, f"{one.first_event:%FT%TZ}", f"{one.last_event:%FT%TZ}") for one in evidence.coverage.accounts}
        assert {(span.account, span.records, span.first, span.last) for span in found.spans} == held
