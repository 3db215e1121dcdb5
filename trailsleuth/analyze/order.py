"""A denial that the policies in the evidence do not explain: made too early, or cured since.

Sees:  a denied call that the policies allow, and when its principal, its resource or their policies were made or changed: by the trail, by the snapshot.
Why:   IAM is eventually consistent: a role or a policy takes seconds to reach every Region. A snapshot is later than the denial.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
Sure:  the times are observed; without one, nothing is said of "just made".
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.findings import cite
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.wording import short
from trailsleuth.facts import Facts
from trailsleuth.iam.applies import find_principal
from trailsleuth.model import Cause, Effect, Finding, Record

SETTLING = timedelta(minutes=2)


class Moment(Struct, frozen=True, kw_only=True):
    """What was made or changed near the denial; `record` None: the snapshot's date shows it."""

    what: str
    at: datetime
    record: Record | None = None

    @property
    def shown(self) -> str:
        return f"record {self.record.event_id}" if self.record is not None else "by the IAM snapshot"


def too_early(claim: Claim, refusal: Refusal, facts: Facts) -> Claim:
    """A denial that the policies contradict and that came within minutes of a change before it: no permission is missing."""
    contradicted = claim.already and refusal.denial.effect is not Effect.EXPLICIT
    return replace(claim, layers=(), cause=Cause.NOT_A_PERMISSION, rule="not-settled") if contradicted and just_before(refusal, facts) else claim


def in_order(finding: Finding, claim: Claim, refusal: Refusal, facts: Facts) -> Finding:
    """The finding with what was made or changed before or after the denial, where the policies in the evidence allow it."""
    if not claim.already and claim.rule != "not-settled":
        return finding
    before, after = just_before(refusal, facts), facts.changes.next((refusal.principal, refusal.resource), refusal.last.event_time)
    who = short(refusal.principal) if refusal.principal else "the role that the service was handed" if refusal.denial.by_passed_role else "the caller"
    denied = f"{who} was denied {refusal.iam_action} on {refusal.resource or 'it'}, which the policies in the evidence allow."
    if before is not None:
        seconds = int((refusal.first.event_time - before.at).total_seconds())
        text = f"{before.what} at {_iso(before.at)} ({before.shown}), {seconds} seconds before: the change had not settled. Wait, and make the call again."
        shown = (cite(before.record),) if before.record is not None else ()
    elif after is not None:
        text = f"{after.event_name} changed them at {_iso(after.event_time)} (record {after.event_id}), after the denial. Make the call again."
        shown = (cite(after),)
    else:
        own = f'Its message ("{refusal.own_words}") may be about something else. ' if refusal.own_words else ""
        text = (
            f"{own}The trail shows no change of them: they were changed since, or were not in force everywhere yet. Make the call again; if denied, look anew."
        )
        shown = ()
    return replace(finding, explanation=f"{denied} {text}", evidence=(*finding.evidence, *(one for one in shown if one not in finding.evidence)))


def just_before(refusal: Refusal, facts: Facts) -> Moment | None:
    """What was made within `SETTLING` before the first denial, the resource or the principal; else the last change of their policies."""
    moment, things = refusal.first.event_time, (refusal.resource, refusal.principal)
    made = (found for thing in things if (found := _creation(thing, moment, facts)) is not None)
    changed = (
        Moment(what=f"{change.event_name} changed {short(thing)}", at=change.event_time, record=change)
        for thing in things
        if (change := facts.changes.last((thing,), moment)) is not None
    )
    return next((one for one in (*made, *changed) if timedelta() <= moment - one.at <= SETTLING), None)


def _creation(thing: str | None, moment: datetime, facts: Facts) -> Moment | None:
    created = facts.roles.creation(thing, moment)
    if created is not None:
        return Moment(what=f"{short(thing)} was made", at=created.event_time, record=created)
    principal = find_principal(thing, facts.evidence.policies)
    return Moment(what=f"{short(thing)} was made", at=principal.created) if principal is not None and principal.created is not None else None


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
