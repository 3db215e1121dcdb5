"""Tables as they are printed for the eye: boxes of DuckDB and MySQL, psql's columns, Markdown, HTML, and records one below the other (`\\G`, `\\x`, Vertical).

They are read where the header names the columns of a trail, or cells hold records, and no cell was cut to fit the screen.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from html.parser import HTMLParser
from itertools import groupby

from trailsleuth.ingest.documents import Break, Document
from trailsleuth.ingest.tables import may_be_record, names_columns, row_of
from trailsleuth.patterns import late

PRINTED = "a table as it is printed for the eye, whose cells may be cut: export it again as JSON or CSV (--output json, .mode csv)"

_STARTS = ("┌", "╔", "┏", "+-", "+=", "│", "|  ", "| ", "----")
_SIGNS = late(r"(?<!\\)[|│┃║]")
_RULE = late(r"[ \t]*(?=[^\n]*[-=─━═])[-=+|: ─━═│┃║┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝╒╤╕╞╪╡╘╧╛┏┳┓┣╋┫┗┻┛┡╇┩┠╂┨╟╫╢╭╮╰╯]+\r?")
_TABLE_MARK = late(
    rf"^{_RULE.pattern}$|<table[\s>]|^(?:\*{{3,}} \d{{1,9}}\. row \*{{3,}}|-\[ RECORD \d{{1,9}} \]|Row \d{{1,9}}:$)", re.MULTILINE | re.IGNORECASE
)
_HTML_TABLE = late(r"<table[\s>].*?(?:</table>|\Z)", re.DOTALL | re.IGNORECASE)
_RECORD = late(r"(?:\*{3,} \d{1,9}\. row \*{3,}|-\[ RECORD \d{1,9} \][-+]*|Row \d{1,9}:)\s*")
_MEMBER = late(r"\s*(?P<name>@?[A-Za-z_][\w.]{0,120})\s*[:|] ?(?P<value>.*)")
_CUT = ("…", "...", "..")


def is_printed_table(text: str) -> bool:
    """The text is framed for reading: boxes of DuckDB, MySQL and the AWS CLI, tables of Markdown, psql's columns."""
    lines = text.lstrip().split("\n", 2)
    return lines[0].startswith(_STARTS) or (len(lines) > 1 and "|" in lines[0] and "+" in lines[1] and _RULE.fullmatch(lines[1]) is not None)


def printed_in(text: str) -> Generator[Document | Break, None, str]:
    """The rows of each printed table of a trail; the text without these tables is returned."""
    if not _TABLE_MARK.search(text):
        return text
    text = yield from _html_tables(text)
    rest: list[str] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        found = _framed(lines, at) or _below_each_other(lines, at)
        if found is None:
            rest.append(lines[at])
            at += 1
            continue
        documents, at = found
        yield from documents
    return "\n".join(rest)


def _documents(header: list[str], rows: list[list[str]]) -> list[Document | Break] | None:
    """The rows as documents; None where they are none of a trail."""
    if not names_columns(header) and not any(may_be_record(cell) for row in rows[:3] for cell in row):
        return None
    if any(cell.endswith(_CUT) for row in [header, *rows] for cell in row):
        return [Break(reason=PRINTED, cut=True)]
    whole: list[Document | Break] = [Document(value=row_of(header, row)) for row in rows if len(row) == len(header)]
    odd = len(rows) - len(whole)
    return [*whole, Break(reason=f"{odd} rows of a printed table have more or fewer cells than its header", lost=odd)] if odd else whole


def _framed(lines: list[str], at: int) -> tuple[list[Document | Break], int] | None:
    """The table whose header is this line, and the line behind it."""
    start = at + 1 if _RULE.fullmatch(lines[at]) else at
    if start + 1 >= len(lines) or not _SIGNS.search(lines[start]) or _RULE.fullmatch(lines[start]):
        return None
    end = start
    while end < len(lines) and (_SIGNS.search(lines[end]) or _RULE.fullmatch(lines[end])):
        end += 1
    groups = [list(held) for rule, held in groupby(lines[start:end], key=lambda line: _RULE.fullmatch(line) is not None) if not rule]
    if len(groups) < 2:
        return None
    header = [cell.strip() for cell in _cells(groups[0][0])]
    rows = [_merged(group) for group in groups[1:]] if len(groups) > 2 else list(_lines_of(groups[1]))
    documents = _documents(header, rows)
    return (documents, end) if documents is not None else None


def _cells(line: str) -> list[str]:
    line = line.strip()
    inner = line[1:] if _SIGNS.match(line) else line
    cells = _SIGNS.split(inner)
    return cells[:-1] if len(cells) > 1 and not cells[-1].strip() and inner is not line else cells


def _merged(lines: list[str]) -> list[str]:
    """One row out of the lines that its cells were wrapped to: a part that fills its column was cut at the edge."""
    columns = [_cells(line) for line in lines]
    merged = []
    for parts in zip(*columns, strict=False):
        text = ""
        for part in parts:
            held = part.strip().replace("\\|", "|")
            text += held if len(held) + 2 >= len(part) or not held else f"{held} "
        merged.append(text.strip())
    return merged


def _lines_of(lines: list[str]) -> Iterator[list[str]]:
    """A row a line; psql marks a cell that goes on with `+` at its end."""
    waiting: list[str] = []
    for line in lines:
        cells = _cells(line)
        held = [cell.strip().replace("\\|", "|") for cell in cells]
        if waiting and len(waiting) == len(held):
            held = [f"{before.removesuffix('+').rstrip()}{after}" for before, after in zip(waiting, held, strict=True)]
        if any(cell.endswith("+") and not cell.endswith(" +") for cell in cells) and "{" in line:
            waiting = held
            continue
        waiting = []
        yield held


def _below_each_other(lines: list[str], at: int) -> tuple[list[Document | Break], int] | None:
    """Records with a member a line."""
    if not _RECORD.fullmatch(lines[at]):
        return None
    rows: list[dict[str, str]] = []
    end, name = at, ""
    while end < len(lines) and (line := lines[end]) is not None:
        if _RECORD.fullmatch(line):
            rows.append({})
        elif found := _MEMBER.fullmatch(line):
            name = found["name"]
            rows[-1][name] = found["value"].strip()
        elif name and rows[-1].get(name, "").startswith("{") and line.strip():
            rows[-1][name] += line
        elif line.strip() and not _RULE.fullmatch(line):
            break
        end += 1
    header = list(rows[0])
    documents = _documents(header, [[row.get(column, "") for column in header] for row in rows])
    return (documents, end) if documents is not None else None


def _html_tables(text: str) -> Generator[Document | Break, None, str]:
    rest, end = [], 0
    for found in _HTML_TABLE.finditer(text):
        reader = _Cells()
        reader.feed(found.group())
        reader.close()
        documents = _documents([cell.strip() for cell in reader.rows[0]], [[cell.strip() for cell in row] for row in reader.rows[1:]]) if reader.rows else None
        if documents is not None:
            yield from documents
            rest.append(text[end : found.start()])
            end = found.end()
    return "".join([*rest, text[end:]])


class _Cells(HTMLParser):
    """The cells of one table of a page, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self._inside = True
        elif tag == "br" and self._inside:
            self.rows[-1][-1] += "\n"

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in ("td", "th", "tr")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data
