"""A claim: one thing that must change before a refused call is allowed; and what one layer's decision claims."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.iam.nearness import distance
from trailsleuth.model import Cause, LayerDecision, Mismatch, NearMiss, PolicyType, Statement, StatementRef, Verdict


class Claim(Struct, frozen=True, kw_only=True):
    """One thing that must change: the layers (one, or both sides for one cause), the cause, and the statements that deny or misfit.

    `observed`: the refusal itself names the layer, or nothing but it can be meant. `sure` false: by elimination or by default, not shown.
    `mismatch` is the part of the nearest statement that failed. `already` true: the policies in the evidence allow it, against the message.
    `rule` names the rule of AWS that settles it where no policy does.
    """

    layers: tuple[PolicyType, ...]
    cause: Cause
    policy_arn: str | None = None
    blocking: tuple[StatementRef, ...] = ()
    statements: tuple[Statement, ...] = ()  # what `blocking` refers to
    mismatch: Mismatch | None = None
    observed: bool = True
    sure: bool = True
    already: bool = False
    rule: str = ""


def layer_claim(layer: PolicyType, found: LayerDecision | None) -> Claim:
    """What must change in a layer, and why, by its decision."""
    if found is None:
        return Claim(layers=(layer,), cause=Cause.MISSING_ALLOW)
    if found.verdict is Verdict.EXPLICITLY_DENIED:
        return Claim(layers=(layer,), cause=Cause.EXPLICIT_DENY, blocking=found.matched)
    near, part = nearest(found)
    if found.hangs_on:  # an Allow that covers the resource, and of whose condition nobody knows that it was false, is nearer than any other
        return Claim(layers=(layer,), cause=Cause.CONDITION_MISMATCH, mismatch=Mismatch(part="condition", key=found.hangs_on[0]), sure=False)
    cause = {"condition": Cause.CONDITION_MISMATCH, "resource": Cause.SCOPE_MISMATCH}.get(part.part if part else "", Cause.MISSING_ALLOW)
    return Claim(layers=(layer,), cause=cause, blocking=(near.statement,) if near and cause is not Cause.MISSING_ALLOW else (), mismatch=part)


def nearest(found: LayerDecision) -> tuple[NearMiss | None, Mismatch | None]:
    """The Allow that came nearest: one that only a condition kept from applying, else one whose resource misses; else none."""
    allows = [n for n in found.near_misses if n.effect == "Allow"]
    by_condition = [n for n in allows if {m.part for m in n.mismatches} == {"condition"}]
    by_resource = [n for n in allows if {m.part for m in n.mismatches} in ({"resource"}, {"resource", "condition"})]
    if by_condition:
        best = min(by_condition, key=lambda n: len(n.mismatches))
        return best, best.mismatches[0]
    if by_resource:
        best = min(by_resource, key=lambda n: (len(n.mismatches), _apart(n)))
        return best, _resource_part(best)
    return None, None


def _apart(near: NearMiss) -> tuple[int, int]:
    """How far the nearest of its resources is from the one that was asked for."""
    part = _resource_part(near)
    return min((distance(pattern, given) for pattern in part.wanted for given in part.given or ()), default=(9, 0))


def _resource_part(near: NearMiss) -> Mismatch:
    """The part on which the resource missed, the nearest of the statement's resources first."""
    part = next(m for m in near.mismatches if m.part == "resource")
    asked = (part.given or ("",))[0]
    return replace(part, wanted=tuple(sorted(part.wanted, key=lambda pattern: distance(pattern, asked))))
