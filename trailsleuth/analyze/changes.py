"""Policies that were changed shortly before a refusal: a possible reason, shown with its record."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from trailsleuth.catalog.changes import policy_changes
from trailsleuth.model import Basis, Evidence, Finding, Record, Standing, parse_arn
from trailsleuth.model.texts import texts_in

SHORTLY = timedelta(hours=24)


def note_changes(findings: tuple[Finding, ...], evidence: Evidence) -> tuple[Finding, ...]:
    """The findings that stand, with the last change of their principal's or resource's policies before the first refusal in the explanation."""
    changing = [r for r in evidence.records if r.event_name in policy_changes() and not r.failed]
    return tuple(_noted(f, changing) if f.standing is Standing.CAUSE and f.basis is Basis.OBSERVED else f for f in findings) if changing else findings


def _noted(finding: Finding, changing: list[Record]) -> Finding:
    first = finding.first_seen
    if first is None:
        return finding
    names = {name for arn in (finding.principal, finding.resource) if (name := _name(arn))}
    before = [r for r in changing if first - SHORTLY <= r.event_time <= first and names & _named(r)]
    if not before:
        return finding
    last = before[-1]
    when = last.event_time.isoformat().replace("+00:00", "Z")
    return replace(finding, explanation=f"{finding.explanation} Shortly before, at {when}, {last.event_name} changed it (record {last.event_id}).")


def _name(arn: str | None) -> str:
    parsed = parse_arn(arn)
    return parsed.name if parsed else ""


def _named(record: Record) -> set[str]:
    return {part for text in texts_in(record.request) for part in (text, text.rpartition("/")[2], text.rpartition(":")[2])}
