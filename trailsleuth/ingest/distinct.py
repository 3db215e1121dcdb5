"""Equal denials once, with their count; and no second denial out of a line that only repeats, more poorly, what another one said."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from msgspec.structs import replace

from trailsleuth.model import Cause, Effect, same_role
from trailsleuth.model.explanation import ExplainedDenial, Explanation

_VAGUE = (Cause.UNKNOWN, Cause.MISSING_ALLOW)


def joined(explanations: Iterable[Explanation]) -> Explanation:
    """Several explanations as one; equal denials stand once, at the place of the first."""
    parts = tuple(explanations)
    return Explanation(
        denials=distinct(denial for part in parts for denial in part.denials),
        not_denials=sum(part.not_denials for part in parts),
        unreadable=sum(part.unreadable for part in parts),
    )


def distinct(denials: Iterable[ExplainedDenial]) -> tuple[ExplainedDenial, ...]:
    """Each denial once, counted; event and authorization id are those of the first."""
    found: dict[Hashable, ExplainedDenial] = {}
    for denial in denials:
        key = _key(denial)
        known = found.get(key)
        found[key] = denial if known is None else replace(known, count=known.count + denial.count)
    return tuple(found.values())


def without_echoes(denials: Iterable[ExplainedDenial]) -> tuple[ExplainedDenial, ...]:
    """The denials of one text without those that name nothing of their own, or nothing that another one beside them does not name too."""
    found = distinct(denials)
    real = [one for one in found if _names_something(one)]
    if not real:
        return _ranked(found)
    rows = [one for one in real if not any(_poorer(one, other) for other in real if other is not one)]
    return tuple(rows)


def _ranked(found: tuple[ExplainedDenial, ...]) -> tuple[ExplainedDenial, ...]:
    """Of texts that name nothing: what is known not to be a permission, all of it; else one, with the most to say."""
    known = tuple(one for one in found if one.cause not in _VAGUE)
    if known or len(found) < 2:
        return known or found
    best = max(found, key=lambda one: len(one.advice))
    return (replace(best, count=sum(one.count for one in found)),)


def _key(denial: ExplainedDenial) -> Hashable:
    return (
        denial.principal,
        denial.iam_action,
        denial.resource,
        denial.effect,
        denial.policy_type,
        denial.policy_arn,
        denial.encoded_message,
        denial.cause,
        denial.advice if denial.iam_action is None else "",
    )


def _names_something(denial: ExplainedDenial) -> bool:
    named = (denial.principal, denial.iam_action, denial.resource, denial.policy_type, denial.encoded_message)
    return any(value is not None for value in named) or denial.effect is Effect.EXPLICIT


def _poorer(one: ExplainedDenial, other: ExplainedDenial) -> bool:
    """All that the one names the other names too, and more."""
    if one.principal is not None and one.principal != other.principal and not same_role(one.principal, other.principal):
        return False
    if _one_assumption(one, other):
        return True
    pairs = ((one.iam_action, other.iam_action), (one.resource, other.resource), (one.policy_type, other.policy_type), (one.policy_arn, other.policy_arn))
    if any(mine is not None and mine != theirs for mine, theirs in pairs):
        return False
    if one.effect is not Effect.UNKNOWN and one.effect is not other.effect:
        return False
    if one.cause not in _VAGUE and one.cause is not other.cause:
        return False
    return _weight(one) < _weight(other)


def _one_assumption(one: ExplainedDenial, other: ExplainedDenial) -> bool:
    """A wrapper says of the role alone that it cannot be assumed; the sentence below it says who tried."""
    if one.principal is not None or other.principal is None or one.resource is None:
        return False
    return one.iam_action == other.iam_action == "sts:AssumeRole" and one.resource == other.resource and other.effect is not Effect.EXPLICIT


def _weight(denial: ExplainedDenial) -> int:
    named = (denial.principal, denial.iam_action, denial.resource, denial.policy_type, denial.policy_arn, denial.encoded_message, denial.event_id)
    return sum(value is not None for value in named) + (denial.effect is not Effect.UNKNOWN) + (denial.cause not in _VAGUE)
