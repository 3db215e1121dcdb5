"""Tables as they are printed for the eye: boxes of DuckDB and MySQL, psql's columns, Markdown, HTML; those without a frame are told in unframed.py.

They are read where the header names the columns of a trail, or cells hold records, and no cell was cut to fit the screen.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from itertools import groupby

from trailsleuth.ingest.columns import place_of
from trailsleuth.ingest.documents import Break, Document
from trailsleuth.ingest.markup import html_tables, page_text, wiki_tables, xml_rows
from trailsleuth.ingest.tables import headed, may_be_record, names_columns, records_among, row_of
from trailsleuth.ingest.times import parse_time
from trailsleuth.ingest.unframed import DASHES, RECORD, aligned, below_each_other
from trailsleuth.patterns import late

PRINTED = "a table as it is printed for the eye, whose cells may be cut: export it again as JSON or CSV (--output json, .mode csv)"

_STARTS = ("┌", "╔", "┏", "+-", "+=", "│", "|  ", "| ", "----")
_SIGNS = late(r"(?<!\\)[|│┃║┆]")
_RULE = late(r"[ \t]*(?=[^\n]*[-=─━═])[-=+|: ─━═│┃║┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝╒╤╕╞╪╡╘╧╛┏┳┓┣╋┫┗┻┛┡╇┩┠╂┨╟╫╢╭╮╰╯]+\r?")
_TABLE_MARK = late(rf"^(?:{_RULE.pattern}|{DASHES})$|<t(?:able|r)[\s>]|^{RECORD}|\bevent_?name[ ]*(?:[:=|][ ]|[ ]{{2}}|$)", re.MULTILINE | re.IGNORECASE)
_LOOKS, _LOOKS_AT_LEAST = 5, 50_000  # so often may the lines of a text be looked at for a frame, that none takes quadratic time
_CUT = ("…", "...", "..")


def is_printed_table(text: str) -> bool:
    """The text is framed for reading: boxes of DuckDB, MySQL and the AWS CLI, tables of Markdown, psql's columns."""
    lines = text.lstrip().split("\n", 2)
    return lines[0].startswith(_STARTS) or (len(lines) > 1 and "|" in lines[0] and "+" in lines[1] and _RULE.fullmatch(lines[1]) is not None)


def printed_in(text: str) -> Generator[Document | Break, None, str]:
    """The rows of each printed table of a trail; the text without these tables is returned."""
    if rows := xml_rows(text):
        yield from (Document(value=row) for row in rows)
        return ""
    text = page_text((yield from _taken(html_tables(text), text)))
    text = yield from _taken(wiki_tables(text), text)
    if not _TABLE_MARK.search(text):
        return text
    rest: list[str] = []
    lines = text.split("\n")
    at = seen = 0
    left = _LOOKS * len(lines) + _LOOKS_AT_LEAST
    while at < len(lines):
        documents, end = _framed(lines, at) if left > 0 else (None, at)
        left -= end - at
        if documents is None and at >= seen:
            documents, end = _unframed(lines, at)
            seen = end  # no line is looked through twice
        if documents is None:
            rest.append(lines[at])
            at += 1
            continue
        at = end
        yield from documents
    return "\n".join(rest)


def _documents(header: list[str], rows: list[list[str]]) -> list[Document | Break] | None:
    """The rows as documents; None where they are none of a trail, or no row has the header's cells."""
    header, rows = headed(header, rows)
    named = names_columns(header)
    if not named and not any(may_be_record(cell) for row in rows[:3] for cell in row):
        return None
    if any(cell.endswith(_CUT) for row in [header, *rows] for cell in row):
        return [Break(reason=PRINTED, cut=True)]
    if not named:
        return [found for row in rows for found in records_among(row)] or None
    whole: list[Document | Break] = [Document(value=row_of(header, row)) for row in rows if len(row) == len(header)]
    if whole and (odd := len(rows) - len(whole)):
        whole.append(Break(reason=f"{odd} rows of a printed table have more or fewer cells than its header", lost=odd))
    return whole or None


def _unframed(lines: list[str], at: int) -> tuple[list[Document | Break] | None, int]:
    """The table that begins in this line, and the line behind what was looked at."""
    if (found := aligned(lines, at)) is not None:
        header, parts, end = found
        return _documents(header, list(_rows_of(header, parts))), end
    header, rows, end = below_each_other(lines, at)
    return _documents(header, rows), end


def _framed(lines: list[str], at: int) -> tuple[list[Document | Break] | None, int]:
    """The table whose header is this line, and the line behind what was looked at."""
    start = at + 1 if _RULE.fullmatch(lines[at]) else at
    if start + 1 >= len(lines) or not _SIGNS.search(lines[start]) or _RULE.fullmatch(lines[start]):
        return None, at
    end = start
    while end < len(lines) and (_SIGNS.search(lines[end]) or _RULE.fullmatch(lines[end])):
        end += 1
    groups = [list(held) for rule, held in groupby(lines[start:end], key=lambda line: _RULE.fullmatch(line) is not None) if not rule]
    if len(groups) < 2:
        return None, end
    header = [cell.strip() for cell in _cells(groups[0][0])]
    parts = [list(map(_cells, group)) for group in groups[1:]]
    rows = [_merged([cells]) for group in parts for cells in group]
    if names_columns(header) or not any(may_be_record(cell) and cell.endswith("}") for row in rows for cell in row):
        rows = [row for group in parts for row in ([_merged(group)] if len(parts) > 1 and not _several(header, group) else _rows_of(header, group))]
    return _documents(header, [_unnumbered(row, len(header)) for row in rows]), end


def _cells(line: str) -> list[str]:
    line = line.strip()
    inner = line[1:] if _SIGNS.match(line) else line
    cells = _SIGNS.split(inner)
    return cells[:-1] if len(cells) > 1 and not cells[-1].strip() and inner is not line else cells


def _unnumbered(row: list[str], width: int) -> list[str]:
    """The row without the number that ClickHouse writes before its frame."""
    return row[1 : width + 1] if len(row) == width + 2 and row[0].removesuffix(".").isdigit() else row


def _time_in(header: list[str]) -> int | None:
    return next((at for at, name in enumerate(header) if (place := place_of((name,))) and place[1] == ("eventTime",)), None)


def _several(header: list[str], lines: list[list[str]]) -> bool:
    """The lines between two rules are a row each: each has its time."""
    time = _time_in(header)
    return time is not None and len(lines) > 1 and all(len(cells) > time and parse_time(cells[time]) for cells in lines)


def _rows_of(header: list[str], lines: list[list[str]]) -> Iterator[list[str]]:
    """A row a line, or several where its cells were wrapped: those below the first have no time. psql marks a cell that goes on with `+` at its end."""
    time = _time_in(header)
    row: list[list[str]] = []
    for cells in lines:
        if not any(map(str.strip, cells)):
            continue
        wrapped = time is not None and len(cells) == len(header) and not cells[time].strip()
        if row and not wrapped and not _marked(row[-1], cells):
            yield _merged(row)
            row = []
        row.append(cells)
    if row:
        yield _merged(row)


def _marked(before: list[str], cells: list[str]) -> bool:
    return len(before) == len(cells) and any(cell.endswith("+") and not cell.endswith(" +") for cell in before) and any("{" in cell for cell in before)


def _merged(lines: list[list[str]]) -> list[str]:
    """One row out of the lines that its cells were wrapped to."""
    return [_cell(parts) for parts in zip(*lines, strict=False)]


def _cell(parts: tuple[str, ...]) -> str:
    """The parts put together: one that fills its column was cut at the edge, also before a blank, unless the column is centred."""
    text, edge, centred = "", False, any(part.startswith("   ") for part in parts)
    for number, part in enumerate(parts, start=1):
        held = part.strip().replace("\\|", "|")
        if number < len(parts) and part.endswith("+"):
            held = held.removesuffix("+").rstrip()
        text += (" " if edge and not centred and part.startswith("  ") and held else "") + held
        edge = len(held) + 2 >= len(part)
        text += "" if edge or not held else " "
    return text.strip()


def _taken(tables: Iterator[tuple[list[list[str]], int, int]], text: str) -> Generator[Document | Break, None, str]:
    """The rows of those that are of a trail; the text without them is returned."""
    rest, end = [], 0
    for rows, start, stop in tables:
        documents = _documents(rows[0], rows[1:]) if rows else None
        if documents is not None:
            yield from documents
            rest.append(text[end:start])
            end = stop
    return "".join([*rest, text[end:]])
