"""A struct, map or list that a text holds: as JSON, as Hive prints it, or as Python, DuckDB and PowerShell do."""

from __future__ import annotations

from trailsleuth.ingest.decode import NotJson, decode, harmless
from trailsleuth.ingest.hive import parse_hive
from trailsleuth.ingest.literals import NotLiteral, literal_at
from trailsleuth.patterns import late

_PRINTED = late(r"@\{|[\[({]\s*[\[({]?\s*(?:['\"]|@\{)|[\[({]\s*[\])}]")  # quotes, which Hive has none of


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
    return parse_hive(text)
