"""Tables as text with a delimiter between the cells: which are of a trail, and their rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from trailsleuth.ingest.columns import place_of, squeezed
from trailsleuth.ingest.decode import NotJson, decode
from trailsleuth.ingest.documents import TRAIL_MARKS, Break, Document
from trailsleuth.ingest.payloads import payload_text
from trailsleuth.ingest.rows import TableRow
from trailsleuth.patterns import late

_MARKS = (*TRAIL_MARKS, '"cloudtrail":', '"aws.cloudtrail.')  # the latter of documents of Elastic
_OPENINGS = ("{", "[", '"{', '"[', '"\\', '""')
_MAX_CELL = 64 * 1024 * 1024
_MOST_COLUMNS = 5000
_RECORD_COLUMNS = frozenset({"eventjson", "cloudtrailevent", "@message", "message", "raw", "@raw", "event.original"})
_OCSF = frozenset({"api", "actor", "metadata"})
_CONSOLE = (frozenset({"username", "resourcetype", "resourcename"}), frozenset({"username", "awsaccesskey", "eventname"}))
_WHOLE = frozenset({"eventVersion", "userIdentity", "detail-type", "Records", "CloudTrailEvent", "cloudtrail", "aws"})  # of a record, or of what carries one
_PLAIN = late(r"[\w.@:/ -]+")
_ENOUGH = 5  # columns of a record by whatever name, without its time or its call
_LOOKED_AT = 3  # rows from which a table without a known column is told

CONSOLE_CSV = "the console's CSV of the event history has no error message, no request parameters and no ARN of the caller: download the event history as JSON"


def is_csv(text: str) -> bool:
    """The first line is a header with columns that hold a record or its members, or the rows below hold records."""
    header = _header(text)
    if any(map(may_be_record, header)) or any("{" in name.replace("{}", "") for name in header):  # the first line holds a value already
        return _is_headless(text, header)
    return not set(map(squeezed, header)).isdisjoint(_RECORD_COLUMNS) or names_columns(header) or _hold_records(text, header) or _is_turned(text, header)


def _is_headless(text: str, first: list[str]) -> bool:
    """The first line is a row already, one of whose cells holds a record in doubled quotes, or packed."""
    doubled = '{""' in text[:100_000].partition("\n")[0]
    return any(may_be_record(cell) if doubled else payload_text(cell[:200]) is not None for cell in first)


def _is_turned(text: str, header: list[str]) -> bool:
    """The names stand before the cells, and a record is a column."""
    return len(header) > 1 and names_columns([row[0] for row in islice(_rows(text), 200) if len(row) == len(header) and _PLAIN.fullmatch(row[0])])


def names_columns(header: list[str]) -> bool:
    """The names are those of a trail's members, under whatever spelling."""
    told = {place[1][0] for name in header if (place := place_of((name,)))}
    return told >= {"eventTime", "eventName"} or len(told) >= _ENOUGH or set(map(squeezed, header)) >= _OCSF


def headed(header: list[str], rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """The table with the members' names above: where they stand before the cells, a record is a column."""
    if names_columns(header) or not rows or not all(len(row) == len(header) for row in rows) or not names_columns([row[0] for row in rows]):
        return header, rows
    return [row[0] for row in rows], [list(cells) for cells in zip(*(row[1:] for row in rows), strict=True)]


def _hold_records(text: str, header: list[str]) -> bool:
    rows = list(islice(_rows(text), 1, 1 + _LOOKED_AT))
    whole = [row for row in rows if len(row) == len(header)]
    return any(may_be_record(cell) for row in whole for cell in row)


def may_be_record(cell: str) -> bool:
    """The cell begins like a record of a trail, as JSON or packed."""
    return (cell.startswith(_OPENINGS) and any(mark in cell for mark in _MARKS)) or payload_text(cell[:200]) is not None


def records_among(cells: Iterable[str]) -> Iterator[Document | Break]:
    """The records among cells that no name tells apart: what only holds one deeper inside may be a request, which a caller writes."""
    for cell in cells:
        if not may_be_record(cell):
            continue
        try:
            value = decode(cell)
        except NotJson:
            value = None
        if not isinstance(value, dict) or not _WHOLE.isdisjoint(value):
            yield Document(value=cell)


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
        if any(map(may_be_record, header)):
            for row in rows:
                yield from records_among(row)
            return
        next(rows, None)
        if not names_columns(header) and _is_turned(text, header):
            header, turned = headed(header, list(rows))
            rows = iter(turned)
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
    table, sign = _table(text), _delimiter(text)
    first, _, second = table[:100_000].partition("\n")
    quote = "'" if first.startswith("'") else '"'
    row = second.partition("\n")[0]
    escape = "\\" if ('"{\\"' in row and '{""' not in row and '\\""' not in row) or (f"\\{sign}" in row and f'"{sign}' not in row) else None
    return csv.reader(io.StringIO(table, newline=""), delimiter=sign, quotechar=quote, escapechar=escape, strict=strict)


def _table(text: str) -> str:
    """The text from its header on: PowerShell writes the type of its objects before it, Excel the delimiter; Jira doubles the bars of its header."""
    text = text.lstrip("\ufeff\r\n ")
    if text.startswith("||"):
        first, _, rest = text.partition("\n")
        return "{}\n{}".format(first.replace("||", "|"), rest)
    if "\x1f" in text[:1000]:
        return text.replace("\x1e", "\n")  # ASCII's separators of units and records
    first, _, rest = text.partition("\n")
    return rest if first.startswith(("#TYPE", "sep=")) else text


def _header(text: str) -> list[str]:
    first = _table(text).partition("\n")[0][:100_000]
    try:
        names = csv.reader([first], delimiter=_delimiter(text), quotechar="'" if first[:1] == "'" else '"')
        cells = [cell.strip().lstrip("\ufeff") for cell in next(names, [])]
    except csv.Error:
        return []
    return cells if len(cells) <= _MOST_COLUMNS else []


def _delimiter(text: str) -> str:
    first = _table(text[:100_000]).partition("\n")[0]
    return max(",", "\t", ";", "|", "^", "\x01", "\x1f", key=lambda sign: (first.count(sign), sign == ","))
