"""Tables as text with a delimiter between the cells: which are of a trail, and their rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

from trailsleuth.ingest.columns import place_of, squeezed
from trailsleuth.ingest.documents import TRAIL_MARKS, Break, Document
from trailsleuth.ingest.payloads import payload_text
from trailsleuth.ingest.rows import TableRow

_MAX_CELL = 64 * 1024 * 1024
_MOST_COLUMNS = 5000
_RECORD_COLUMNS = frozenset({"eventjson", "cloudtrailevent", "@message", "message", "raw", "@raw", "event.original"})
_OCSF = frozenset({"api", "actor", "metadata"})
_CONSOLE = (frozenset({"username", "resourcetype", "resourcename"}), frozenset({"username", "awsaccesskey", "eventname"}))
_ENOUGH = 5  # columns of a record by whatever name, without its time or its call
_LOOKED_AT = 3  # rows from which a table without a known column is told

CONSOLE_CSV = "the console's CSV of the event history has no error message, no request parameters and no ARN of the caller: download the event history as JSON"


def is_csv(text: str) -> bool:
    """The first line is a header with columns that hold a record or its members, or the rows below hold records."""
    header = _header(text)
    if any("{" in name for name in header):  # the first line holds a value already
        return False
    return not set(map(squeezed, header)).isdisjoint(_RECORD_COLUMNS) or names_columns(header) or _hold_records(text, header)


def names_columns(header: list[str]) -> bool:
    """The names are those of a trail's members, under whatever spelling."""
    told = {place[1][0] for name in header if (place := place_of((name,)))}
    return told >= {"eventTime", "eventName"} or len(told) >= _ENOUGH or set(map(squeezed, header)) >= _OCSF


def _hold_records(text: str, header: list[str]) -> bool:
    rows = list(islice(_rows(text), 1, 1 + _LOOKED_AT))
    whole = [row for row in rows if len(row) == len(header)]
    return any(may_be_record(cell) for row in whole for cell in row)


def may_be_record(cell: str) -> bool:
    """The cell begins like a record of a trail, as JSON or packed."""
    return (cell[:1] in ("{", "[", '"') and any(mark in cell for mark in TRAIL_MARKS)) or payload_text(cell[:200]) is not None


def read_csv(text: str) -> Iterator[Document | Break]:
    """Each row as a document; what breaks the table ends it."""
    header = _header(text)
    columns = set(map(squeezed, header))
    if "errormessage" not in columns and any(columns >= marks for marks in _CONSOLE):
        yield Break(reason=CONSOLE_CSV, cut=True)
        return
    before = csv.field_size_limit(_MAX_CELL)
    try:
        rows = _rows(text, strict=True)
        next(rows, None)
        for number, cells in enumerate(rows, start=1):
            if len(cells) == len(header):
                yield Document(value=row_of(header, cells))
            elif cells:
                yield Break(reason=f"row {number} has {len(cells)} cells, the header {len(header)}", lost=1)
    except csv.Error as error:
        yield Break(reason=f"the table is cut short: {error}", lost=1)
    finally:
        csv.field_size_limit(before)


def row_of(header: list[str], cells: list[str]) -> dict[str, Any]:
    """The cells under their names; a column that holds the whole record stands for the row."""
    row: dict[str, Any] = dict(zip(header, cells, strict=True))
    names = {squeezed(name): name for name in header}
    for known in ("cloudtrailevent", "eventjson"):
        if known in names and row[names[known]]:
            return {"CloudTrailEvent": row[names[known]]}
    return TableRow(row)


def _rows(text: str, *, strict: bool = False) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(_table(text), newline=""), delimiter=_delimiter(text), strict=strict)


def _table(text: str) -> str:
    """The text from its header on: PowerShell writes the type of its objects before it, Excel the delimiter."""
    text = text.lstrip("\ufeff\r\n ")
    first, _, rest = text.partition("\n")
    return rest if first.startswith(("#TYPE", "sep=")) else text


def _header(text: str) -> list[str]:
    first = _table(text).partition("\n")[0][:100_000]
    try:
        cells = [cell.strip().lstrip("\ufeff") for cell in next(csv.reader([first], delimiter=_delimiter(text)), [])]
    except csv.Error:
        return []
    return cells if len(cells) <= _MOST_COLUMNS else []


def _delimiter(text: str) -> str:
    first = _table(text[:100_000]).partition("\n")[0]
    return max(",", "\t", ";", "|", key=lambda sign: (first.count(sign), sign == ","))
