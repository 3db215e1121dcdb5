"""The order of findings: the likeliest cause of what was asked about first, and the reason said."""

from __future__ import annotations

from dataclasses import replace

from trailsleuth.analyze.findings import id_of
from trailsleuth.catalog.messages import opaque_error
from trailsleuth.model import Basis, Cause, Finding, Inquiry, Scope, Standing

_STANDINGS = {Standing.CAUSE: 0, Standing.ALSO_NEEDED: 1, Standing.RECOVERED: 2, Standing.BACKGROUND: 3}
_BASES = {Basis.OBSERVED: 0, Basis.INFERRED: 1, Basis.PREDICTED: 2}


def ranked(findings: tuple[Finding, ...], inquiry: Inquiry, scope: Scope) -> tuple[Finding, ...]:
    """Findings with rank and id. Causes before what is needed besides, observed before inferred; then by agreement with the error text, by the
    services that it points to, and the latest refusal first: an action stops at the one that it could not get past."""
    text = inquiry.error or (scope.execution.error_message if scope.execution else None) or ""
    opaque = opaque_error(text) if text else None
    sources = opaque.sources if opaque else ()

    def order(finding: Finding) -> tuple[object, ...]:
        service = next((i for i, s in enumerate(sources) if any(e.event_source == s for e in finding.evidence)), len(sources))
        last = -finding.last_seen.timestamp() if finding.last_seen else 0.0
        asked = inquiry.event_id is not None and any(e.event_id == inquiry.event_id for e in finding.evidence)
        return (
            _STANDINGS[finding.standing],
            not asked,
            finding.cause is Cause.UNKNOWN,
            _BASES[finding.basis],
            not (finding.iam_action and finding.iam_action.partition(":")[2] in text),
            service,
            last,
            finding.iam_action or "",
            finding.resource or "",
            finding.principal or "",
            tuple(e.event_id for e in finding.evidence[:1]),
            tuple(finding.policy_types),
        )

    ordered = sorted(findings, key=order)
    rivals = sum(1 for f in ordered if f.standing is Standing.CAUSE)
    return tuple(replace(f, id=id_of(f), rank=i, explanation=_with_reason(f, i, rivals)) for i, f in enumerate(ordered, start=1))


def _with_reason(finding: Finding, rank: int, rivals: int) -> str:
    """Why this cause stands before the others; nothing where it is the only one, or no refusal."""
    if rank != 1 or rivals < 2 or finding.cause is Cause.NOT_A_PERMISSION:
        return finding.explanation
    times = f"{finding.count} times" if finding.count > 1 else "once"
    return f"{finding.explanation} Ranked first: refused {times} in the chain asked about, and never allowed afterwards."
