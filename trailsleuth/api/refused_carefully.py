"""The refused records of what is no plain log file, by the careful reader."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from trailsleuth.ingest.evidence import no_collector, read_evidence
from trailsleuth.ingest.scan_identity import mark, who_of
from trailsleuth.ingest.scan_refused import RefusedIn, number_of, session_number
from trailsleuth.model import Evidence, RawInput, Record, Skipped


def read_carefully(item: RawInput | Skipped) -> Evidence:
    """What an input holds."""
    with no_collector():
        return read_evidence([item])


def picked_from(records: Iterable[Record], refused_at: int, openings_at: int) -> RefusedIn:
    """The refused records and the openings among them."""
    found = RefusedIn(refused_at, openings_at)
    for record in records:
        found.records += 1
        who = who_of(record.identity)
        session = session_number(who.key, who.owner)
        if record.denial is not None:
            found.refused.add(_encoded(record), number_of(record.event_id), session)
        elif (issued := record.issued) is not None and record.response.get("credentials"):
            key = mark(issued.access_key_id) << 32
            found.openings.add(_encoded(record), number_of(record.event_id), key, mark(issued.assumed_role_id), session)
    return found


def _encoded(record: Record) -> bytes:
    """As JSON; the reader may have made what it took out of an odd form, and has taken out what is secret."""
    return msgspec.json.encode(dict(record.payload))
