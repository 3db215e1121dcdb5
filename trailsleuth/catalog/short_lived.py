"""Resources whose ids live only as long as one run: a grant on the id would be worthless tomorrow."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files


@cache
def _rows() -> tuple[tuple[re.Pattern[str], str], ...]:
    table = tomllib.loads((files("trailsleuth.catalog") / "data" / "short_lived.toml").read_text(encoding="utf-8"))
    return tuple((re.compile(row["pattern"]), row["widened"]) for row in table["resource"])


def widening(arn: str) -> tuple[re.Match[str], str] | None:
    """How the ARN's short-lived id is widened: the match, and the form with its groups; None for any other ARN."""
    return next(((match, form) for pattern, form in _rows() if (match := pattern.fullmatch(arn))), None)


def widened(arn: str) -> str:
    """The ARN with its short-lived id as `*` within its type; any other ARN comes back as it is."""
    found = widening(arn)
    return found[0].expand(found[1]) if found else arn
