"""Records as rows of cells, out of plain log files without reading more of a record than a row shows; equal to what the records themselves give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby, islice
from typing import TYPE_CHECKING, cast

import msgspec

from trailsleuth.api.cleaned import record_without_secrets
from trailsleuth.ingest.decode import decode
from trailsleuth.ingest.evidence import Reader, no_collector
from trailsleuth.ingest.fields import map_of
from trailsleuth.ingest.once import Key
from trailsleuth.ingest.record import without_credentials
from trailsleuth.model import JsonMap, RawInput, Record, Skipped
from trailsleuth.patterns import late
from trailsleuth.report.document import utc
from trailsleuth.report.frames import RecordColumns, caller_cells, record_columns
from trailsleuth.report.views import EVENT_COLUMNS, csv_cell, csv_line, member_of, selected
from trailsleuth.scan.callers import Callers
from trailsleuth.scan.lines import Placed, lines_in
from trailsleuth.scan.shapes import NotThisShape
from trailsleuth.sources.secrets import clean_text, may_hold_secret, record_members, without_secrets

if TYPE_CHECKING:
    import pandas as pd

    from trailsleuth.api.views import EventStream

_CALLERS = tuple(column for column in EVENT_COLUMNS if column.startswith("userIdentity."))
_HARMLESS = late("[0-9a-f][0-9a-f-]*")  # holds no secret, and needs neither quotes nor care
_MOST = 50_000  # parts of records that are held, for others that say the same
_AT_ONCE = 10_000


def csv_rows(stream: EventStream) -> Iterator[str]:
    """The wanted records as lines of CSV, a cell for each of EVENT_COLUMNS; secrets are taken out."""
    for one in stream.lines():
        yield _csv_line(one) if isinstance(one, Placed) else csv_line(map(csv_cell, selected(one, EVENT_COLUMNS).values()))


def _csv_line(placed: Placed) -> str:
    line = placed.line
    cells = (
        line.eventTime,
        _cell(line.recipientAccountId),
        _cell(line.awsRegion),
        _cell(line.eventSource),
        _cell(line.eventName),
        _callers_cells(placed.caller),
        _cell(line.sourceIPAddress),
        _cell(line.userAgent),
        _cell(line.errorCode),
        _cell(line.errorMessage),
        _id_cell(line.sharedEventID),
        _id_cell(line.requestID),
        _id_cell(line.eventID),
    )
    return csv_line(cells)


@lru_cache(maxsize=65_536)
def _cell(text: str | None) -> str:
    return csv_cell(text and clean_text(text))


def _id_cell(text: str | None) -> str:
    """Hardly one comes again."""
    return "" if text is None else text if _HARMLESS.fullmatch(text) else csv_cell(clean_text(text))


@lru_cache(maxsize=16_384)
def _callers_cells(caller: bytes) -> str:
    payload = record_members({"userIdentity": decode(caller)})
    return ",".join(csv_cell(member_of(payload, column)) for column in _CALLERS)


def events_frame(stream: EventStream) -> pd.DataFrame:
    """The wanted records in the order of the evidence."""
    columns, cells = RecordColumns(), _Cells()
    for kind, found in groupby(stream.lines(), key=type):
        while batch := list(islice(found, _AT_ONCE)):
            columns.add(cells.of_lines(cast("list[Placed]", batch)) if kind is Placed else record_columns(cast("list[Record]", batch)))
    return columns.frame()


def evidence_frame(inputs: Callable[[], Iterable[RawInput | Skipped]]) -> pd.DataFrame:
    """All records of the inputs, each once, by time, id and account. Where there are copies, the inputs are gone through again to compare them."""
    with no_collector():
        reader = _ColumnReader()
        for item in inputs():
            reader.take(item)
        reader.join_collected()
        if contested := reader.contested():
            for item in inputs():
                reader.take_contested(item, contested)
        return reader.frame(contested)


class _ColumnReader(Reader):
    """Reads plain log files into columns, and into records what has another form or has to be compared."""

    def __init__(self) -> None:
        super().__init__()
        self._columns, self._cells = RecordColumns(), _Cells()
        self._keys: list[Key] = []
        self._times: list[str] = []

    def _take_content(self, item: RawInput) -> None:
        placed = lines_in(item.data, item.source)
        if placed is None:
            super()._take_content(item)
            return
        self._keys += [one.key for one in placed]
        self._times += [one.line.eventTime for one in placed]
        self._columns.add(self._cells.of_lines(placed))

    def contested(self) -> frozenset[Key]:
        """The records in the columns of which there are copies, or that others correct."""
        once = set(self._keys)
        twice = {key for key, count in Counter(self._keys).items() if count > 1} if len(once) < len(self._keys) else set()
        return frozenset(twice | once & (self.records.keys() | {corrected for corrected, _ in self.records.corrected()}))

    def take_contested(self, item: RawInput | Skipped, contested: frozenset[Key]) -> None:
        """Reads those of an input as records."""
        for one in (lines_in(item.data, item.source) or ()) if isinstance(item, RawInput) else ():
            if one.key in contested:
                self.add(one.record())

    def frame(self, contested: frozenset[Key]) -> pd.DataFrame:
        """All records, sorted."""
        order = [(time[:-1], *key, row) for row, (time, key) in enumerate(zip(self._times, self._keys, strict=True)) if key not in contested]
        records = list(map(record_without_secrets, self.records.sorted()))
        order += [((utc(one.event_time) or "")[:-1], one.event_id, one.recipient_account, row) for row, one in enumerate(records, len(self._keys))]
        self._columns.add(record_columns(records))
        order.sort(key=lambda place: (place[0], place[1], place[2] or ""))
        return self._columns.frame([row for *_, row in order])


class _Cells:
    """Makes cells of lines; what equal callers, requests and answers give is there once."""

    def __init__(self) -> None:
        self._callers = Callers()
        self._told: dict[bytes, tuple[str | None, ...]] = {}
        self._parts: dict[bytes, JsonMap] = {b"null": {}}

    def of_lines(self, placed: Sequence[Placed]) -> Iterator[Sequence[object]]:
        """Column by column."""
        lines = [one.line for one in placed]
        yield [line.eventTime for line in lines]
        yield [line.eventSource for line in lines]
        yield [line.eventName for line in lines]
        yield [line.awsRegion or "" for line in lines]
        yield [line.recipientAccountId or None for line in lines]
        yield from zip(*[self._caller(one.caller) for one in placed], strict=True)
        yield [line.errorCode or None for line in lines]
        yield [clean_text(line.errorMessage) if line.errorMessage else None for line in lines]
        yield [bool(one.line.errorCode) and one.is_denied() for one in placed]
        yield [line.sourceIPAddress or None for line in lines]
        yield [line.userAgent or None for line in lines]
        yield [line.readOnly for line in lines]
        yield [line.sharedEventID or None for line in lines]
        yield [line.requestID or None for line in lines]
        yield [line.eventID for line in lines]
        yield [self._part("requestParameters", bytes(line.requestParameters)) for line in lines]
        yield [self._part("responseElements", bytes(line.responseElements)) for line in lines]
        yield [f"{one.source}#{one.position}" for one in placed]

    def _caller(self, raw: bytes) -> tuple[str | None, ...]:
        found = self._told.get(raw)
        if found is None:
            found = self._told[raw] = caller_cells(self._callers.of_bytes(raw))
        return found

    def _part(self, name: str, raw: bytes) -> JsonMap:
        found = self._parts.get(raw)
        if found is None:
            if len(self._parts) >= _MOST:
                self._parts = {b"null": {}}
            found = self._parts[raw] = _part(name, raw)
        return found


def _part(name: str, raw: bytes) -> JsonMap:
    """The request or the answer in a record as it may be shown."""
    try:
        value = msgspec.json.decode(raw)
        if b"redentials" in raw and name == "responseElements":
            value = without_credentials({name: value})
            raw = msgspec.json.encode(value)
    except NotThisShape:
        value = without_credentials({name: decode(raw)}) if name == "responseElements" else decode(raw)
    if value.__class__ is dict and not may_hold_secret(raw):
        return cast("JsonMap", value)
    shown = without_secrets(map_of(value), 1)
    return shown if isinstance(shown, dict) else {}
