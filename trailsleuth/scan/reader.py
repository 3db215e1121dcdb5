"""Evidence out of a scan: the records that matter, and a coverage that counts all of them, equal to what reading everything gives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from trailsleuth.ingest.coverage import NO_ACCOUNT
from trailsleuth.ingest.documents import Document, documents
from trailsleuth.ingest.evidence import Reader
from trailsleuth.ingest.once import RecordsOnce
from trailsleuth.ingest.record import MAX_DEPTH, Hold, as_they_are, parse_record
from trailsleuth.ingest.times import parse_time
from trailsleuth.model import AccountCoverage, Coverage, Evidence, Origin, RawInput, Record, Skipped, Strangers, Unreadable
from trailsleuth.scan.callers import Callers
from trailsleuth.scan.first_look import Span, record_number
from trailsleuth.scan.light import LightRecords, Successes
from trailsleuth.scan.packed import packed
from trailsleuth.scan.second_look import LightCall

_WHOLE, _COUNTED = 1, 2  # the ways in which a record is taken


class _Tally(Struct):
    """What was counted of one account."""

    regions: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None
    records: int = 0

    def add(self, regions: Iterable[str], first: datetime | None, last: datetime | None, records: int) -> None:
        self.regions.update(regions)
        self.first = min((t for t in (self.first, first) if t is not None), default=None)
        self.last = max((t for t in (self.last, last) if t is not None), default=None)
        self.records += records


class ScanReader(Reader):
    """Takes whole inputs as the careful reader does, and besides single records of files that were only counted."""

    def __init__(self, last: int = 1, records: RecordsOnce | None = None) -> None:
        """`last`: how many of the last successes of a session are looked at; `records`: how single records are held."""
        super().__init__(records)
        self._packs = records is None  # else they are slimmed as they come
        self._callers = Callers()
        self._lights = LightRecords(self._callers)
        self._successes = Successes(self._lights, last)
        self._tallies: dict[str, _Tally] = {}
        self.strangers: tuple[Strangers, ...] = ()
        self._merged = 0
        self._repeats = 0
        self._taken: dict[str, bytearray] = defaultdict(bytearray)  # a byte for each record of a source: how it was taken
        self.read_whole: list[int] = []  # a number for each record of the inputs that are read whole, as `record_number` gives it

    def add(self, record: Record) -> None:
        """Takes a record of an input that is read whole."""
        self._tally(record.account).add((record.region,) if record.region else (), record.event_time, record.event_time, 1)
        self.read_whole.append(record_number(record.event_id, record.recipient_account))
        self._keep_once(record)

    def count_file(self, item: RawInput, spans: Iterable[Span]) -> None:
        """Puts a scanned file on record, with what it holds."""
        self.ledger.add_input(item)
        for span in spans:
            self._tally(span.account).add(span.regions, parse_time(span.first), parse_time(span.last), span.records)

    def count_copy(self, item: RawInput, records: int) -> None:
        """Puts a file on record that has the very content of another."""
        self.ledger.add_input(item)
        self._repeats += records

    def take_whole(self, source: str, position: int, raw: bytes) -> None:
        """One record of a scanned file, with all its members."""
        if not self._is_new(source, position, _WHOLE):
            return
        origin = Origin(source=source, position=position)
        shallow = raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH
        if (payload := _as_aws_writes_it(raw)) is not None:
            hold = partial(packed, raw=None if b"redentials" in raw else raw)  # a secret in it is taken out of the payload alone
            self._take_counted(payload, self._parsed(payload, origin, hold, shallow=shallow), origin)
            return
        for found in documents(raw):
            if isinstance(found, Document) and isinstance(found.value, dict):  # the scan has decoded it: it is nothing else
                for note in found.notes:
                    self.ledger.add_reason(Skipped(source=source, reason=note, lost=False))
                self._take_counted(found.value, self._parsed(found.value, origin, packed, shallow=shallow), origin)

    def _parsed(self, payload: dict[str, Any], origin: Origin, hold: Hold, *, shallow: bool) -> Record | Unreadable:
        return parse_record(payload, origin, identify=self._callers.of, hold=hold if self._packs else as_they_are, shallow=shallow)

    def _take_counted(self, payload: dict[str, Any], record: Record | Unreadable, origin: Origin) -> None:
        if isinstance(record, Record):
            self._keep_once(record)
        else:
            account = payload.get("recipientAccountId")
            self._tally(account if isinstance(account, str) else None).records -= 1
            self.ledger.add_unreadable(origin.source, record.reason)

    def take_light(self, source: str, call: LightCall) -> None:
        """One record of a scanned file of which only the fact counts."""
        if not self._is_new(source, call.position, _COUNTED):
            return
        if call.code or call.message:
            self._keep_once(self._lights.record(call, source))
        else:
            self._successes.count(source, call)

    def take_first(self, source: str, call: LightCall) -> None:
        """A success that is the first after a refusal: it stands, whatever becomes of the others of its session."""
        if self._is_new(source, call.position, _COUNTED):
            self._successes.count(source, call)
        if self._taken[source][call.position] == _COUNTED:
            self._successes.keep(source, call)

    def evidence(self) -> Evidence:
        """All of it, sorted."""
        for record in self._successes.records():
            self._keep_once(record)
        return replace(super().evidence(), strangers=self.strangers)

    def has(self, source: str, position: int) -> bool:
        """The record of a scanned file was taken."""
        taken = self._taken.get(source, b"")
        return position < len(taken) and taken[position] > 0

    def _is_new(self, source: str, position: int, way: int) -> bool:
        taken = self._taken[source]
        if position >= len(taken):
            taken.extend(bytes(position + 1 - len(taken)))
        if taken[position]:
            return False
        taken[position] = way
        return True

    def _keep_once(self, record: Record) -> None:
        before = self.records.duplicates
        self.records.add(record)
        if self.records.duplicates > before:
            self._tally(record.account).records -= 1
            self._merged += 1

    def _tally(self, account: str | None) -> _Tally:
        return self._tallies.setdefault(account or NO_ACCOUNT, _Tally())

    def span(self) -> tuple[datetime, datetime] | None:
        """The times of the first and of the last record of all."""
        times = [(tally.first, tally.last) for tally in self._tallies.values() if tally.first is not None and tally.last is not None]
        return (min(first for first, _ in times), max(last for _, last in times)) if times else None

    def coverage(self, records: tuple[Record, ...]) -> Coverage:
        """As if all records had been read. An addendum that was merged into its record counts for no record of its own."""
        addenda = self.records.duplicates - self._merged
        told = super().coverage(records)
        return replace(
            told,
            accounts=tuple(_account(name, tally) for name, tally in sorted(self._tallies.items()) if tally.records > 0),
            records_read=sum(tally.records for tally in self._tallies.values()) - addenda,
            denied=told.denied + sum(len(one.times) for one in self.strangers),
            duplicates=self.records.duplicates + self._repeats,
        )


def _as_aws_writes_it(raw: bytes) -> dict[str, Any] | None:
    """The record, where its bytes are the very ones that its members give again: no key stands twice in it."""
    try:
        payload = msgspec.json.decode(raw)
        return payload if msgspec.json.encode(payload) == raw and isinstance(payload, dict) else None
    except (msgspec.MsgspecError, OverflowError, RecursionError, UnicodeError):
        return None


def _account(name: str, tally: _Tally) -> AccountCoverage:
    return AccountCoverage(account=name, regions=tuple(sorted(tally.regions)), first_event=tally.first, last_event=tally.last, records=tally.records)
