"""Which services' resources can carry a policy of their own."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from trailsleuth.catalog.load import Row, rows_of


@cache
def _prefixes() -> frozenset[str]:
    table = tomllib.loads((files("trailsleuth.catalog") / "data" / "resource_policies.toml").read_text(encoding="utf-8"))
    return frozenset(table["prefixes"])


def shape_of(action: str) -> Row:
    """What the policy of the action's resource cannot say; an empty row where it takes all."""
    return next((row for row in rows_of("resource_policies", "shape") if action.lower().startswith(str(row["actions"]).lower())), {})


def can_carry_policy(action: str) -> bool:
    """The resources that the action works on belong to a service with resource-based policies."""
    return action.partition(":")[0].lower() in _prefixes()
