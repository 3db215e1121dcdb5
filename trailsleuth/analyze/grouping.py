"""Equal refusals become one; a call that only reports another call's refusal is folded into that one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

from trailsleuth.analyze.refusal import Refusal
from trailsleuth.catalog.short_lived import widened

MANY = 3  # short-lived resources of one type that are better said as one
REPORTED_WITHIN = timedelta(seconds=90)  # a service reports an inner refusal at once, or after its own retries


def group_refusals(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """One refusal for each principal, action and resource, in time order; the best told denial speaks for all its records."""
    groups: dict[tuple[str | None, str, str | None, str | None], list[Refusal]] = defaultdict(list)
    for refusal in _widened(list(refusals)):
        cause = refusal.denial.cause.value if refusal.denial.cause and refusal.iam_action is None else None
        groups[refusal.principal, (refusal.iam_action or "").lower(), refusal.resource, cause].append(refusal)
    merged = [_merge(group) for group in groups.values()]
    merged = _fold(merged, lambda r: r.resource is None and r.iam_action is not None, _same_action)
    merged = _fold(merged, lambda r: r.denial.wraps or r.denial.at_target, _reports)
    merged = _fold(merged, lambda r: "iam_action" not in r.denial.known_from, _made_for)
    return tuple(sorted(merged, key=lambda r: (r.first.event_time, r.first.event_id)))


def _widened(refusals: list[Refusal]) -> list[Refusal]:
    """Refusals of one principal and action on three or more short-lived resources of one type: all on `…/*` of that type."""
    ids: dict[tuple[str | None, str | None, str], set[str]] = defaultdict(set)
    for refusal in refusals:
        if refusal.resource is not None:
            ids[refusal.principal, refusal.iam_action, widened(refusal.resource)].add(refusal.resource)
    many = {key for key, found in ids.items() if len(found) >= MANY}
    return [replace(r, resource=widened(r.resource)) if r.resource and (r.principal, r.iam_action, widened(r.resource)) in many else r for r in refusals]


def _merge(group: list[Refusal]) -> Refusal:
    best = max(group, key=_told)
    records = {(r.event_id, r.account): r for refusal in group for r in refusal.records}
    return replace(best, records=tuple(sorted(records.values(), key=lambda r: (r.event_time, r.event_id))))


def _told(refusal: Refusal) -> tuple[bool, bool, bool, bool]:
    denial = refusal.denial
    return (not denial.wraps, denial.policy_type is not None, denial.policy_arn is not None, refusal.resource is not None)


def _fold(refusals: list[Refusal], moves: Callable[[Refusal], bool], fits: Callable[[Refusal, Refusal], bool]) -> list[Refusal]:
    """Each refusal that `moves` joins the one other that it fits; it stays where none or several fit."""
    moved: dict[int, list[Refusal]] = defaultdict(list)
    kept: list[Refusal] = []
    for refusal in refusals:
        homes = [o for o in refusals if o is not refusal and not moves(o) and fits(refusal, o)] if moves(refusal) else []
        if len(homes) == 1:
            moved[id(homes[0])].append(refusal)
        else:
            kept.append(refusal)
    return [_merge([r, *moved[id(r)]]) if id(r) in moved else r for r in kept]


def _same_action(vague: Refusal, clear: Refusal) -> bool:
    return clear.principal == vague.principal and (clear.iam_action or "").lower() == (vague.iam_action or "").lower() and clear.resource is not None


def _reports(wrapper: Refusal, inner: Refusal) -> bool:
    """The inner refusal is of the same principal, near in time, and of the action (or at least the service) that the wrapper names."""
    if wrapper.principal != inner.principal and wrapper.first.identity.principal_id != inner.first.identity.principal_id:
        return False
    near = any(abs(a.event_time - b.event_time) <= REPORTED_WITHIN for a in wrapper.records for b in inner.records)
    if not near:
        return False
    if wrapper.denial.at_target:
        return True
    named, found = (wrapper.iam_action or "").lower(), (inner.iam_action or "").lower()
    return not named or named == found or named.partition(":")[0] == found.partition(":")[0]


def _made_for(bare: Refusal, inner: Refusal) -> bool:
    """The inner call was made by the service of the bare one, with the same credentials, just before."""
    same = bare.first.identity.principal_id == inner.first.identity.principal_id
    by_service = inner.first.identity.invoked_by == bare.first.event_source
    return same and by_service and any(abs(a.event_time - b.event_time) <= REPORTED_WITHIN for a in bare.records for b in inner.records)
