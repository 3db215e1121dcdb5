"""From a refusal and what it comes down to, to a finding."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.analyze.advice import advise
from trailsleuth.analyze.calibration import said_of
from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.generated import maker_of_role
from trailsleuth.analyze.refusal import NEEDED_NEXT, Refusal
from trailsleuth.analyze.requests import access_request, federated_claims
from trailsleuth.analyze.wording import explain
from trailsleuth.catalog.own_stars import parts_of
from trailsleuth.model import AccessRequest, Basis, Calibrated, Cause, Evidenced, Finding, PolicyType, Record, Standing, account_of
from trailsleuth.model.texts import texts_in
from trailsleuth.model.written import Part

SUPPOSED = "See in what was sent with {call} whether it needed {action}, and on what, before it is allowed."
CITED = 50  # records cited by one finding; `count` tells how many there were


def cite(record: Record) -> Evidenced:
    """A record as evidence."""
    return Evidenced(
        event_id=record.event_id,
        event_time=record.event_time,
        account=record.account,
        region=record.region,
        event_source=record.event_source,
        event_name=record.event_name,
        error_code=record.error_code,
        error_message=record.error_message,
        source=record.origin.source,
        position=record.origin.position,
    )


def conditions_of(action: str | None, passed_to: str | None) -> Mapping[str, Mapping[str, object]]:
    """The condition that a grant of this action should carry: `iam:PassedToService` where the service that gets the role is known."""
    return {"StringEquals": {"iam:PassedToService": passed_to}} if action == "iam:PassRole" and passed_to else {}


class Around(Struct, frozen=True, kw_only=True):
    """What stands around the denied call: the VPC endpoint (ARN) that it went through, who assumed its session, an earlier good call of its kind,
    the tool call of an agent that made it, and AWS's own evaluation beside ours."""

    endpoint: str | None = None
    session_caller: str | None = None
    good: Record | None = None
    tool: Record | None = None
    calibration: tuple[Calibrated, ...] = ()


ALONE = Around()


def make_finding(refusal: Refusal, claim: Claim, standing: Standing, basis: Basis, around: Around = ALONE) -> Finding:
    """The finding of one claim, without rank and id."""
    policy_fix = claim.cause not in (Cause.NO_POLICY_FIX, Cause.NOT_A_PERMISSION)
    return Finding(
        standing=standing,
        basis=basis,
        cause=claim.cause,
        policy_types=claim.layers if policy_fix else (),
        policy_arn=claim.policy_arn,
        principal=refusal.principal,
        principal_account=refusal.principal_account,
        iam_action=refusal.iam_action,
        resource=refusal.resource,
        resource_account=refusal.resource_account or account_of(refusal.resource),
        conditions=conditions_of(refusal.iam_action, refusal.passed_to) if policy_fix else {},
        explanation=explain(refusal, claim, around.tool) + said_of(around.calibration),
        advice=SUPPOSED.format(action=refusal.iam_action, call=refusal.first.event_name) if refusal.is_supposed else advise(refusal, claim, around.good),
        withheld=refusal.is_supposed,
        maker=maker_of_role(refusal, claim),
        first_seen=refusal.first.event_time,
        last_seen=refusal.last.event_time,
        count=len(refusal.records),
        evidence=tuple(cite(r) for r in refusal.records[:CITED]),
        requests=_requests(refusal),
        blocking=claim.blocking,
        statements=claim.statements,
        mismatch=claim.mismatch,
        grantee=federated_claims(refusal.first)[0] if refusal.principal is None else None,
        of_passed_role=refusal.denial.by_passed_role,
        already=claim.already,
        resource_parts=_parts(refusal),
        endpoint=around.endpoint,
        session_caller=around.session_caller,
        calibration=around.calibration,
    )


def _parts(refusal: Refusal) -> tuple[Part, ...]:
    """The resource with what callers named as literals, whatever their names look like."""
    if refusal.resource is None:
        return ()
    chosen = (text for record in refusal.records for text in texts_in(dict(record.request)))
    planned = refusal.denial.pattern_id == NEEDED_NEXT
    return parts_of(refusal.resource, refusal.iam_action or "", event_name=refusal.first.event_name, chosen=chosen, planned=planned)


def _requests(refusal: Refusal) -> tuple[AccessRequest, ...]:
    """What IAM was asked, once for each way in which the calls of the refusal differ."""
    if refusal.request is None:
        return ()
    if refusal.request.evaluated:
        return (refusal.request,)  # what AWS evaluated was this one
    judged = bool(refusal.request.context or refusal.request.absent)
    others = (access_request(replace(refusal, records=(record,)), judged=judged) for record in refusal.records[1:CITED])
    found = {repr((r.principal, sorted(r.context.items()), sorted(r.absent))): r for r in others if r is not None}
    found.pop(repr((refusal.request.principal, sorted(refusal.request.context.items()), sorted(refusal.request.absent))), None)
    return (refusal.request, *found.values())


def id_of(finding: Finding) -> str:
    """Made from what the finding claims, so that equal evidence gives equal ids."""
    parts = (
        finding.standing.value,
        finding.cause.value,
        ",".join(t.value for t in finding.policy_types),
        finding.principal or "",
        finding.iam_action or "",
        finding.resource or "",
        ",".join(e.event_id for e in finding.evidence[:1]),
    )
    return "f-" + hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def is_guard(finding: Finding) -> bool:
    """Decided by a layer that only restricts."""
    return bool(set(finding.policy_types) & {PolicyType.SCP, PolicyType.RCP, PolicyType.BOUNDARY, PolicyType.SESSION, PolicyType.VPC_ENDPOINT})
