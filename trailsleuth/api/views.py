"""The trail without a question: records as a stream, the sessions in it, a timeline. What replaces grep over exports.

Inputs are read one after the other and records given out as they are read, so that a trail of any size can be looked through.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, TypedDict

from msgspec import Struct

from trailsleuth.api.cleaned import record_without_secrets
from trailsleuth.api.paths import read_paths
from trailsleuth.ingest.contents import pieces_of
from trailsleuth.ingest.documents import Document, documents
from trailsleuth.ingest.pieces import COUNTED, Form
from trailsleuth.ingest.record import parse_record
from trailsleuth.model import Origin, RawInput, Record, Skipped
from trailsleuth.model.names import role_of
from trailsleuth.model.view import Moment, Opening, SessionView, kind_of
from trailsleuth.scan.callers import Callers
from trailsleuth.scan.lines import Placed, lines_in
from trailsleuth.scan.refused import Raw, denied_in
from trailsleuth.sources.files.exports import check_paths
from trailsleuth.sources.files.kinds import is_more_than_files

__all__ = ["Conditions", "EventStream", "Where", "events", "sessions", "timeline"]

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
_DOTTED = b'"userIdentity.'  # a member that is named as one of the caller's
_LOST = (Form.BROKEN, Form.CUT)


class Conditions(TypedDict, total=False):
    """The fields of `Where`, as keyword arguments."""

    account: str | None
    region: str | None
    call: str | None
    principal: str | None
    session: str | None
    access_key: str | None
    event_id: str | None
    code: str | None
    address: str | None
    text: str | None
    since: datetime | None
    until: datetime | None
    denied: bool
    failed: bool
    writes: bool


class Where(Struct, frozen=True, kw_only=True):
    """Which records are wanted: all conditions that are given must hold. Texts may have `*` and `?`, and capitals do not matter.

    `call` is `ecs:RunTask` or a bare `RunTask`; `principal` a role, user or session by ARN or by name; `text` stands anywhere in the record.
    `denied` are denied calls, `failed` calls with any error, `writes` calls that are not read-only.
    """

    account: str | None = None
    region: str | None = None
    call: str | None = None
    principal: str | None = None
    session: str | None = None
    access_key: str | None = None
    event_id: str | None = None
    code: str | None = None
    address: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    denied: bool = False
    failed: bool = False
    writes: bool = False

    def holds(self, record: Record) -> bool:
        """Whether the record is wanted."""
        if (self.since is not None and record.event_time < self.since) or (self.until is not None and record.event_time > self.until):
            return False
        if (self.denied and record.denial is None) or (self.failed and not record.failed) or (self.writes and record.read_only is True):
            return False
        return all(any(_like(value, wanted) for value in values) for wanted, values in self._asked(record)) and _has(record, self.text)

    def _asked(self, record: Record) -> Iterator[tuple[str, tuple[str | None, ...]]]:
        """The texts asked for, each with what of the record may be meant."""
        who, service = record.identity, record.event_source.removesuffix(".amazonaws.com")
        issued = record.issued
        asked: tuple[tuple[str | None, tuple[str | None, ...]], ...] = (
            (self.account, (record.recipient_account, who.account)),
            (self.region, (record.region,)),
            (self.call, (f"{service}:{record.event_name}", record.event_name)),
            (self.principal, (role_of(record), who.arn, _name(role_of(record)), who.user_name, who.invoked_by)),
            (self.session, (_name(who.arn), issued.session_name if issued else None)),
            (self.access_key, (who.access_key_id, issued.access_key_id if issued else None)),
            (self.event_id, (record.event_id, record.shared_event_id)),
            (self.code, (record.error_code,)),
            (self.address, (record.source_ip,)),
        )
        return ((wanted, values) for wanted, values in asked if wanted is not None)

    def can_stand_in(self, data: bytes) -> bool:
        """False where an id that is asked for is surely not in the input, so that it need not be read."""
        ids = [text for text in (self.event_id, self.access_key) if text and text.isascii() and text.replace("-", "").isalnum()]
        return all(text.encode() in data for text in ids)


def _like(value: str | None, wanted: str) -> bool:
    return value is not None and fnmatchcase(value.lower(), wanted.lower())


def _name(arn: str | None) -> str | None:
    return arn.rpartition("/")[2] if arn else None


def _has(record: Record, text: str | None) -> bool:
    return text is None or text.lower() in str(record.payload).lower()


_ANY = Where()


class EventStream:
    """Iterates over the wanted records in the order of the evidence, copies and secrets left out; counts what could not be read on the way.

    `whole`: records come with payload, request and answer, which those of plain log files else lack where nothing but a payload is made of them.
    """

    def __init__(self, paths: Paths, where: Where, *, stdin: bytes | None = None, whole: bool = True) -> None:
        listed = [os.fspath(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
        if not is_more_than_files(listed):
            check_paths(listed)
        self._inputs = read_paths(listed, stdin=stdin)
        self.where = where
        self._whole = whole or where.text is not None
        self._callers = Callers()
        self._seen: set[int] = set()
        self.read = 0
        self.found = 0
        self.unreadable = 0
        self.skipped: list[Skipped] = []

    def __iter__(self) -> Iterator[Record]:
        for record in self.every():
            if self.where.holds(record):
                self.found += 1
                yield record_without_secrets(record)

    def lines(self) -> Iterator[Placed | Record]:
        """The wanted records as lines where they stand in plain log files."""
        for one in self._told(skimming=True, by_line=True):
            if self.where == _ANY or self.where.holds(self._record(one)):
                self.found += 1
                yield one if isinstance(one, Placed) else record_without_secrets(one)

    def every(self, *, skimming: bool = True) -> Iterator[Record]:
        """All records, each once; `skimming` leaves out inputs in which an id that is asked for does not occur."""
        return map(self._record, self._told(skimming=skimming, by_line=not self._whole))

    def _record(self, one: Placed | Record) -> Record:
        if isinstance(one, Record):
            return one
        return one.record() if self._whole else one.bare_record(self._callers)

    def _told(self, *, skimming: bool, by_line: bool) -> Iterator[Placed | Record]:
        for item in self._inputs:
            if isinstance(item, Skipped):
                self.skipped.append(item)
            elif item.data and (not skimming or self.where.can_stand_in(item.data)):
                picked = denied_in(item.data) if skimming and self.where.denied else None
                plain = lines_in(item.data, item.source) if by_line and picked is None and _DOTTED not in item.data else None
                if picked is not None:
                    yield from self._denied_of(item.source, *picked)
                elif plain is not None:
                    yield from (one for one in plain.placed() if self._is_new(one.key))
                else:
                    yield from self._records_of(item)

    def _denied_of(self, source: str, records: int, denied: Sequence[tuple[int, Raw]]) -> Iterator[Record]:
        """Out of a plain log file whose other records need not be read; copies among those are counted."""
        for position, raw in denied:
            for found in documents(bytes(raw)):
                if isinstance(found, Document) and isinstance(found.value, dict):
                    yield from self._once(found.value, Origin(source=source, position=position))
        self.read += records - len(denied)

    def _records_of(self, item: RawInput) -> Iterator[Record]:
        position = 0
        for piece in pieces_of(item.data):
            if piece.form is Form.RECORD:
                yield from self._once(piece.value, Origin(source=item.source, position=position))
            else:
                self.unreadable += piece.form in _LOST
            position += piece.form in COUNTED

    def _once(self, value: dict[str, Any], origin: Origin) -> Iterator[Record]:
        found = parse_record(value, origin)
        if not isinstance(found, Record):
            self.unreadable += 1
        elif self._is_new((found.event_id, found.recipient_account)):
            yield found

    def _is_new(self, key: tuple[str, str | None]) -> bool:
        """Counts a record, a copy of one that was met aside."""
        number = hash(key)
        if number in self._seen:
            return False
        self._seen.add(number)
        self.read += 1
        return True


class HeldEvents(EventStream):
    """The same over records that were read already, copies left out then."""

    def __init__(self, records: Iterable[Record], where: Where) -> None:
        super().__init__([], where)
        self._records = records

    def every(self, *, skimming: bool = True) -> Iterator[Record]:  # noqa: ARG002 - nothing is skimmed over
        """All records."""
        for record in self._records:
            self.read += 1
            yield record


def events(paths: Paths, where: Where | None = None, *, stdin: bytes | None = None, whole: bool = True) -> EventStream:
    """The records of the evidence, as they are read; see `EventStream`."""
    return EventStream(paths, where or Where(), stdin=stdin, whole=whole)


def sessions(paths: Paths, where: Where | None = None, *, stdin: bytes | None = None) -> tuple[list[SessionView], EventStream]:
    """Every credential that made a wanted call, in the order of its first one, with who issued it; and the stream that told it.

    A call across accounts is in both trails: it counts once.
    """
    stream = EventStream(paths, where or Where(), stdin=stdin, whole=False)
    return sessions_in(stream), stream


def sessions_in(stream: EventStream) -> list[SessionView]:
    """The sessions of a stream."""
    views: dict[str, SessionView] = {}
    openings: dict[str, Opening] = {}
    for record in stream.every(skimming=False):
        who = record.identity
        if record.issued is not None and record.issued.access_key_id:
            openings.setdefault(record.issued.access_key_id, Opening.of(record, role_of(record)))
        if stream.where.holds(record) and who.type != "AWSService":  # a service that calls by itself has no credential
            stream.found += 1
            key = who.access_key_id or who.arn or who.principal_id or "unknown"
            views.setdefault(key, SessionView.of(record, role_of(record))).add(record)
    for view in views.values():
        view.opened = openings.get(view.access_key_id or "")
    told = {shared for view in views.values() if view.access_key_id for shared in view.shared}
    kept = [view for view in views.values() if view.access_key_id or len(view.shared) < view.calls or not view.shared <= told]
    return sorted(kept, key=lambda view: (view.first, view.principal or "", view.access_key_id or ""))


def timeline(paths: Paths, where: Where | None = None, *, stdin: bytes | None = None) -> tuple[list[Moment], EventStream]:
    """The wanted calls in the order of time, equal neighbours as one; and the stream that told them. A call in two trails stands once."""
    stream = EventStream(paths, where or Where(), stdin=stdin, whole=False)
    return moments_in(stream), stream


def moments_in(stream: Iterable[Record]) -> list[Moment]:
    """The moments of a stream."""
    seen: set[str] = set()
    moments: list[Moment] = []
    for record in stream:
        if record.shared_event_id is not None:
            if record.shared_event_id in seen:
                continue
            seen.add(record.shared_event_id)
        moments.append(Moment.of(record, role_of(record), kind_of(record)))
    moments.sort(key=lambda moment: (moment.time, moment.event_id))
    return _joined(moments)


def _joined(moments: list[Moment]) -> list[Moment]:
    joined: list[Moment] = []
    for moment in moments:
        if joined and joined[-1].equals(moment):
            joined[-1].until = moment.time
            joined[-1].count += 1
        else:
            joined.append(moment)
    return joined
