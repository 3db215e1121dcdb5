"""Kinds of calls, as rows: those that change policies, those that lead to more permissions, those that agents and runtimes make beside the work."""

from __future__ import annotations

from functools import cache

from trailsleuth.catalog.load import Row, rows_of


@cache
def policy_changes() -> frozenset[str]:
    """Event names of the calls that change policies, roles or guardrails."""
    return frozenset(name for row in rows_of("policy_changes", "change") for name in row["events"])


@cache
def _ways() -> dict[str, Row]:
    return {str(action).lower(): row for row in rows_of("escalation", "way") for action in row["actions"]}


def way_of(action: str) -> Row | None:
    """The row of an action by which a principal can come to more; None for all others."""
    return _ways().get(action.lower())


def signs_of_strength() -> tuple[str, ...]:
    """Actions that only a strong role has on everything."""
    return tuple(str(action) for row in rows_of("escalation", "sign") for action in row["actions"])


@cache
def _actions() -> frozenset[str]:
    return frozenset(action.lower() for row in rows_of("side_calls", "side_call") for action in row["actions"])


def is_beside_the_work(action: str | None) -> bool:
    """Logs, metrics, traces, an agent's own registration: a denial of it ends nothing that somebody waits for."""
    return (action or "").lower() in _actions()
