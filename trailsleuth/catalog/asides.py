"""Errors that are mistaken for a denial by IAM: credentials that do not hold, and permissions of other systems.

The rows stand in `data/asides.toml`, each with its source, examples and a counter-example.
"""

from __future__ import annotations

import re
from functools import cache

from msgspec import Struct

from trailsleuth.catalog.load import rows_of
from trailsleuth.patterns import late


class Aside(Struct, frozen=True, kw_only=True):
    """What one such error looks like, and what to do about it.

    One of the `anchors` (lower case) stands in the text, `pattern`, where given, fits too, and `unless` does not; or `codes` fits its error code.
    `elsewhere`: the error is no AWS error at all.
    """

    id: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    codes: re.Pattern[str] | None
    elsewhere: bool
    advice: str


@cache
def asides() -> tuple[Aside, ...]:
    """Every row, in the order of the file."""
    return tuple(
        Aside(
            id=str(row["id"]),
            anchors=tuple(row.get("anchors", ())),
            pattern=late(row["pattern"], re.IGNORECASE) if "pattern" in row else None,
            unless=late(row["unless"], re.IGNORECASE) if "unless" in row else None,
            codes=late(row["codes"]) if "codes" in row else None,
            elsewhere=bool(row.get("elsewhere", False)),
            advice=str(row["advice"]),
        )
        for row in rows_of("asides", "aside")
    )


def aside_of(text: str, code: str = "") -> Aside | None:
    """The row that a text, or its error code, is of; None: it may well be about a permission of AWS."""
    lower = text.lower()
    for aside in asides():
        if code and aside.codes is not None and aside.codes.search(code):
            return aside
        if any(anchor in lower for anchor in aside.anchors) and _fits(aside, text):
            return aside
    return None


def _fits(aside: Aside, text: str) -> bool:
    return (aside.pattern is None or aside.pattern.search(text) is not None) and (aside.unless is None or aside.unless.search(text) is None)
