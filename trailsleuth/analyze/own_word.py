"""AWS's own account of a denial, by its authorization id: until when it can be asked for, and why it cannot where there is no id.

Sees:  the records that a finding cites, and whether AWS's details are in the evidence.
Why:   no other source names a policy of the organization to a member account; that there is none to be had saves the search.
Sure:  who called and which service was called stand in the record; which services give ids is AWS's list (catalog: no_authorization_id).
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from trailsleuth.catalog.denial_notes import KEPT, why_no_id
from trailsleuth.catalog.services import prefix_of
from trailsleuth.model import Cause, Evidence, Finding, PolicyType, Question, Record

_FROM_ABOVE = (PolicyType.SCP, PolicyType.RCP, PolicyType.VPC_ENDPOINT)


def kept_until(moment: datetime | None) -> str:
    """How long AWS answers, from the time of the denial: no clock is read here, so the time itself is said."""
    return f"AWS keeps them until about {moment + KEPT:%Y-%m-%d %H:%M}Z" if moment else "AWS keeps them for about a day"


def with_why_no_details(questions: tuple[Question, ...], finding: Finding, evidence: Evidence) -> tuple[Question, ...]:
    """The questions about a finding; where AWS's details would name the policy and the message holds no id, the first says why."""
    if not questions or not _would_help(finding):
        return questions
    cited = {(one.event_id, one.account) for one in finding.evidence}
    records = [r for r in evidence.records if (r.event_id, r.account) in cited and r.denial is not None]
    if not records or finding.calibration or any(map(_has_id, records)):
        return questions
    seen = {prefix_of(r.event_source) for r in evidence.records if _has_id(r)}
    why = f"the message holds no authorization id to ask AWS itself by: {_why(records[0], seen)}"
    return (replace(questions[0], because=f"{questions[0].because}; {why}"), *questions[1:])


def _would_help(finding: Finding) -> bool:
    """Nothing in the evidence names the policy that decided."""
    open_deny = finding.cause is Cause.EXPLICIT_DENY and not finding.blocking
    return finding.cause is Cause.UNKNOWN or open_deny or any(layer in _FROM_ABOVE for layer in finding.policy_types)


def _has_id(record: Record) -> bool:
    return record.denial is not None and record.denial.authorization_id is not None


def _why(record: Record, seen: set[str]) -> str:
    who = record.identity
    by = who.invoked_by if who.type == "AWSService" or (who.invoked_by or "").endswith(".amazonaws.com") else None
    anonymous = "anonymous" in ((who.account or "").lower(), (who.principal_id or "").lower(), (who.type or "").lower())
    return why_no_id(prefix_of(record.event_source), by_service=by, anonymous=anonymous, seen=seen)
