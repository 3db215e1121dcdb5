"""Why a denial is not, or not by itself, the cause: one ordered list of rules, each with its name and its words. The first that applies decides.

A rule ends the matter with a finding of its own, or only sets the standing with which the denial is worked out further.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.analyze.absence import absent_finding
from trailsleuth.analyze.beyond import beyond_policies
from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.context import AnalysisContext
from trailsleuth.analyze.findings import make_finding
from trailsleuth.analyze.ownership import foreign_object_finding, is_foreign
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.required import identity_verdict
from trailsleuth.analyze.sharpen import is_cut, unreadable
from trailsleuth.analyze.wording import short
from trailsleuth.model import Basis, Cause, Effect, Finding, Standing, Verdict

CLEANUP = ("Delete", "Deregister", "Detach", "Disassociate", "Remove", "Rollback", "Terminate", "Untag", "Cancel")


class Excuse(Struct, frozen=True, kw_only=True):
    """What a rule makes of a denial. `finding` None: it is worked out like any other, and its findings have this standing."""

    rule: str
    standing: Standing
    finding: Finding | None = None


Rule = Callable[[Refusal, "tuple[Refusal, ...]", AnalysisContext], Finding | Standing | None]


def excuse_of(refusal: Refusal, denials: tuple[Refusal, ...], context: AnalysisContext) -> Excuse | None:
    """The first rule that applies to one of the denials asked about; None: it is a cause."""
    for name, rule in RULES:
        found = rule(refusal, denials, context)
        if isinstance(found, Finding):
            return Excuse(rule=name, standing=found.standing, finding=found)
        if found is not None:
            return Excuse(rule=name, standing=found)
    return None


def plain_finding(refusal: Refusal, standing: Standing) -> Finding:
    """A denial as its message tells it, without a look at the policies."""
    claim = Claim(layers=(refusal.denial.policy_type,) if refusal.denial.policy_type else (), cause=_plain_cause(refusal))
    return make_finding(refusal, claim, standing, Basis.OBSERVED)


def _plain_cause(refusal: Refusal) -> Cause:
    if refusal.denial.cause is not None:
        return refusal.denial.cause
    return Cause.EXPLICIT_DENY if refusal.denial.effect is Effect.EXPLICIT else Cause.MISSING_ALLOW if refusal.iam_action else Cause.UNKNOWN


def _recovered(refusal: Refusal, _: tuple[Refusal, ...], context: AnalysisContext) -> Finding | None:
    """The same call by the same principal succeeded later."""
    success = context.successes.after(refusal)
    if success is None:
        return None
    when = success.event_time.isoformat().replace("+00:00", "Z")
    finding = plain_finding(refusal, Standing.RECOVERED)
    return replace(finding, explanation=f"{finding.explanation} The same call succeeded at {when}: it had only to settle, or was fixed since.")


def _got_past(refusal: Refusal, denials: tuple[Refusal, ...], context: AnalysisContext) -> Finding | None:
    """The same operation was later denied to the same principal for another action, and the policies in the evidence allow the earlier one by now."""
    if identity_verdict(refusal, context.evidence.policies) is not Verdict.ALLOWED or not any(_is_later_try(o, refusal) for o in denials):
        return None
    finding = plain_finding(refusal, Standing.RECOVERED)
    text = f"{finding.explanation} A later try got past it: it was denied for something else, and the policies now allow this."
    return replace(finding, explanation=text)


def _is_later_try(other: Refusal, refusal: Refusal) -> bool:
    same = other.first.call == refusal.first.call and other.principal == refusal.principal
    return same and other is not refusal and other.iam_action != refusal.iam_action and other.last.event_time > refusal.last.event_time


def _unreadable(refusal: Refusal, _: tuple[Refusal, ...], context: AnalysisContext) -> Finding | None:
    """The message says what was denied only in an encoded part, or in words, that nobody can read here."""
    if not unreadable(refusal, context.evidence):
        return None
    finding = make_finding(refusal, Claim(layers=(), cause=Cause.UNKNOWN, sure=False), Standing.CAUSE, Basis.OBSERVED)
    how = "is cut off in the record and cannot be decoded" if is_cut(refusal) else "names action and resource only when it is decoded"
    what = f"the encoded message {how}" if refusal.denial.encoded else f'its message ("{refusal.own_words}") names no action'
    text = f"{short(refusal.principal)} was denied {refusal.first.event_name}; {what}, and no policies are in the evidence."
    return replace(finding, iam_action=None, resource=None, explanation=text, requests=())


def _foreign_object(refusal: Refusal, _: tuple[Refusal, ...], context: AnalysisContext) -> Finding | None:
    """The object belongs to another account than its bucket."""
    return foreign_object_finding(refusal) if is_foreign(refusal, context.facts.uploads) else None


def _absent(refusal: Refusal, _: tuple[Refusal, ...], context: AnalysisContext) -> Finding | None:
    """What was to be used is not there."""
    return absent_finding(refusal, context.facts)


def _beyond_policies(refusal: Refusal, _: tuple[Refusal, ...], context: AnalysisContext) -> Finding | None:
    """AWS words it like a missing permission, and no policy of anybody decides it."""
    claim = beyond_policies(refusal, context.evidence.policies)
    return make_finding(refusal, claim, Standing.CAUSE, Basis.OBSERVED) if claim is not None else None


def _cleanup(refusal: Refusal, denials: tuple[Refusal, ...], context: AnalysisContext) -> Standing | None:
    """A denied deletion that CloudFormation makes after an earlier denial of the same session: the rollback, not the reason."""
    record = refusal.first
    by_stack = "cloudformation" in (record.identity.invoked_by or "") or (record.identity.arn or "").endswith("/AWSCloudFormation")
    if not by_stack or not record.event_name.startswith(CLEANUP):
        return None
    home = context.session(record)
    earlier = (o for o in denials if o is not refusal and o.first.event_time <= record.event_time and context.session(o.first) == home)
    return Standing.ALSO_NEEDED if any(not _is_over(o, denials, context) for o in earlier) else None


def _is_over(refusal: Refusal, denials: tuple[Refusal, ...], context: AnalysisContext) -> bool:
    return _recovered(refusal, denials, context) is not None or _got_past(refusal, denials, context) is not None


RULES: tuple[tuple[str, Rule], ...] = (
    ("recovered", _recovered),
    ("got-past", _got_past),
    ("unreadable", _unreadable),
    ("foreign-object", _foreign_object),
    ("absent", _absent),
    ("beyond-policies", _beyond_policies),
    ("cleanup", _cleanup),
)
