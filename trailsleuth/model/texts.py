"""The names that a request mentions, and what a failed call said."""

from __future__ import annotations

from collections.abc import Iterator

from trailsleuth.model.record import Record
from trailsleuth.patterns import late

TELLING = 16  # a message shorter than this stands in too many texts to tell anything
_PARTS = late(r"[:/]")


def texts_in(value: object) -> Iterator[str]:
    """Every text in a JSON value, depth first."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


def words_in(value: object) -> set[str]:
    """The texts and the parts of their ARNs, paths and `family:revision` forms."""
    found: set[str] = set()
    for text in texts_in(value):
        found.add(text)
        found.update(part for part in _PARTS.split(text) if part)
    return found


def said_by(record: Record) -> str:
    """The message of a failed call, in one line."""
    return " ".join((record.error_message or "").split()).rstrip(".")


def repeats(text: str, record: Record) -> bool:
    """The text holds the whole message of a call that failed and was not denied."""
    said = said_by(record)
    return record.failed and record.denial is None and len(said) >= TELLING and said in text
