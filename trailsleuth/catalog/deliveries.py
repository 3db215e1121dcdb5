"""What a service must be allowed on a target that it is told to deliver to."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from trailsleuth.catalog.actions import resource_types
from trailsleuth.catalog.arns import fits


@cache
def _actions() -> dict[str, str]:
    table = tomllib.loads((files("trailsleuth.catalog") / "data" / "deliveries.toml").read_text(encoding="utf-8"))
    return {row["id"]: row["action"] for row in table["delivery"]}


def deliveries(arns: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """(action, target ARN) for each ARN that is of a kind that services deliver to, in order, each once."""
    found: dict[tuple[str, str], None] = {}
    for arn in arns:
        parts = arn.split(":")
        action = _actions().get(parts[2]) if len(parts) > 5 and parts[0] == "arn" else None
        if action is not None and any(fits(arn, form) for kind in resource_types(action) for form in kind.arn_formats):
            found[action, arn] = None
    return tuple(found)
