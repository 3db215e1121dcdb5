"""AWS's word on each check of a denied call beside what the evaluator says of the same layer.

Where they differ, AWS is right about the call: the evaluator, or the policies that it was given, are not what AWS had, and what rests on them is claimed less.
Source: https://docs.aws.amazon.com/iam-toolbox/latest/APIReference/API_Check.html
"""

from __future__ import annotations

from trailsleuth.model import Calibrated, Decision, DecodedAuthorization, PolicyType, Verdict

_WORDS = {"EXPLICIT_DENY": Verdict.EXPLICITLY_DENIED, "IMPLICIT_DENY": Verdict.IMPLICITLY_DENIED, "ALLOW": Verdict.ALLOWED}
_ORDER = ("EXPLICIT_DENY", "IMPLICIT_DENY", "ALLOW", "NO_IMPACT")  # several checks of one layer, such as the levels of an organization: the strictest decides

LET_THROUGH = ("ALLOW", "NO_IMPACT")  # what AWS says of a layer that did not stop the call


def calibrated(answer: DecodedAuthorization | None, decision: Decision | None) -> tuple[Calibrated, ...]:
    """One comparison for each layer that AWS checked; () without AWS's answer or without a decision of ours."""
    if answer is None or decision is None:
        return ()
    told: dict[PolicyType, str] = {}
    for check in answer.checks:
        if check.layer is not None and check.effect in _ORDER:
            told[check.layer] = min(told.get(check.layer, check.effect), check.effect, key=_ORDER.index)
    return tuple(_compared(layer, effect, answer, decision) for layer, effect in told.items())


def _compared(layer: PolicyType, effect: str, answer: DecodedAuthorization, decision: Decision) -> Calibrated:
    found = decision.layer(layer) or (decision.layer(PolicyType.TRUST) if layer is PolicyType.RESOURCE else None)
    ours = found.verdict if found else None
    if ours is None or ours is Verdict.UNDECIDED:
        return Calibrated(layer=layer, aws=effect, ours=ours, agrees=None, reason="" if found else "the evidence holds no policy of this layer")
    agrees = ours is _WORDS[effect] if effect in _WORDS else ours is not Verdict.EXPLICITLY_DENIED
    other = "the documents are those that AWS evaluated" if answer.key else "the policies in the evidence need not be those that AWS evaluated"
    return Calibrated(layer=layer, aws=effect, ours=ours, agrees=agrees, reason="" if agrees else other)


def said_of(comparisons: tuple[Calibrated, ...]) -> str:
    """The sentence about the layers on which the two differ; "" where none does."""
    differing = [one for one in comparisons if one.agrees is False]
    if not differing:
        return ""
    told = "; ".join(f"{one.layer.value}: AWS says {one.aws}, this evaluation {one.ours} ({one.reason})" for one in differing)
    return f" AWS's evaluation and this one differ, so the change is not called sufficient: {told}."
