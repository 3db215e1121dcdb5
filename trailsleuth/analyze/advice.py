"""What to do about a finding that no policy change fixes: the request, the resource, the order, another owner.

The words are rows of the catalogue, chosen by what settled the finding, where the decision fell and which condition was not met; an earlier good
call of the same principal shows what to send.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from trailsleuth.analyze.beyond import settled_by
from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.generated import made_by
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.catalog.advice import finding_advice
from trailsleuth.iam.context import request_context
from trailsleuth.model import Finding, Mismatch, PolicyType, Record, Standing

ORDER = tuple(PolicyType)  # where several layers must change, the advice is that of the first


def advise(refusal: Refusal, claim: Claim, good: Record | None) -> str:
    """The next step, in words; `good` is an earlier call of the same kind that went through."""
    part = claim.mismatch
    layer = next((kind for kind in ORDER if kind in claim.layers), None)
    return finding_advice(
        rule=claim.rule,
        cause=claim.cause.value,
        layer=layer.value if layer else None,
        key=part.key if part is not None and part.part == "condition" else None,
        absent=part is not None and part.operator.lower() == "null" and part.wanted == ("true",),
        already=claim.already,
        known=refusal.resource not in (None, "*"),
        own=_own(refusal, claim),
        action=refusal.iam_action,
        policy=claim.policy_arn or _policy_of(claim),
        call=refusal.first.event_name,
        principal=refusal.principal or _caller(refusal.first),
        resource=refusal.resource,
        wanted=_wanted(part, claim),
        sent=_sent(part),
        good=_good(part, refusal, good),
        unless=_unless(claim),
    )


def without_needless(findings: Iterable[Finding], fixed: Iterable[str]) -> tuple[Finding, ...]:
    """Advice only where a finding stands and no change fixes it; `fixed` are the ids of those that one does. Who makes a role anew is said with the change, or
    else in the explanation."""
    done = frozenset(fixed)
    standing = (Standing.CAUSE, Standing.ALSO_NEEDED)
    kept = (f if f.standing in standing and f.id not in done else replace(f, advice=None) for f in findings)
    return tuple(f if f.maker is None or f.id in done else replace(f, explanation=f"{f.explanation} {made_by(f.maker)}") for f in kept)


def _own(refusal: Refusal, claim: Claim) -> str:
    """What the message itself, or the rule about what nobody else can do, says to do."""
    settled = settled_by(claim.rule, refusal)
    return str(settled["instead"]) if settled is not None else refusal.denial.advice


def _policy_of(claim: Claim) -> str | None:
    return next((ref.policy_arn for ref in claim.blocking if ref.policy_arn), None)


def _caller(record: Record) -> str | None:
    who = record.identity
    return who.user_name or who.identity_provider or who.arn or who.invoked_by


def _wanted(part: Mismatch | None, claim: Claim) -> str:
    """What the condition asks for, as a policy would say it; the statement itself tells where nobody knows the value of the key."""
    if part is None or not part.key:
        return ""
    if part.wanted:
        return f"{part.key} {part.operator} {', '.join(part.wanted[:4])}"
    asked = (c for statement in claim.statements for c in statement.conditions if c.key.lower() == part.key.lower())
    return next((f"{c.key} {c.operator} {', '.join(c.values[:4])}" for c in asked), part.key)


def _sent(part: Mismatch | None) -> str:
    if part is None or part.given is None:
        return ""
    return f"; this call sent {', '.join(part.given[:4])}" if part.given else "; this call sent none"


def _good(part: Mismatch | None, refusal: Refusal, good: Record | None) -> str:
    """What the earlier good call sent for the key, with its record."""
    if part is None or good is None or refusal.iam_action is None:
        return ""
    known, _ = request_context(good, iam_action=refusal.iam_action)
    values = next((given for key, given in known.items() if key.lower() == part.key.lower()), ())
    when = good.event_time.isoformat().replace("+00:00", "Z")
    return f". An earlier call that went through sent {', '.join(values[:4])} ({when}, record {good.event_id})" if values else ""


def _unless(claim: Claim) -> str:
    """The conditions under which the Deny does not hold."""
    said = [f"{c.key} {c.operator} {', '.join(c.values[:3])}" for statement in claim.statements for c in statement.conditions]
    return f" (it holds where {' and '.join(said[:3])})" if said else ""
