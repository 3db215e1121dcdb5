"""Records as rows of cells, out of plain log files without reading more of a record than a row shows; equal to what the records themselves give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING

from trailsleuth.api.cleaned import record_without_secrets
from trailsleuth.ingest.decode import decode
from trailsleuth.ingest.evidence import Reader, no_collector
from trailsleuth.ingest.fields import map_of
from trailsleuth.ingest.record import without_credentials
from trailsleuth.model import JsonMap, RawInput, Record, Skipped
from trailsleuth.patterns import late
from trailsleuth.report.frames import RECORD_COLUMNS, RecordRow, caller_cells, record_row
from trailsleuth.report.views import EVENT_COLUMNS, csv_cell, csv_line, member_of, selected
from trailsleuth.scan.callers import Callers
from trailsleuth.scan.lines import Placed, lines_in
from trailsleuth.sources.secrets import clean_text, may_hold_secret, record_members

if TYPE_CHECKING:
    from trailsleuth.api.views import EventStream

_CALLERS = tuple(column for column in EVENT_COLUMNS if column.startswith("userIdentity."))
_TIME, _ID, _ACCOUNT = map(RECORD_COLUMNS.index, ("eventTime", "eventID", "recipientAccountId"))
_HARMLESS = late("[0-9a-f][0-9a-f-]*")  # holds no secret, and needs neither quotes nor care
_MOST = 50_000  # parts of records that are held, for others that say the same
_NOTHING: JsonMap = {}


def csv_rows(stream: EventStream) -> Iterator[str]:
    """The wanted records as lines of CSV, a cell for each of EVENT_COLUMNS; secrets are taken out."""
    return stream.rows(_csv_line, lambda record: csv_line(map(csv_cell, selected(record, EVENT_COLUMNS).values())))


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


class _Rows:
    """Makes rows for a frame; what equal callers, requests and answers give is there once."""

    def __init__(self) -> None:
        self._callers = Callers()
        self._parts: dict[bytes, JsonMap] = {}

    def of_line(self, placed: Placed) -> RecordRow:
        line = placed.line
        return (
            line.eventTime,
            intern(line.eventSource),
            intern(line.eventName),
            intern(line.awsRegion or ""),
            _shared(line.recipientAccountId),
            *caller_cells(self._callers.of_bytes(placed.caller)),
            _shared(line.errorCode),
            clean_text(line.errorMessage) if line.errorMessage else None,
            placed.is_denied,
            _shared(line.sourceIPAddress),
            _shared(line.userAgent),
            line.readOnly,
            line.sharedEventID or None,
            line.requestID or None,
            line.eventID,
            self._part("requestParameters", bytes(line.requestParameters)),
            self._part("responseElements", bytes(line.responseElements)),
            f"{placed.source}#{placed.position}",
        )

    @staticmethod
    def of_record(record: Record) -> RecordRow:
        return record_row(record_without_secrets(record))

    def _part(self, name: str, raw: bytes) -> JsonMap:
        if raw == b"null":
            return _NOTHING
        found = self._parts.get(raw)
        if found is None:
            if len(self._parts) >= _MOST:
                self._parts.clear()
            found = self._parts[raw] = _part(name, raw)
        return found


def _shared(text: str | None) -> str | None:
    return intern(text) if text else None


def _part(name: str, raw: bytes) -> JsonMap:
    """The request or the answer in a record as it may be shown."""
    value = decode(raw)
    if isinstance(value, dict) and not may_hold_secret(raw):
        return value
    payload = {name: value}
    shown = record_members({name: map_of(without_credentials(payload) if name == "responseElements" else value)})[name]
    return shown if isinstance(shown, dict) else _NOTHING


def rows_of_events(stream: EventStream) -> Iterator[RecordRow]:
    """The wanted records as rows for a frame, in the order of the evidence."""
    rows = _Rows()
    return stream.rows(rows.of_line, rows.of_record)


def rows_of_evidence(inputs: Callable[[], Iterable[RawInput | Skipped]]) -> list[RecordRow]:
    """All records of the inputs as rows for a frame, each once, by time, id and account. Where copies differ, the inputs are gone through again."""
    with no_collector():
        reader = _RowReader()
        for item in inputs():
            reader.take(item)
        reader.join_collected()
        if reader.contested():
            reader.take_contested(inputs())
        return reader.rows()


class _RowReader(Reader):
    """Reads inputs into rows, and into records what is no plain log file or has to be compared."""

    def __init__(self) -> None:
        super().__init__()
        self._makes = _Rows()
        self._rows: dict[tuple[str, str | None], RecordRow] = {}
        self._contested: set[tuple[str, str | None]] = set()

    def _take_content(self, item: RawInput) -> None:
        placed = lines_in(item.data, item.source)
        if placed is None:
            super()._take_content(item)
            return
        for one in placed:
            if self._rows.setdefault(one.key, row := self._makes.of_line(one)) is not row:
                self._contested.add(one.key)

    def contested(self) -> bool:
        """Some records were met more than once, or are corrected by others."""
        self._contested |= (self.records.keys() | {corrected for corrected, _ in self.records.corrected()}) & self._rows.keys()
        return bool(self._contested)

    def take_contested(self, inputs: Iterable[RawInput | Skipped]) -> None:
        """Reads those as records."""
        for key in self._contested:
            del self._rows[key]
        for item in inputs:
            for one in (lines_in(item.data, item.source) or ()) if isinstance(item, RawInput) else ():
                if one.key in self._contested:
                    self.add(one.record())

    def rows(self) -> list[RecordRow]:
        """All of them, sorted."""
        rows = [*self._rows.values(), *map(self._makes.of_record, self.records.sorted())]
        rows.sort(key=lambda row: (row[_TIME].removesuffix("Z"), row[_ID], row[_ACCOUNT] or ""))
        return rows
