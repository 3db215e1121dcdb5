"""Policies that were changed shortly before a refusal: a possible reason, shown with its record."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from trailsleuth.facts.changes import Changes
from trailsleuth.model import Basis, Finding, Standing

SHORTLY = timedelta(hours=24)


def note_changes(findings: tuple[Finding, ...], changes: Changes) -> tuple[Finding, ...]:
    """The findings that stand, with the last change of their principal's or resource's policies before the first refusal in the explanation."""
    return tuple(_noted(f, changes) if f.standing is Standing.CAUSE and f.basis is Basis.OBSERVED else f for f in findings)


def _noted(finding: Finding, changes: Changes) -> Finding:
    first = finding.first_seen
    last = changes.last((finding.principal, finding.resource), first) if first is not None else None
    if first is None or last is None or first - last.event_time > SHORTLY or last.event_id in {one.event_id for one in finding.evidence}:
        return finding
    when = last.event_time.isoformat().replace("+00:00", "Z")
    return replace(finding, explanation=f"{finding.explanation} Shortly before, at {when}, {last.event_name} changed it (record {last.event_id}).")
