"""Policies that were changed shortly before a refusal: a possible reason, shown with its record."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

from trailsleuth.catalog.changes import policy_changes
from trailsleuth.model import Basis, Evidence, Finding, Record, Standing, parse_arn
from trailsleuth.model.texts import texts_in

SHORTLY = timedelta(hours=24)


def note_changes(findings: tuple[Finding, ...], evidence: Evidence) -> tuple[Finding, ...]:
    """The findings that stand, with the last change of their principal's or resource's policies before the first refusal in the explanation."""
    changing = [r for r in evidence.records if r.event_name in policy_changes() and not r.failed]
    by_name: dict[str, list[int]] = defaultdict(list)
    for at, record in enumerate(changing):
        for name in _named(record):
            by_name[name].append(at)
    return tuple(_noted(f, changing, by_name) if f.standing is Standing.CAUSE and f.basis is Basis.OBSERVED else f for f in findings) if changing else findings


def _noted(finding: Finding, changing: list[Record], by_name: dict[str, list[int]]) -> Finding:
    """With the last of the changes (in time order, and where in them each name stands) that named the principal or the resource."""
    first = finding.first_seen
    if first is None:
        return finding
    end = bisect_right(changing, first, key=lambda record: record.event_time)
    named = [by_name[name] for arn in (finding.principal, finding.resource) if (name := _name(arn)) and name in by_name]
    before = [places[count - 1] for places in named if (count := bisect_left(places, end))]
    if not before or first - changing[max(before)].event_time > SHORTLY:
        return finding
    last = changing[max(before)]
    when = last.event_time.isoformat().replace("+00:00", "Z")
    return replace(finding, explanation=f"{finding.explanation} Shortly before, at {when}, {last.event_name} changed it (record {last.event_id}).")


def _name(arn: str | None) -> str:
    parsed = parse_arn(arn)
    return parsed.name if parsed else ""


def _named(record: Record) -> set[str]:
    return {part for text in texts_in(record.request) for part in (text, text.rpartition("/")[2], text.rpartition(":")[2])}
