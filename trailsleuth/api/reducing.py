"""The smallest policy of a role, from evidence that was read already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec.structs import replace

from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.facts.owners import bucket_owners
from trailsleuth.investigation import run_investigation
from trailsleuth.model import CaseFile, Evidence, Inquiry, Proof, account_of
from trailsleuth.model.names import role_of
from trailsleuth.model.reduction import Beyond, Reduction
from trailsleuth.prove.reduction import prove_reduction
from trailsleuth.remedy.reduce.gaps import call_gaps, lack_gaps, offers, policy_gaps, size_gap, time_gaps, trail_gaps
from trailsleuth.remedy.reduce.present import Present
from trailsleuth.remedy.reduce.propose import kept_for_failures, lack_of, propose_reduction
from trailsleuth.remedy.reduce.recorded import Recorded
from trailsleuth.remedy.reduce.split import ATTACHED, documents_of, fitted
from trailsleuth.remedy.reduce.together import members_of, put_together
from trailsleuth.remedy.reduce.trail import RoleTrail, read_trail
from trailsleuth.remedy.reduce.unused import beyond_trail, find_unused
from trailsleuth.remedy.reduce.uses import find_uses, needs_of

SHOWN = 8


def reduce_evidence(evidence: Evidence, *, role: str, since: datetime | None = None, until: datetime | None = None, boundary: bool = False) -> Reduction:
    """The smallest policy that allows what the role was seen to do; its arguments are those of `reduce`. Raises EvidenceUnreadable for an unknown role."""
    members = members_of(evidence, role)
    found = [_of_one(evidence, one, since=since, until=until, boundary=boundary) for one in members]
    if len(found) == 1:
        return found[0]
    if not found:
        raise _unknown(role, evidence)
    together = put_together(role, tuple(found))
    return _fitted(together, _known(evidence), boundary=boundary)


def _of_one(evidence: Evidence, role: str, *, since: datetime | None, until: datetime | None, boundary: bool) -> Reduction:
    trail = read_trail(evidence, role, since=since, until=until)
    if trail is None:
        raise _unknown(role, evidence)
    case = run_investigation(evidence, Inquiry(role=trail.role, since=since, until=until))
    return _reduced(evidence, trail, case, since=since, until=until, boundary=boundary)


def _reduced(evidence: Evidence, trail: RoleTrail, case: CaseFile, *, since: datetime | None, until: datetime | None, boundary: bool) -> Reduction:
    present = Present(trail.role, evidence.policies)
    owners = bucket_owners(evidence)
    uses, unmapped = find_uses(trail, owners, present.looked_at)
    lack = lack_of(case.findings, case.deltas, trail.role)
    refused = {record.event_id for finding in lack.findings for record in finding.evidence}
    lack = replace(lack, needs=tuple(needs_of((r for r in trail.refused if r.event_id in refused), trail, owners)))
    draft = propose_reduction(uses, present, lack)
    granted = {u.iam_action.lower() for u in uses} | {r.action.lower() for r in draft.requests}
    recorded = Recorded(evidence, account_of(trail.role))
    failed = kept_for_failures(needs_of(trail.failed, trail, owners), present, draft)
    gaps = (
        *trail_gaps(evidence, trail, since=since, until=until),
        *time_gaps(trail, uses, draft.names),
        *policy_gaps(evidence, present, trail, recorded, used=granted),
        *call_gaps(trail, unmapped, draft),
        *lack_gaps(lack, case.deltas),
        *offers(trail),
    )
    reduction = Reduction(
        role=trail.role,
        statements=draft.statements,
        used=uses,
        unused=find_unused(present, draft.used_by, recorded),
        proof=Proof(sufficient=None, minimal=None),
        beyond_trail=(
            *beyond_trail(evidence, present, recorded, role=trail.role, used=granted),
            *draft.proposals,
            *(Beyond(why="calls of it failed for another reason than permissions", statement=statement) for statement in failed),
        ),
        gaps=tuple(dict.fromkeys(gaps)),
        placeholders=tuple(p for d in lack.deltas for p in d.placeholders),
    )
    fitting = _fitted(reduction, _known(evidence), boundary=boundary)
    proof = prove_reduction(fitting.statements, draft.requests, role=trail.role, policies=evidence.policies, placeholders=fitting.placeholders)
    return replace(fitting, proof=proof)


def _fitted(reduction: Reduction, known: Iterable[str], *, boundary: bool) -> Reduction:
    """The reduction within AWS's limits, in documents that attach, with what that costs."""
    statements, prices = fitted(reduction.statements, known, documents=1 if boundary else ATTACHED)
    documents = documents_of(statements, reduction.role)
    gaps = (*size_gap(statements, documents), *prices, *reduction.gaps)
    return replace(reduction, statements=statements, documents=documents, boundary=boundary, gaps=tuple(dict.fromkeys(gaps)))


def _known(evidence: Evidence) -> Iterator[str]:
    """What the evidence knows to be there: what a pattern may let in besides."""
    return (ref.arn for record in evidence.records for ref in record.resources if ref.arn)


def _unknown(role: str, evidence: Evidence) -> EvidenceUnreadable:
    known = {p.arn for p in evidence.policies.principals if p.kind == "role"} | {arn for r in evidence.records if ":role/" in (arn := role_of(r) or "")}
    ordered = sorted(known)
    more = f" and {len(ordered) - SHOWN} more" if len(ordered) > SHOWN else ""
    why = f"it knows {', '.join(ordered[:SHOWN])}{more}" if ordered else "it knows no role at all"
    return EvidenceUnreadable(f"no role {role} in the evidence", why=why, next_step="name one of these, or add the trail or the IAM snapshot of its account")
