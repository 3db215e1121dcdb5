"""API calls that change what a principal may do or who may use a resource."""

from __future__ import annotations

from functools import cache

from trailsleuth.catalog.load import rows_of


@cache
def policy_changes() -> frozenset[str]:
    """Event names of the calls that change policies, roles or guardrails."""
    return frozenset(name for row in rows_of("policy_changes", "change") for name in row["events"])
