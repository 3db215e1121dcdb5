"""Resources whose ids live only as long as one run: a grant on the id would be worthless tomorrow."""

from __future__ import annotations

import re
from functools import cache

from trailsleuth.catalog.load import rows_of
from trailsleuth.model.written import Literal, Pattern
from trailsleuth.patterns import late


@cache
def _rows(*, several: bool) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((late(row["pattern"]), row["widened"]) for row in rows_of("short_lived", "resource") if several or not row.get("several"))


def widening(arn: str, *, several: bool = False) -> tuple[re.Match[str], str] | None:
    """How the ARN's short-lived id is widened: the match, and the form with its groups; None for any other ARN. `several`: it is one of several such."""
    return next(((match, form) for pattern, form in _rows(several=several) if (match := pattern.fullmatch(arn))), None)


def widened(arn: str) -> str:
    """The ARN of one of several with its short-lived id as `*` within its type; any other ARN comes back as it is."""
    return "".join(part.text for part in short_lived_parts(arn, several=True))


def short_lived_parts(arn: str, *, several: bool = False) -> tuple[Literal | Pattern, ...]:
    """The ARN with a short-lived id as a star, apart, as a pattern of ours; the rest stands for itself."""
    found = widening(arn, several=several)
    if found is None:
        return (Literal(arn),)
    match, form = found
    return tuple(Literal(match.expand(piece)) if piece.startswith("\\") else Pattern(piece) for piece in re.split(r"(\\\d)", form) if piece)


def widened_already(arn: str) -> tuple[Literal | Pattern, ...]:
    """An ARN that stands widened already, taken apart in the same way; () for any other."""
    head = arn.removesuffix("*")
    return (Literal(head), Pattern("*")) if any(widened(head + one_id) == arn for one_id in _ids()) else ()


@cache
def _ids() -> tuple[str, ...]:
    """One id of each kind, out of the rows' examples."""
    return tuple(row["example"].removeprefix(widened(row["example"]).removesuffix("*")) for row in rows_of("short_lived", "resource"))
