"""The sentences about what a record tells besides who was denied what: the endpoint that the call went through, and enrichment that contradicts the record."""

from __future__ import annotations

from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.iam.context import contradictions
from trailsleuth.model import PolicyType, Record

SHOWN = 3
LEVELS = {
    PolicyType.SCP: "service control policies",
    PolicyType.RCP: "resource control policies",
    PolicyType.VPC_ENDPOINT: "the VPC endpoint's policy",
    PolicyType.RESOURCE: "the resource's policy",
    PolicyType.IDENTITY: "the principal's policies",
    PolicyType.BOUNDARY: "the permissions boundary",
    PolicyType.SESSION: "the session policy",
    PolicyType.OTHER: "a grant",
}


def told_by_record(refusal: Refusal, claim: Claim) -> list[str]:
    """Every sentence that applies, each whole; [] for most records."""
    return [
        *_by_aws(refusal),
        *(_endpoint(refusal.first) if PolicyType.VPC_ENDPOINT in claim.layers else []),
        *_contradicted(refusal),
    ]


def _by_aws(refusal: Refusal) -> list[str]:
    """AWS's own word: the checks that denied, each with its statements and, of a policy of the organization, where that hangs."""
    answer = refusal.answer
    said = []
    for check in answer.deciding if answer is not None else ():
        if check.layer is None:
            continue
        place = f" at {check.target}" if check.target else ""
        named = ", ".join(f"statement {found.sid or 'without a Sid'} of {found.uri}" for found in check.matched[:SHOWN] if found.denies)
        outcome = f"explicit deny{': ' + named if named else ''}" if check.effect == "EXPLICIT_DENY" else "implicit deny"
        said.append(f"{LEVELS[check.layer]}{place}, {outcome}")
    return [f"AWS's own evaluation: {'; '.join(said)}."] if said else []


def _endpoint(record: Record) -> list[str]:
    """The endpoint with its owner, service and Region, and where the call came from, as far as the record tells."""
    if not record.vpc_endpoint_id:
        return []
    owner = f" of account {record.vpc_endpoint_account}" if record.vpc_endpoint_account else ""
    origin = f", called from {record.source_ip}" if record.source_ip else ""
    return [f"The endpoint is {record.vpc_endpoint_id}{owner}, for {record.event_source} in {record.region or 'an unknown Region'}{origin}."]


def _contradicted(refusal: Refusal) -> list[str]:
    """Where the enrichment of a record and its own fields differ, the fields stand, and it is said."""
    found = contradictions(refusal.first, iam_action=refusal.iam_action or "")
    return [
        f"The record's own fields tell {key} {', '.join(ours)}, its eventContext {', '.join(told)[:200]}: the fields stand."
        for key, (ours, told) in sorted(found.items())
    ][:SHOWN]
