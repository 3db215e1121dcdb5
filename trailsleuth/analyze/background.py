"""Denials of others, counted: what a question is not about is not worked out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from trailsleuth.catalog.services import prefix_of
from trailsleuth.facts.kinds import times_of
from trailsleuth.model import Background, Record, Strangers
from trailsleuth.model.names import RoleNames


def count_background(records: Iterable[Record], strangers: Iterable[Strangers], names: RoleNames) -> tuple[Background, ...]:
    """One entry for each principal, call and error code, by their records alone; the most frequent first."""
    groups: dict[tuple[str | None, str, str | None], list[datetime]] = defaultdict(list)
    for (caller, call, code), times in times_of(records, strangers).items():
        source, _, name = call.partition(":")
        groups[names.full(caller), f"{prefix_of(source)}:{name}", code] += times
    counted = [
        Background(principal=principal, call=call, error_code=code, count=len(times), first_seen=min(times), last_seen=max(times))
        for (principal, call, code), times in groups.items()
    ]
    return tuple(sorted(counted, key=lambda b: (-b.count, b.first_seen, b.principal or "", b.call, b.error_code or "")))
