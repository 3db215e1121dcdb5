"""Dumps of databases as SQL: `INSERT INTO`, with columns named there or where the table is made, and PostgreSQL's `COPY … FROM stdin`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trailsleuth.ingest.documents import Break, Document
from trailsleuth.ingest.tables import may_be_record, names_columns, records_among, row_of
from trailsleuth.patterns import late

_NAME = r"(?P<name>[\w.`\"\[\]]{1,200})"
_INSERT = late(rf"^[ \t]*INSERT (?:IGNORE )?INTO {_NAME}\s*(?:\((?P<columns>[^()\n]{{1,8000}})\))?\s*VALUES\s*(?=\()", re.IGNORECASE | re.MULTILINE)
_COPY = late(rf"^COPY {_NAME} \((?P<columns>[^()\n]{{1,8000}})\) FROM stdin[^\n]*\n", re.IGNORECASE | re.MULTILINE)
_CREATE = late(rf"^CREATE TABLE (?:IF NOT EXISTS )?{_NAME}\s*\((?P<body>.{{0,20000}}?)\n?\)[^()\n;]*;", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_COLUMN = late(r"(?:^|,)\s*(`[^`]+`|\"[^\"]+\"|\[[^\]]+\]|\w+)(?:\([^()]*\)|'[^']*'|[^,()'])*")
_BEGINS = late(r"(?:--|/\*|SET |CREATE |DROP |PRAGMA |BEGIN|INSERT |COPY |USE |LOCK |START |ALTER |DELETE |TRUNCATE )", re.IGNORECASE)
_MORE = late(r"\s*,\s*(?=\()")
_KEYS = frozenset({"primary", "unique", "key", "constraint", "index", "check", "foreign", "fulltext"})
_QUOTED = {False: r"'((?:[^']|'')*)'", True: r"'((?:[^'\\]|''|\\.)*)'"}
_ESCAPE = late(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a"}
_BARE = r"[^\s,()']{1,200}"


def is_sql(start: str) -> bool:
    """Rows of a table are written as SQL."""
    return _BEGINS.match(start) is not None and (_INSERT.search(start) or _COPY.search(start)) is not None


def read_sql(text: str) -> Iterator[Document | Break]:
    """The rows that are of a trail, or hold records; a break where none is."""
    found = [*_copied(text), *_inserted(text)]
    yield from found or [Break(reason="a dump as SQL without a table of a trail's records: select them, as JSON")]


def _plain(name: str) -> str:
    return name.strip().strip('`"[]').rpartition(".")[2].strip('`"[]').lower()


def _made(text: str) -> dict[str, list[str]]:
    """The columns of each table that the text makes."""
    made = {}
    for found in _CREATE.finditer(text):
        names = [name.strip('`"[]') for name in _COLUMN.findall(found["body"])]
        made[_plain(found["name"])] = [name for name in names if name.lower() not in _KEYS]
    return made


def _rows(header: list[str], cells: list[str]) -> list[Document | Break]:
    if len(header) == len(cells) and names_columns(header):
        return [Document(value=row_of(header, cells))]
    if header and len(header) != len(cells) and any(map(may_be_record, cells)):
        return [Break(reason=f"a row has {len(cells)} values for {len(header)} columns", lost=1)]
    return list(records_among(cells))


def _inserted(text: str) -> Iterator[Document | Break]:
    escaped = "`" in text[:100_000] and "\\" in text  # MySQL's and MariaDB's
    value = re.compile(rf"\s*(?:[A-Za-z]{{0,2}}{_QUOTED[escaped]}(?:::\w+)?|({_BARE}))\s*([,)])")
    made = None
    for found in _INSERT.finditer(text):
        if found["columns"]:
            header = [name.strip().strip('`"[]') for name in found["columns"].split(",")]
        else:
            made = _made(text) if made is None else made
            header = made.get(_plain(found["name"]), [])
        position = found.end()
        while position < len(text) and text[position] == "(":
            cells, position = _values(value, text, position + 1, escaped=escaped)
            yield from _rows(header, cells)
            after = _MORE.match(text, position)
            position = after.end() if after else len(text)


def _values(value: re.Pattern[str], text: str, position: int, *, escaped: bool) -> tuple[list[str], int]:
    """The values of one row, and where it ends."""
    cells: list[str] = []
    while found := value.match(text, position):
        quoted, bare, sign = found.groups()
        quoted = None if quoted is None else quoted.replace("''", "'")
        plain = "" if bare is None or bare.upper() == "NULL" else bare
        cells.append(plain if quoted is None else _unescaped(quoted) if escaped else quoted)
        position = found.end()
        if sign == ")":
            return cells, position
    return cells, len(text)


def _copied(text: str) -> Iterator[Document | Break]:
    for found in _COPY.finditer(text):
        header = [_plain(name) for name in found["columns"].split(",")]
        end = text.find("\n\\.", found.end() - 1)
        for line in text[found.end() : end if end >= 0 else len(text)].split("\n"):
            if line:
                yield from _rows(header, ["" if cell == "\\N" else _unescaped(cell) for cell in line.removesuffix("\r").split("\t")])


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found.group(1), found.group(1)), text) if "\\" in text else text
