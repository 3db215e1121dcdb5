"""Each thing once, whatever the order and split of the files that hold it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Set
from datetime import UTC, datetime
from typing import Any, TypeVar

from msgspec.structs import fields, replace

from trailsleuth.ingest.columns import NAMES
from trailsleuth.ingest.record import canonical, parse_record
from trailsleuth.model import ActionRun, Origin, Pipeline, PipelineRun, Record, Skipped

Key = tuple[str, str | None]
T = TypeVar("T", Pipeline, PipelineRun, ActionRun)

_EARLIEST = datetime.min.replace(tzinfo=UTC)

# An addendum's own members, which the record that it corrects does not take over.
_OWN = frozenset({"eventID", "addendum"})


class RecordsOnce:
    """Records by (eventID, recipientAccountId); of copies the one stands that tells of a denial, then the one with the caller and more of the members."""

    def __init__(self) -> None:
        self.duplicates = 0
        self.notes: list[Skipped] = []
        self._records: dict[Key, Record] = {}
        self._told: dict[Key, dict[tuple[object, ...], str]] = {}  # of duplicates: each telling, and the first source of it

    def add(self, record: Record) -> None:
        """Takes the record in, or counts it as a duplicate."""
        key = (record.event_id, record.recipient_account)
        known = self._records.setdefault(key, record)
        if known is record:
            return
        self.duplicates += 1
        self._records[key] = min(known, record, key=_standing)
        told = self._told.setdefault(key, {_said(known): known.origin.source})
        told[_said(record)] = min(told.get(_said(record), record.origin.source), record.origin.source)

    def keys(self) -> Set[Key]:
        """What the records so far are known by."""
        return self._records.keys()

    def all(self) -> Iterable[Record]:
        """The records so far, in no order."""
        return self._records.values()

    def corrected(self) -> list[tuple[Key, Key]]:
        """The record that each addendum corrects, and the addendum."""
        addenda = [(key, record) for key, record in self._records.items() if "addendum" in record.payload]
        return [((original, key[1]), key) for key, record in addenda if (original := _original(record)) is not None and original != key[0]]

    def sorted(self) -> tuple[Record, ...]:
        """All records by time, id and account, addenda merged into what they correct."""
        for (event_id, _), told in self._told.items():
            if _contradict(told):
                self.notes.append(Skipped(source=min(told.values()), reason=f"the copies of record {event_id} differ: one may be forged", lost=False))
        self._merge_addenda()
        return tuple(sorted(self._records.values(), key=lambda record: (record.event_time, record.event_id, record.recipient_account or "")))

    def _merge_addenda(self) -> None:
        """A late correction (`addendum.originalEventID`) goes over the fields of its record; what it does not name stays.

        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html#ct-addendum
        """
        for corrected, key in sorted(self.corrected(), key=lambda pair: (self._records[pair[1]].event_time, pair[1][0], pair[1][1] or "")):
            addendum, original = self._records[key], self._records.get(corrected)
            if original is None:
                continue
            late = {name: value for name, value in addendum.payload.items() if value is not None and name not in _OWN}
            merged = parse_record({**original.payload, **late}, original.origin)
            if isinstance(merged, Record):
                self._records[(original.event_id, original.recipient_account)] = merged
                del self._records[key]
                self.duplicates += 1
                self.notes.append(
                    Skipped(source=addendum.origin.source, reason=f"the addendum {key[0]} was merged into record {original.event_id}", lost=False)
                )


def _original(addendum: Record) -> str | None:
    value = addendum.payload["addendum"]
    original = value.get("originalEventID") if isinstance(value, dict) else None
    return original if isinstance(original, str) else None


def _standing(record: Record) -> tuple[bool, bool, bool, int, int, int, str, str, int]:
    text, payload = canonical(dict(record.payload)), record.payload
    told = [value for name in NAMES if (value := payload.get(name)) is not None]
    typed = sum(not isinstance(value, str) for value in told)  # a table has text in place of truth values and structs
    place = record.origin.source, record.origin.position
    return record.denial is None, not record.failed, record.identity.arn is None, -len(told), -typed, -len(text), text, *place


def _said(record: Record) -> tuple[object, ...]:
    """What no two honest copies of a record tell differently, in whatever form they were exported; None: the copy does not tell.

    Columns that somebody chose leave out what they leave out: without eventVersion, no error is not yet a success.
    """
    chosen = "eventVersion" not in record.payload
    code = record.error_code or (None if chosen else "none")
    return record.event_time.replace(microsecond=0), record.event_source or None, record.event_name or None, code, record.identity.arn


def _contradict(told: Iterable[tuple[object, ...]]) -> bool:
    """Two of the tellings differ in something that both tell."""
    return any(len({value for value in values if value is not None}) > 1 for values in zip(*told, strict=True))


def once(items: Iterable[T], key: Callable[[T], Hashable]) -> tuple[T, ...]:
    """Items of one key merged: the latest answer stands, and what it does not tell is taken from the others. Sorted by content."""
    groups: dict[Hashable, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return tuple(sorted((_merged(group) for group in groups.values()), key=_content))


def _merged(group: list[T]) -> T:
    best, *others = sorted(sorted(group, key=_content), key=lambda item: getattr(item, "updated", None) or _EARLIEST, reverse=True)
    for other in others:
        wanting = {part.name: getattr(other, part.name) for part in fields(best) if not getattr(best, part.name) and getattr(other, part.name)}
        best = replace(best, **wanting)
    return replace(best, origin=min((item.origin for item in group), key=_place))


def _place(origin: Origin) -> tuple[str, int]:
    return origin.source, origin.position


def _content(item: Pipeline | PipelineRun | ActionRun) -> tuple[Any, ...]:
    """An order that does not depend on where the item was found, unless all else is equal."""
    parts = tuple(repr(getattr(item, part.name)) for part in fields(item) if part.name != "origin")
    return getattr(item, "started", None) or _EARLIEST, parts, _place(item.origin)
