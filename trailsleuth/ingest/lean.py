"""Evidence whose records share what they have in common: a trail of one role holds the same few callers and requests again and again.

What a record says beyond its fields is let go but for what conditions ask of it, so this is for answers that show no whole record.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from datetime import datetime
from sys import intern
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.ingest.evidence import Reader, no_collector
from trailsleuth.ingest.once import RecordsOnce
from trailsleuth.model import Evidence, JsonMap, RawInput, Record, Skipped

KEPT = ("tlsDetails", "eventContext")  # of the whole record, what the conditions of a request read
T = TypeVar("T")
_NOTHING: JsonMap = {}


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
        self._contents: dict[int, int] = {}  # hashes of what names a record, and of the whole of it
        self._met = 0

    def add(self, record: Record) -> None:
        """Takes the record in, or counts it as a duplicate."""
        self._is_new(record)
        super().add(self._slimmed(record))

    def _is_new(self, record: Record) -> bool:
        """No copy of it was met yet."""
        content = hash(marshal.dumps(dict(record.payload), 2))
        key = hash((record.event_id, record.recipient_account))
        known = self._contents.setdefault(key, content)
        self.whole_needed = self.whole_needed or known != content or "addendum" in record.payload
        before, self._met = self._met, len(self._contents)
        return self._met > before

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


class _Fold(Struct):
    """Calls that say the same on one day."""

    first: Record
    last: Record
    count: int = 1


class FoldedRecords(LeanRecords):
    """The same, and of successful calls that say the same on one day only the first and the last, which counts for those between them."""

    def __init__(self) -> None:
        super().__init__()
        self._folds: dict[tuple[object, ...], _Fold] = {}

    def add(self, record: Record) -> None:
        """Takes the record in, or counts it: as a duplicate, or as one more of its kind."""
        if not self._is_new(record):
            self.duplicates += 1
            return
        slim = self._slimmed(record)
        if slim.category == "Data" and not slim.failed:
            slim = replace(slim, response=_NOTHING, additional=_NOTHING)  # ids of requests and versions: no two are alike, and nobody asks for them
        if slim.failed or slim.issued is not None:
            self._put(slim)
        else:
            self._fold(slim)

    def sorted(self) -> tuple[Record, ...]:
        """All that are held, by time, id and account."""
        for fold in self._folds.values():
            if fold.count > 2:
                self._put(replace(fold.last, counts_for=fold.count - 1))
        return super().sorted()

    def _put(self, record: Record) -> None:
        self._records[record.event_id, record.recipient_account] = record

    def _fold(self, record: Record) -> None:
        fold = self._folds.get(_saying(record))
        if fold is None:
            self._folds[_saying(record)] = _Fold(record, record)
            self._put(record)
            return
        fold.count += 1
        if _moment(record) < _moment(fold.first):
            left, fold.first = fold.first, record
        elif _moment(record) > _moment(fold.last):
            left, fold.last = fold.last, record
        else:
            return
        self._put(record)
        if left is not fold.first and left is not fold.last:
            del self._records[left.event_id, left.recipient_account]


def _moment(record: Record) -> tuple[datetime, str]:
    return record.event_time, record.event_id


def _saying(record: Record) -> tuple[object, ...]:
    """All that a record of a day says but its time and its own ids; shared members by what they are."""
    shared = (record.identity, record.request, record.response, record.resources, record.additional, *record.payload.values())
    place = (record.event_source, record.event_name, record.region, record.recipient_account, record.source_ip, record.user_agent, record.shared_event_id)
    kind = (record.event_type, record.category, record.read_only, record.vpc_endpoint_id, record.vpc_endpoint_account)
    return (record.event_time.toordinal(), *place, *kind, *map(id, shared))
