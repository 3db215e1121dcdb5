"""Evidence whose records share what they have in common: a trail of one role holds the same few callers and requests again and again.

What a record says beyond its fields is let go but for what conditions ask of it, so this is for answers that show no whole record.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from dataclasses import replace
from sys import intern
from typing import Any, TypeVar

from trailsleuth.ingest.evidence import Reader, no_collector
from trailsleuth.ingest.once import RecordsOnce
from trailsleuth.model import Evidence, RawInput, Record, Skipped

KEPT = ("tlsDetails", "eventContext")  # of the whole record, what the conditions of a request read
T = TypeVar("T")


def read_lean(inputs: Iterable[RawInput | Skipped]) -> Evidence | None:
    """Everything in the inputs as `read_evidence` tells it, in less than half of the memory; None where copies of a record differ or an addendum corrects
    one, which takes the whole of them."""
    records = LeanRecords()
    reader = Reader(records)
    with no_collector():
        for item in inputs:
            reader.take(item)
            if records.whole_needed:
                return None
        return reader.evidence()


class LeanRecords(RecordsOnce):
    """Records by (eventID, recipientAccountId), slimmed as they come. `whole_needed`: copies of a record differ, or an addendum corrects one."""

    def __init__(self) -> None:
        super().__init__()
        self.whole_needed = False
        self._shared: dict[bytes, Any] = {}
        self._contents: dict[tuple[str, str | None], int] = {}

    def add(self, record: Record) -> None:
        """Takes the record in, or counts it as a duplicate."""
        content = hash(marshal.dumps(dict(record.payload), 2))
        known = self._contents.setdefault((record.event_id, record.recipient_account), content)
        self.whole_needed = self.whole_needed or known != content or "addendum" in record.payload
        super().add(self._slimmed(record))

    def _slimmed(self, record: Record) -> Record:
        """The record with shared members, and of the whole of it what is asked for later."""
        return replace(
            record,
            event_source=intern(record.event_source),
            event_name=intern(record.event_name),
            region=intern(record.region),
            identity=self._one(dict(record.payload.get("userIdentity") or {}), record.identity),
            request=self._one(dict(record.request), record.request),
            response=self._one(dict(record.response), record.response),
            additional=self._one(dict(record.additional), record.additional),
            resources=self._one([(r.arn, r.account, r.type) for r in record.resources], record.resources),
            source_ip=intern(record.source_ip) if record.source_ip else None,
            user_agent=intern(record.user_agent) if record.user_agent else None,
            payload={name: self._one({name: value}, value) for name in KEPT if (value := record.payload.get(name))},
        )

    def _one(self, content: dict[str, Any] | list[tuple[str | None, ...]], value: T) -> T:
        """The first of equal values."""
        found: T = self._shared.setdefault(marshal.dumps((type(value).__name__, content), 2), value)
        return found
