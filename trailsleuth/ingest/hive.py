"""A struct, map or list that a text holds: as JSON, as Python, DuckDB and PowerShell print it, and here in Hive's text form, as Athena and Lake print it
in CSV, and Java its maps: `{type=AssumedRole, sessioncontext={…}}`.

It has no quotes: a comma belongs to a value unless a name and `=` follow it.
"""

from __future__ import annotations

import re

from trailsleuth.ingest.decode import PLAIN, NotJson, decode, harmless
from trailsleuth.ingest.literals import NotLiteral, literal_at
from trailsleuth.patterns import late

MAX_DEPTH = 32
_NAME = late(r"\s*([\w.:/@-]{1,128})=")
_END = late(r",\s*(?=[\w.:/@-]{1,128}=)|\}")
_END_IN_LIST = late(r",\s*|\]")
_JSON = late(r'\{\s*["}]|\[\s*["\d{\[\]]')
_PRINTED = late(r"@\{|[\[({]\s*[\[({]?\s*(?:['\"]|@\{)|[\[({]\s*[\])}]")  # quotes, which Hive has none of
_COMMA = late(r"\s*,\s*")


class _NotHive(ValueError):
    """The text has another form."""


def parse_struct(text: str) -> object:
    """The value; the text itself where it has another form."""
    start = text.lstrip()[:2]
    if start[:1] not in ("{", "[") and start != "@{":
        return text
    try:
        return decode(text)
    except NotJson:
        pass
    if _PRINTED.match(text.lstrip()):
        try:
            value, end = literal_at(harmless(text))
        except (NotLiteral, RecursionError):
            value, end = text, len(text)
        if not isinstance(value, str) and not text[end:].strip():
            return value
    value, end = hive_at(harmless(text), 0)
    return value if end and not text[end:].strip() else text


def hive_at(text: str, start: int) -> tuple[object, int]:
    """The value at the position, and where it ends: 0 where the text has another form."""
    try:
        return _value(text, start, depth=0, end_of_plain=_END)
    except _NotHive:
        return None, 0


def _value(text: str, start: int, *, depth: int, end_of_plain: re.Pattern[str]) -> tuple[object, int]:
    """The value at the position, and where it ends."""
    if depth > MAX_DEPTH:
        raise _NotHive
    if text[start : start + 1] in ("{", "["):
        if _JSON.match(text, start):  # a map's value may be JSON
            try:
                return PLAIN.raw_decode(text, start)
            except (ValueError, RecursionError):
                pass
        return _struct(text, start, depth) if text[start] == "{" else _list(text, start, depth)
    found = end_of_plain.search(text, start)
    if found is None:
        raise _NotHive
    plain = text[start : found.start()].strip()
    return None if plain == "null" else plain, found.start()


def _struct(text: str, start: int, depth: int) -> tuple[dict[str, object], int]:
    struct: dict[str, object] = {}
    position = start + 1
    while True:
        if text[position : position + 1] == "}":
            return struct, position + 1
        name = _NAME.match(text, position)
        if name is None:
            raise _NotHive
        struct[name.group(1)], position = _value(text, name.end(), depth=depth + 1, end_of_plain=_END)
        position = _after_comma(text, position)


def _list(text: str, start: int, depth: int) -> tuple[list[object], int]:
    listed: list[object] = []
    position = start + 1
    while True:
        if text[position : position + 1] == "]":
            return listed, position + 1
        value, position = _value(text, position, depth=depth + 1, end_of_plain=_END_IN_LIST)
        listed.append(value)
        position = _after_comma(text, position)


def _after_comma(text: str, position: int) -> int:
    found = _COMMA.match(text, position)
    return found.end() if found else position
