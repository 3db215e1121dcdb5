"""The refused records of what is no plain log file, by the careful reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from trailsleuth.ingest.evidence import no_collector, read_evidence
from trailsleuth.model import Evidence, RawInput, Record, Skipped
from trailsleuth.scan.identity import mark, who_of
from trailsleuth.scan.refused import RefusedIn, session_number


def read_carefully(item: RawInput | Skipped) -> Evidence:
    """What an input holds."""
    with no_collector():
        return read_evidence([item])


def picked_from(records: Sequence[Record], refused_at: int, openings_at: int) -> RefusedIn:
    """The refused records and the openings among them."""
    found = RefusedIn(refused_at, openings_at)
    found.records = len(records)
    refused = [record for record in records if record.denial is not None]
    found.refused.put(list(map(_encoded, refused)), _numbers(refused), _sessions(refused))
    opened = [(record, record.issued) for record in records if record.denial is None and record.issued is not None and record.response.get("credentials")]
    openings = [record for record, _ in opened]
    keys, owners = [mark(issued.access_key_id) << 32 for _, issued in opened], [mark(issued.assumed_role_id) for _, issued in opened]
    found.openings.put(list(map(_encoded, openings)), _numbers(openings), keys, owners, _sessions(openings))
    return found


def _numbers(records: Iterable[Record]) -> list[int]:
    return [mark(record.event_id) for record in records]


def _sessions(records: Iterable[Record]) -> list[int]:
    callers = [who_of(record.identity) for record in records]
    return [session_number(who.key, who.owner) for who in callers]


def _encoded(record: Record) -> bytes:
    """As JSON; the reader may have made what it took out of an odd form, and has taken out what is secret."""
    return msgspec.json.encode(dict(record.payload))
