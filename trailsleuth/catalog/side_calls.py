"""Actions of calls that agents and runtimes make beside the work."""

from __future__ import annotations

from functools import cache

from trailsleuth.catalog.load import rows_of


@cache
def _actions() -> frozenset[str]:
    return frozenset(action.lower() for row in rows_of("side_calls", "side_call") for action in row["actions"])


def is_beside_the_work(action: str | None) -> bool:
    """Logs, metrics, traces, an agent's own registration: a denial of it ends nothing that somebody waits for."""
    return (action or "").lower() in _actions()
