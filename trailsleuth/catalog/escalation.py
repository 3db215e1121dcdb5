"""Actions by which a principal can come to more than it was given: `data/escalation.toml`."""

from __future__ import annotations

from functools import cache

from trailsleuth.catalog.load import Row, rows_of


@cache
def _ways() -> dict[str, Row]:
    return {str(action).lower(): row for row in rows_of("escalation", "way") for action in row["actions"]}


def way_of(action: str) -> Row | None:
    """The row of an action by which a principal can come to more; None for all others."""
    return _ways().get(action.lower())


def signs_of_strength() -> tuple[str, ...]:
    """Actions that only a strong role has on everything."""
    return tuple(str(action) for row in rows_of("escalation", "sign") for action in row["actions"])
