"""What changed lately at AWS and its neighbours, as rows: the sentence of why for a condition that a call did not meet, or met unawares."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trailsleuth.catalog.load import Row, rows_of


def lately(key: str, *, given: tuple[str, ...], wanted: tuple[str, ...], through: str | None) -> Iterator[str]:
    """The sentences for one condition: its key, what the call carried, what is wanted, and the service that made the call for its caller."""
    return (str(row["text"]) for row in rows_of("changed_lately", "lately") if _fits(row, key, given, wanted, through))


def _fits(row: Row, key: str, given: tuple[str, ...], wanted: tuple[str, ...], through: str | None) -> bool:
    if row["key"].lower() != key.lower() or row.get("through") not in (None, through):
        return False
    if row.get("absent"):
        return not given
    meant = any(re.fullmatch(row["given"], value) for value in given)
    return meant and not ("unless" in row and any(re.fullmatch(row["unless"], value) for value in wanted))
