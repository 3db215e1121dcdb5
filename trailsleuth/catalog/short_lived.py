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


def widened(arn: str) -> str:
    """The ARN with its short-lived id as `*` within its type; any other ARN comes back as it is."""
    for pattern, form in _rows():
        match = pattern.fullmatch(arn)
        if match is not None:
            return match.expand(form)
    return arn
