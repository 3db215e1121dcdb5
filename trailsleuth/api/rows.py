"""Records as rows of cells, out of plain log files without reading more of a record than a row shows; equal to what the records themselves give."""

from __future__ import annotations

import json
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
from trailsleuth.scan.lines import Placed, is_denied, lines_in
from trailsleuth.scan.shapes import Line, NotThisShape
from trailsleuth.sources.secrets import clean_text, may_hold_secrets, record_members, without_secrets

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
            columns.add(cells.of_placed(cast("list[Placed]", batch)) if kind is Placed else record_columns(cast("list[Record]", batch)))
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
        self._times: list[str] = []
        self._keys: list[Key] = []

    def _take_content(self, item: RawInput) -> None:
        plain = lines_in(item.data, item.source)
        if plain is None:
            super()._take_content(item)
            return
        self._times += [line.eventTime for line in plain.lines]
        self._keys += [(line.eventID, line.recipientAccountId or None) for line in plain.lines]
        places = [f"{plain.source}#{position}" for position in range(len(plain.lines))]
        self._columns.add(self._cells.of_lines(plain.lines, plain.raws, plain.callers, places))

    def contested(self) -> frozenset[Key]:
        """The records in the columns of which there are copies, or that others correct."""
        once = set(self._keys)
        twice = {key for key, count in Counter(self._keys).items() if count > 1} if len(once) < len(self._keys) else set()
        return frozenset(twice | once & (self.records.keys() | {corrected for corrected, _ in self.records.corrected()}))

    def take_contested(self, item: RawInput | Skipped, contested: frozenset[Key]) -> None:
        """Reads those of an input as records."""
        plain = lines_in(item.data, item.source) if isinstance(item, RawInput) else None
        for one in plain.placed() if plain is not None else ():
            if one.key in contested:
                self.add(one.record())

    def frame(self, contested: frozenset[Key]) -> pd.DataFrame:
        """All records, sorted."""
        rows = [row for row, key in enumerate(self._keys) if key not in contested]
        records = list(map(record_without_secrets, self.records.sorted()))
        rows += range(len(self._keys), len(self._keys) + len(records))
        self._columns.add(record_columns(records))
        self._times += [(utc(record.event_time) or "").replace(".", "Z.") for record in records]  # a fraction of a second comes behind its second
        self._keys += [(record.event_id, record.recipient_account) for record in records]
        rows.sort(key=[(time, name, account or "") for time, (name, account) in zip(self._times, self._keys, strict=True)].__getitem__)
        return self._columns.frame(rows)


class _Cells:
    """Makes cells of lines; what equal callers, requests and answers give is there once."""

    def __init__(self) -> None:
        self._callers = Callers()
        self._told: dict[bytes, tuple[str | None, ...]] = {}
        self._requests, self._responses = _Parts("requestParameters"), _Parts("responseElements")

    def of_placed(self, placed: Iterable[Placed]) -> Iterator[Sequence[object]]:
        """Of lines of several files."""
        lines, raws, callers, sources, positions = zip(*placed, strict=True)
        return self.of_lines(lines, raws, callers, [f"{source}#{position}" for source, position in zip(sources, positions, strict=True)])

    def of_lines(self, lines: Sequence[Line], raws: Sequence[msgspec.Raw], callers: Sequence[bytes], places: Sequence[str]) -> Iterator[Sequence[object]]:
        """Column by column."""
        yield [line.eventTime for line in lines]
        yield [line.eventSource for line in lines]
        yield [line.eventName for line in lines]
        yield [line.awsRegion or "" for line in lines]
        yield [line.recipientAccountId or None for line in lines]
        yield from zip(*[self._told.get(caller) or self._caller(caller) for caller in callers], strict=True)
        yield [line.errorCode or None for line in lines]
        yield [clean_text(line.errorMessage) if line.errorMessage else None for line in lines]
        yield [line.errorCode is not None and is_denied(line, raw) for line, raw in zip(lines, raws, strict=True)]
        yield [line.sourceIPAddress or None for line in lines]
        yield [line.userAgent or None for line in lines]
        yield [line.readOnly for line in lines]
        yield [line.sharedEventID or None for line in lines]
        yield [line.requestID or None for line in lines]
        yield [line.eventID for line in lines]
        yield self._requests.shown([bytes(line.requestParameters) for line in lines])
        yield self._responses.shown([bytes(line.responseElements) for line in lines])
        yield places

    def _caller(self, raw: bytes) -> tuple[str | None, ...]:
        if len(self._told) >= _MOST:
            self._told.clear()
        found = self._told[raw] = caller_cells(self._callers.of_bytes(raw))
        return found


class _Parts:
    """Requests, or answers, as they may be shown."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._known: dict[bytes, JsonMap] = {}

    def shown(self, raws: Sequence[bytes]) -> list[JsonMap]:
        """Those in some records; they are looked at together, which costs a third of one after another."""
        if len(self._known) >= _MOST:
            self._known.clear()
        new = [raw for raw in {*raws} if raw not in self._known]
        self._known.update(zip(new, self._values([*new]), strict=True))
        return [self._known[raw] for raw in raws]

    def _values(self, raws: list[bytes]) -> Iterator[JsonMap]:
        try:
            values = msgspec.json.decode(b"[" + b",".join(raws) + b"]")
        except NotThisShape:
            values = list(map(decode, raws))
        if self._name == "responseElements":
            for at in [at for at, raw in enumerate(raws) if b"redentials" in raw]:
                values[at] = without_credentials({self._name: values[at]})
                raws[at] = json.dumps(values[at]).encode()
        doubtful = may_hold_secrets(raws)
        for at, value in enumerate(values):
            yield value if value.__class__ is dict and at not in doubtful else cast("JsonMap", without_secrets(map_of(value), 1))
