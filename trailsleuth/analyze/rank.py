"""The order of findings: the likeliest cause of what was asked about first, and the reason said."""

from __future__ import annotations

from msgspec.structs import replace

from trailsleuth.analyze.chains import ended_nothing, numbered
from trailsleuth.analyze.findings import id_of
from trailsleuth.model import Basis, Cause, Finding, Inquiry, PolicyEvidence, Scope, Standing

_STANDINGS = {Standing.CAUSE: 0, Standing.ALSO_NEEDED: 1, Standing.RECOVERED: 2, Standing.BACKGROUND: 3}
_BASES = {Basis.OBSERVED: 0, Basis.INFERRED: 1, Basis.PREDICTED: 2}


def ranked(findings: tuple[Finding, ...], inquiry: Inquiry, scope: Scope, policies: PolicyEvidence) -> tuple[Finding, ...]:
    """Findings with group, rank and id: chain by chain, in each causes before what is needed besides, observed before inferred.

    Then what the error text names, what ended the chain, the services that the text points to; of equals the latest denial, for an action stops at the
    one that it could not get past.
    """
    groups = numbered(findings, scope, policies)
    text = scope.said.text if scope.said else ""
    sources = scope.said.opaque.sources if scope.said and scope.said.opaque else ()

    def order(finding: Finding) -> tuple[object, ...]:
        service = next((i for i, s in enumerate(sources) if any(e.event_source == s for e in finding.evidence)), len(sources))
        last = -finding.last_seen.timestamp() if finding.last_seen else 0.0
        asked = inquiry.event_id is not None and any(e.event_id == inquiry.event_id for e in finding.evidence)
        return (
            finding.standing is Standing.BACKGROUND,
            groups.get(finding.group, 0),
            _STANDINGS[finding.standing],
            not asked,
            bool(finding.outside),
            finding.cause is Cause.UNKNOWN,
            _BASES[finding.basis],
            not (finding.iam_action and finding.iam_action.partition(":")[2] in text),
            ended_nothing(finding, scope),
            service,
            last,
            finding.iam_action or "",
            finding.resource or "",
            finding.principal or "",
            tuple(e.event_id for e in finding.evidence[:1]),
            tuple(finding.policy_types),
        )

    ordered = sorted(findings, key=order)
    beside = len(groups) + 1  # those of others, where they are worked out
    placed = [_elsewhere(replace(f, group=beside if f.standing is Standing.BACKGROUND else groups[f.group])) for f in ordered]
    rivals = sum(1 for f in placed if f.standing is Standing.CAUSE and f.group == 1)
    return tuple(replace(f, id=id_of(f), rank=i, explanation=_with_reason(f, i, rivals)) for i, f in enumerate(placed, start=1))


def _elsewhere(finding: Finding) -> Finding:
    """A cause of another chain gets no change before it is asked about."""
    if finding.group == 1 or finding.standing not in (Standing.CAUSE, Standing.ALSO_NEEDED) or finding.withheld:
        return finding
    named = finding.principal if (finding.principal or "").startswith("arn:") else None
    event = finding.evidence[0].event_id if finding.evidence else None
    option = f"--role {named}" if named else f"--event-id {event}" if event else "--all"
    return replace(finding, advice=f"Another denied chain: ask about it with {option}.")


def _with_reason(finding: Finding, rank: int, rivals: int) -> str:
    """Why this cause stands before the others; nothing where it is the only one, or no denial."""
    if rank != 1 or rivals < 2 or finding.cause is Cause.NOT_A_PERMISSION:
        return finding.explanation
    times = f"{finding.count} times" if finding.count > 1 else "once"
    return f"{finding.explanation} Ranked first: denied {times} in the chain asked about, and never allowed afterwards."
