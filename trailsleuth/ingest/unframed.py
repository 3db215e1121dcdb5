"""Tables without a frame: columns that stand at the same place in each line (SQLite's columns, `tabulate`, pandas' `to_string`), and records with a member
a line (`\\G`, `\\x`, Vertical, PowerShell's Format-List, SQLite's and DuckDB's lines), or all of them on one: logfmt, CEF, LEEF.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise, takewhile

from trailsleuth.ingest.columns import place_of
from trailsleuth.ingest.decode import NotJson, decode
from trailsleuth.ingest.tables import names_columns
from trailsleuth.patterns import late

DASHES = r"[ \t]*[-=]{3,}(?:[ ]+[-=]{2,})+[ \t]*\r?"
RECORD = r"(?:\*{3,} \d{1,9}\. row \*{3,}|-\[ RECORD \d{1,9} {1,4}\][-+]*|-RECORD \d{1,9}-+|Row \d{1,9}:)[ \t\r]*"
_DASHES, _RECORD = late(DASHES), late(RECORD)
_RULE = late(r"[ \t]*[-=─━═]+\s*")
_MEMBER = late(r"\s*(?P<name>@?[A-Za-z_][\w.]{0,120})\s*[:=|](?: (?P<value>.*)|\s*$)")
_WORD = late(r"\S+")
_MOST_COLUMNS = 400
_STRUCT = late(r"\{[A-Za-z]\w{0,60}=")
_CALL = late(r"\bevent_?name=", re.IGNORECASE)
_PAIR = late(r"(?:^|(?<=[\s|,;^]))(?P<name>[A-Za-z_@][\w.@\[\]{}-]{0,120})=(?P<quoted>\"(?:[^\"\\]|\\.){0,60000}\"(?=[\s,;]|$))?")
_LEEF = late(r"LEEF:[12]\.0(?:\|[^|\n]{0,200}){4}\|(?:(?P<sign>[^|\s\w])\|)?")
_ESCAPED = late(r"\\([\\=|])")
_FEWEST = 3  # members of a record that no line of its own begins

Table = tuple[list[str], list[list[str]], int]  # the header, the lines of cells with a blank on either side, the line behind the table
Cells = list[str]


def aligned(lines: list[str], at: int) -> Table | None:
    """The table whose header is this line, below or above a rule of dashes, or without one; without rows, where the lines below keep to no columns."""
    start = at + 1 if _DASHES.fullmatch(lines[at]) else at
    if start + 1 >= len(lines) or not _may_be_header(lines, start):
        return None
    ruled = _DASHES.fullmatch(lines[start + 1]) is not None
    header = lines[start]
    spans = [found.span() for found in _WORD.finditer(lines[start + 1] if ruled else header)]
    first = start + 1 + ruled
    body = list(takewhile(lambda line: line.strip() and not _DASHES.fullmatch(line), islice(lines, first, None)))
    while ruled and first + len(body) + 1 < len(lines) and (more := _more(lines[first + len(body) + 1 :], spans)):
        body += ["", *more]  # SQLite parts the rows whose cells it wraps
    if not body:
        return None
    columns = _below_dashes(spans) if ruled else _to_the_right(spans, body) or _to_the_left(spans, body)
    if not columns:
        return [], [], first + len(body)
    names, *rows = ([_padded(line, left, right) for left, right in columns] for line in [header, *body])
    end = first + len(body)
    return *_without_index([name.strip() for name in names], rows), end + (end < len(lines) and _DASHES.fullmatch(lines[end]) is not None)


def _more(lines: list[str], spans: list[tuple[int, int]]) -> list[str]:
    """The lines below an empty one, as far as they keep to the columns."""
    return list(takewhile(lambda line: line.strip() and not any(line[start - 2 : start].strip() for start, _ in spans[1:]), lines))


def _may_be_header(lines: list[str], at: int) -> bool:
    """The names of columns, or the numbers of records above the names of their members."""
    line = lines[at]
    if "event" not in line.lower() and line.lstrip()[:1] != "0":
        return False
    words = line.split(None, _MOST_COLUMNS)
    if len(words) > _MOST_COLUMNS:
        return False
    if words == [str(number) for number in range(len(words))]:
        return names_columns([line.split(None, 1)[0] for line in lines[at + 1 :] if line.strip()][:200])
    return names_columns(words)


def _below_dashes(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [*spans[:-1], (spans[-1][0], 1 << 30)]


def _to_the_right(spans: list[tuple[int, int]], body: list[str]) -> list[tuple[int, int]]:
    """Columns whose cells end where their names end."""
    ends = [end for _, end in spans]
    if any(line[end - 1 : end] in ("", " ") or line[end : end + 1] not in ("", " ") for line in body for end in ends):
        return []
    return list(pairwise([0, *ends]))


def _to_the_left(spans: list[tuple[int, int]], body: list[str]) -> list[tuple[int, int]]:
    """Columns whose cells begin where their names begin."""
    starts = [start for start, _ in spans]
    if any(line[start - 2 : start].strip() for line in body for start in starts if start > 1):
        return []
    return [*((start, after - 2) for start, after in pairwise(starts)), (starts[-1], 1 << 30)]


def _padded(line: str, left: int, right: int) -> str:
    return f" {line[left:right]:<{min(right, left + len(line)) - left}} "


def _without_index(names: list[str], rows: list[Cells]) -> tuple[list[str], list[Cells]]:
    """pandas writes a row's number, or the name of its member, before its first cell."""
    first = [row[0].split(None, 1) for row in rows]
    if not all(len(parts) == 2 for parts in first):
        return names, rows
    if all(parts[0].isdigit() for parts in first):
        return names, [[f" {parts[1]}", *row[1:]] for parts, row in zip(first, rows, strict=True)]
    if names[0].isdigit():
        return ["", *names], [[*parts, *row[1:]] for parts, row in zip(first, rows, strict=True)]
    return names, rows


def below_each_other(lines: list[str], at: int) -> Table:
    """Records with a member a line, below a line that numbers them; without such a line their signs stand in one column."""
    column = -1
    if not _RECORD.fullmatch(lines[at]) and (column := _column_of_signs(lines, at)) < 0:
        return _members_alone(lines, at)
    rows: list[dict[str, str]] = [] if column < 0 else [{}]
    end, name = at, ""
    while end < len(lines):
        line = lines[end]
        found = _MEMBER.fullmatch(line)
        if _RECORD.fullmatch(line) or (column >= 0 and not line.strip() and rows[-1]):
            rows.append({})
        elif found and (column < 0 or found.end("name") <= column == _sign(line, found.end("name"))):
            name = found["name"]
            rows[-1][name] = (found["value"] or "").strip()
        elif name and rows[-1].get(name, "").startswith("{") and line.strip() and column < 0:
            rows[-1][name] += line
        elif line.strip() and not _RULE.fullmatch(line):
            break
        end += 1
    header = list(dict.fromkeys(name for row in rows for name in row))
    return header, [[row.get(column, "") for column in header] for row in rows if row], end


def _members_alone(lines: list[str], at: int) -> Table:
    """Paragraphs of nothing but members, each at the very beginning of its line: what stands deeper belongs to a struct, and is no member of the record."""
    rows: list[dict[str, str]] = []
    end = seen = at
    while end < len(lines):
        row: dict[str, str] = {}
        while seen < len(lines) and (found := _MEMBER.fullmatch(lines[seen])) and not lines[seen][0].isspace():
            row[found["name"]] = (found["value"] or "").strip()
            seen += 1
        if (seen < len(lines) and lines[seen].strip()) or not names_columns(list(row)):
            break
        rows.append(row)
        while seen < len(lines) and not lines[seen].strip():
            seen += 1
        end = seen
    header = list(dict.fromkeys(name for row in rows for name in row))
    return header, [[row.get(name, "") for name in header] for row in rows], end if rows else max(seen, at + 1)


def _column_of_signs(lines: list[str], at: int) -> int:
    """Where the sign stands between name and value in this line and the next ones; -1 where they are no members of a record."""
    found = _MEMBER.fullmatch(lines[at])
    if found is None or place_of((found["name"],)) is None:
        return -1
    column = _sign(lines[at], found.end("name"))
    below = [_MEMBER.fullmatch(line) for line in lines[at + 1 : at + _FEWEST]]
    return column if len(below) == _FEWEST - 1 and all(one and _sign(one.string, one.end("name")) == column for one in below) else -1


def _sign(line: str, start: int) -> int:
    return len(line) - len(line[start:].lstrip())


def on_one_line(line: str) -> dict[str, str] | None:
    """The members of a record that stand on one line, each behind its name and `=`; None where they are no such, or one stands there twice."""
    if not _CALL.search(line) or '"eventVersion"' in line or _STRUCT.search(line):
        return None
    members: dict[str, str] = {}
    for name, value in _pairs(line):
        if members.setdefault(name, value) != value:
            return None
    return members if names_columns(list(members)) else None


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    leef = _LEEF.search(line)
    if leef or "\t" in line:
        parts = (part.partition("=") for part in line[leef.end() if leef else 0 :].split((leef and leef["sign"]) or "\t"))
        yield from ((name.strip(), value.strip()) for name, sign, value in parts if sign)
        return
    found = _PAIR.search(line)
    while found:
        after = _PAIR.search(line, found.end())
        plain = line[found.end() : after.start() if after else len(line)].strip(" ,;|")
        yield found["name"], _unquoted(found["quoted"]) if found["quoted"] else _ESCAPED.sub(r"\1", plain)
        found = after


def _unquoted(text: str) -> str:
    try:
        return str(decode(text))
    except NotJson:
        return text[1:-1]
