"""Inputs that are no JSON as a whole: CSV of Athena and Lake, and log lines with a record behind what the shipper wrote."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from trailsleuth.ingest.documents import TRAIL_MARKS, Break, Document, document_in
from trailsleuth.ingest.rows import column_name

_MAX_CELL = 64 * 1024 * 1024
_RECORD_COLUMNS = frozenset({"eventjson", "cloudtrailevent", "@message", "message", "raw", "@raw"})
_TELLING = frozenset({"useridentity", "requestparameters", "errormessage", "errorcode"})
_CONSOLE = frozenset({"username", "resourcetype", "resourcename"})

CONSOLE_CSV = "the console's CSV has neither error messages nor request parameters: download the event history as JSON"


def is_csv(text: str) -> bool:
    """The first line is a header with a column that can hold a record or its name."""
    columns = set(_header(text))
    return not columns.isdisjoint(_RECORD_COLUMNS) or {"eventtime", "eventname"} <= columns


def read_csv(text: str) -> Iterator[Document | Break]:
    """Each row as a document; what breaks the table ends it."""
    header = _header(text)
    if set(header) >= _CONSOLE and "errormessage" not in header:
        yield Break(reason=CONSOLE_CSV, cut=True)
        return
    before = csv.field_size_limit(_MAX_CELL)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        next(rows, None)
        for number, cells in enumerate(rows, start=1):
            if len(cells) == len(header):
                yield Document(value=_row(header, cells))
            elif cells:
                yield Break(reason=f"row {number} has {len(cells)} cells, the header {len(header)}", lost=1)
    except csv.Error as error:
        yield Break(reason=f"the table breaks off: {error}", lost=1)
    finally:
        csv.field_size_limit(before)


def read_log_lines(text: str) -> Iterator[Document | Break]:
    """The JSON in each line, whatever stands before it; lines without any are counted."""
    silent = 0
    for number, line in enumerate(text.split("\n"), start=1):
        start = line.find('{"')
        if start < 0:
            silent += bool(line.strip())
        elif found := document_in(line[start:]):
            yield found
        elif any(mark in line for mark in TRAIL_MARKS):
            yield Break(reason=f"line {number} holds no whole JSON", lost=1)
        else:
            silent += 1
    if silent:
        yield Break(reason=f"not recognised: {silent} lines of text without a record")


def _row(header: list[str], cells: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = dict(zip(header, cells, strict=True))
    if row.get("cloudtrailevent"):
        return {"CloudTrailEvent": row["cloudtrailevent"]}
    if "eventtime" not in row and "raw" in row:
        return {"_raw": row["raw"]}
    return row


def _header(text: str) -> list[str]:
    first = text.lstrip("\ufeff\r\n ").partition("\n")[0][:20_000]
    try:
        return [column_name(cell.strip()) for cell in next(csv.reader([first], delimiter=_delimiter(text)), [])]
    except csv.Error:
        return []


def _delimiter(text: str) -> str:
    first = text[:20_000].lstrip().partition("\n")[0]
    return "\t" if first.count("\t") > first.count(",") else ","
