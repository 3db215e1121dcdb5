"""API calls that change what a principal may do or who may use a resource."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def policy_changes() -> frozenset[str]:
    """Event names of the calls that change policies, roles or guardrails."""
    table = tomllib.loads((files("trailsleuth.catalog") / "data" / "policy_changes.toml").read_text(encoding="utf-8"))
    return frozenset(name for row in table["change"] for name in row["events"])
