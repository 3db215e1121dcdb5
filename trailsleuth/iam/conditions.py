"""Whether a condition holds for a request: yes, no, or unknown where a key's value is.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
         https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from trailsleuth.iam.keys import RequestKeys
from trailsleuth.iam.operators import Operator, read_operator
from trailsleuth.iam.variables import Expanded, expand
from trailsleuth.model import Condition

Tri = bool | None
"""True, False, or None: unknown."""


def all_of(parts: Iterable[Tri]) -> Tri:
    """Three-valued and: one False decides."""
    outcome: Tri = True
    for part in parts:
        if part is False:
            return False
        outcome = outcome if part else None
    return outcome


def any_of(parts: Iterable[Tri]) -> Tri:
    """Three-valued or: one True decides."""
    outcome: Tri = False
    for part in parts:
        if part:
            return True
        outcome = outcome if part is False else None
    return outcome


class ConditionOutcome(Struct, frozen=True, kw_only=True):
    """`missing`: the unknown keys on which it hangs; `wanted`: the values with variables filled in; `given`: None where unknown."""

    holds: Tri
    wanted: tuple[str, ...] = ()
    given: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ()


def check(condition: Condition, keys: RequestKeys, *, effect: str, version: str) -> ConditionOutcome:
    """One operator over one key. Where AWS leaves an outcome open, an Allow does not hold and a Deny does, so that nothing is allowed by a guess."""
    operator = read_operator(condition.operator)
    given = keys.get(condition.key)
    if operator is None:
        return ConditionOutcome(holds=None, wanted=condition.values, given=given, missing=())
    if given is None:
        return ConditionOutcome(holds=None, wanted=condition.values, given=None, missing=(condition.key,))
    if operator.compare is None:
        return ConditionOutcome(holds=_null(condition.values, not given, effect), wanted=condition.values, given=given)
    wanted = [expand(value, keys, version) if operator.variables else Expanded(text=value) for value in condition.values]
    shown = tuple(w.text if w.text is not None else raw for w, raw in zip(wanted, condition.values, strict=True))
    if not given:
        return ConditionOutcome(holds=_absent(operator), wanted=shown, given=())
    holds = _present(operator, wanted, given, effect)
    missing = tuple(dict.fromkeys(w.missing for w in wanted if w.missing)) if holds is None else ()
    return ConditionOutcome(holds=holds, wanted=shown, given=given, missing=missing)


def _null(values: tuple[str, ...], absent: bool, effect: str) -> Tri:
    lower = [value.lower() for value in values]
    if any(value not in ("true", "false") for value in lower):
        return False if effect == "Allow" else None
    return any((value == "true") is absent for value in lower)


def _absent(operator: Operator) -> bool:
    if operator.if_exists or operator.quantifier == "forallvalues":
        return True
    return operator.negated and operator.quantifier != "foranyvalue"


def _present(operator: Operator, wanted: list[Expanded], given: tuple[str, ...], effect: str) -> Tri:
    tests = [_value(operator, wanted, value, effect) for value in given]
    if operator.quantifier == "forallvalues":
        return all_of(tests)
    if operator.quantifier == "foranyvalue" or len(tests) == 1:
        return any_of(tests)
    # Several values without a set operator: AWS does not say what comes out.
    return False if effect == "Allow" else any_of(tests)


def _value(operator: Operator, wanted: list[Expanded], given: str, effect: str) -> Tri:
    allow = effect == "Allow"
    hits: list[Tri] = []
    for one in wanted:
        if one.text is not None:
            hit = operator.compare(one.text, given) if operator.compare else None
            hits.append((operator.negated if allow else None) if hit is None else hit)
        elif one.missing:
            hits.append(None)
        else:  # a variable without a value equals nothing; an Allow is not given for that
            hits.append(operator.negated and allow)
    outcome = any_of(hits)
    if operator.negated:
        return None if outcome is None else not outcome
    return outcome
