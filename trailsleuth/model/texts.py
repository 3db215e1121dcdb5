"""The names that a request mentions."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PARTS = re.compile(r"[:/]")


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
