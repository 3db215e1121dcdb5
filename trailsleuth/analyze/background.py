"""Denials of others, counted: what a question is not about is not worked out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from trailsleuth.catalog.services import prefix_of
from trailsleuth.model import Background, Record
from trailsleuth.model.names import RoleNames, caller_of


def count_background(records: Iterable[Record], names: RoleNames) -> tuple[Background, ...]:
    """One entry for each principal, call and error code, by their records alone; the most frequent first."""
    groups: dict[tuple[str | None, str, str | None], list[Record]] = defaultdict(list)
    for record in records:
        call = f"{prefix_of(record.event_source)}:{record.event_name}"
        groups[names.full(caller_of(record)), call, record.error_code].append(record)
    counted = [
        Background(
            principal=principal,
            call=call,
            error_code=code,
            count=len(found),
            first_seen=min(r.event_time for r in found),
            last_seen=max(r.event_time for r in found),
        )
        for (principal, call, code), found in groups.items()
    ]
    return tuple(sorted(counted, key=lambda b: (-b.count, b.first_seen, b.principal or "", b.call, b.error_code or "")))
