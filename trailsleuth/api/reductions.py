"""The smallest policy of a role."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from trailsleuth.api.cases import load
from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.facts.owners import bucket_owners
from trailsleuth.investigation import run_investigation
from trailsleuth.model import CaseFile, Evidence, Inquiry, account_of
from trailsleuth.model.names import role_of
from trailsleuth.model.reduction import Beyond, Reduction
from trailsleuth.prove.reduction import prove_reduction
from trailsleuth.remedy.reduce.gaps import call_gaps, lack_gaps, policy_gaps, size_gap, trail_gaps
from trailsleuth.remedy.reduce.present import Present
from trailsleuth.remedy.reduce.propose import kept_for_failures, lack_of, propose_reduction
from trailsleuth.remedy.reduce.recorded import Recorded
from trailsleuth.remedy.reduce.trail import RoleTrail, read_trail
from trailsleuth.remedy.reduce.unused import beyond_trail, find_unused
from trailsleuth.remedy.reduce.uses import find_uses, needs_of

__all__ = ["reduce", "reduce_evidence"]

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
SHOWN = 8


def reduce(paths: Paths, *, role: str, since: datetime | None = None, until: datetime | None = None, stdin: bytes | None = None) -> Reduction:
    """The smallest policy that allows what the role was seen to do and what its standing findings need; what it holds unused; the proof.

    Raises EvidenceUnreadable where the evidence knows no such role.
    """
    return reduce_evidence(load(paths, stdin=stdin).evidence, role=role, since=since, until=until)


def reduce_evidence(evidence: Evidence, *, role: str, since: datetime | None = None, until: datetime | None = None) -> Reduction:
    """The same for evidence that was read already."""
    trail = read_trail(evidence, role, since=since, until=until)
    if trail is None:
        raise _unknown(role, evidence)
    case = run_investigation(evidence, Inquiry(role=trail.role, since=since, until=until))
    return _reduced(evidence, trail, case, since=since, until=until)


def _reduced(evidence: Evidence, trail: RoleTrail, case: CaseFile, *, since: datetime | None, until: datetime | None) -> Reduction:
    present = Present(trail.role, evidence.policies)
    owners = bucket_owners(evidence)
    uses, unmapped = find_uses(trail, owners, present.looked_at)
    lack = lack_of(case.findings, case.deltas, trail.role)
    refused = {record.event_id for finding in lack.findings for record in finding.evidence}
    lack = replace(lack, needs=tuple(needs_of((r for r in trail.refused if r.event_id in refused), trail, owners)))
    draft = propose_reduction(uses, present, lack)
    used = {u.iam_action.lower() for u in uses}
    granted = used | {r.action.lower() for r in draft.requests}
    recorded = Recorded(evidence, account_of(trail.role))
    gaps = (
        *trail_gaps(evidence, trail, since=since, until=until),
        *policy_gaps(evidence, present, trail, recorded, used=granted),
        *call_gaps(trail, unmapped, draft),
        *lack_gaps(lack, case.deltas),
        *size_gap(draft.statements),
    )
    failed = kept_for_failures(needs_of(trail.failed, trail, owners), present, draft)
    proof = prove_reduction(
        draft.statements, draft.requests, role=trail.role, policies=evidence.policies, placeholders=[p for d in lack.deltas for p in d.placeholders]
    )
    return Reduction(
        role=trail.role,
        statements=draft.statements,
        used=uses,
        unused=find_unused(present, draft.used_by, recorded),
        proof=proof,
        beyond_trail=(
            *beyond_trail(evidence, present, recorded, role=trail.role, used=granted),
            *draft.proposals,
            *(Beyond(why="calls of it failed for another reason than permissions", statement=statement) for statement in failed),
        ),
        gaps=tuple(dict.fromkeys(gaps)),
    )


def _unknown(role: str, evidence: Evidence) -> EvidenceUnreadable:
    known = {p.arn for p in evidence.policies.principals if p.kind == "role"} | {arn for r in evidence.records if ":role/" in (arn := role_of(r) or "")}
    ordered = sorted(known)
    more = f" and {len(ordered) - SHOWN} more" if len(ordered) > SHOWN else ""
    why = f"it knows {', '.join(ordered[:SHOWN])}{more}" if ordered else "it knows no role at all"
    return EvidenceUnreadable(f"no role {role} in the evidence", why=why, next_step="name one of these, or add the trail or the IAM snapshot of its account")
