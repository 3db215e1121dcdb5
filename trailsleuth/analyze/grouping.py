"""Equal refusals become one; a call that only reports another call's refusal is folded into that one."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import timedelta
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.analyze.refusal import Refusal
from trailsleuth.catalog.short_lived import widened

MANY = 3  # short-lived resources of one type that are better said as one
REPORTED_WITHIN = timedelta(seconds=90)  # a service reports an inner refusal at once, or after its own retries


def group_refusals(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """One refusal for each principal, action and resource, in time order; the best told denial speaks for all its records."""
    groups: dict[tuple[str | None, str, str | None, str | None], list[Refusal]] = defaultdict(list)
    for refusal in _widened(list(refusals)):
        cause = refusal.denial.cause.value if refusal.denial.cause and refusal.iam_action is None else None
        groups[refusal.caller, (refusal.iam_action or "").lower(), refusal.resource, cause].append(refusal)
    merged = [_merge(group) for group in groups.values()]
    for rule in (SAME_ACTION, REPORTS, MADE_FOR):
        merged = _fold(merged, rule)
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
    if len(group) == 1 and len(group[0].records) == 1:
        return group[0]
    best = max(group, key=_told)
    records = {(r.event_id, r.account): r for refusal in group for r in refusal.records}
    return replace(best, records=tuple(sorted(records.values(), key=lambda r: (r.event_time, r.event_id))))


def _told(refusal: Refusal) -> tuple[bool, ...]:
    denial = refusal.denial
    return (not denial.wraps, refusal.answer is not None, denial.policy_type is not None, denial.policy_arn is not None, refusal.resource is not None)


class Rule(Struct, frozen=True, kw_only=True):
    """Which refusals are folded into which other: those that `moves` into one that it `fits`. Only what shares a key can fit."""

    moves: Callable[[Refusal], bool]
    fits: Callable[[Refusal, Refusal], bool]
    keys: Callable[[Refusal], Iterable[Hashable]]
    near: bool = False  # and only what has records near in time


def _fold(refusals: list[Refusal], rule: Rule) -> list[Refusal]:
    """Each refusal that moves joins the one other that it fits; it stays where none or several fit."""
    moving = [refusal for refusal in refusals if rule.moves(refusal)]
    if not moving:
        return refusals
    moved: dict[int, list[Refusal]] = defaultdict(list)
    homes = Homes((refusal for refusal in refusals if not rule.moves(refusal)), rule)
    gone = set()
    for refusal in moving:
        found = list(islice(homes.of(refusal), 2))
        if len(found) == 1:
            moved[id(found[0])].append(refusal)
            gone.add(id(refusal))
    return [_merge([r, *moved[id(r)]]) if id(r) in moved else r for r in refusals if id(r) not in gone]


class Homes:
    """Refusals by the keys of a rule and, where it wants them near in time, by the spans of time that their records lie in."""

    def __init__(self, refusals: Iterable[Refusal], rule: Rule) -> None:
        self._rule = rule
        self._by_key: dict[tuple[Hashable, int], list[Refusal]] = defaultdict(list)
        for refusal in refusals:
            for key in rule.keys(refusal):
                for span in _spans(refusal) if rule.near else {0}:
                    self._by_key[key, span].append(refusal)

    def of(self, refusal: Refusal) -> Iterator[Refusal]:
        """Those that it fits, each once."""
        spans = {span + step for span in _spans(refusal) for step in (-1, 0, 1)} if self._rule.near else {0}
        beside = (other for key in self._rule.keys(refusal) for span in spans for other in self._by_key.get((key, span), ()))
        tried: set[int] = set()
        for other in beside:
            if id(other) not in tried:
                tried.add(id(other))
                if self._rule.fits(refusal, other):
                    yield other


def _spans(refusal: Refusal) -> set[int]:
    """The time of its records in units of `REPORTED_WITHIN`: what is as near as that lies in the same one or the next."""
    return {int(record.event_time.timestamp() // REPORTED_WITHIN.total_seconds()) for record in refusal.records}


def is_near(one: Refusal, other: Refusal) -> bool:
    """A record of the one and a record of the other lie near in time. Each has its records in time order."""
    few, many = sorted((one.records, other.records), key=len)
    for record in few:
        at = bisect_left(many, record.event_time, key=lambda r: r.event_time)
        if any(abs(beside.event_time - record.event_time) <= REPORTED_WITHIN for beside in many[max(at - 1, 0) : at + 1]):
            return True
    return False


def _same_action(vague: Refusal, clear: Refusal) -> bool:
    same = clear.caller is not None and clear.caller == vague.caller and clear.resource is not None
    return same and (clear.iam_action or "").lower() == (vague.iam_action or "").lower()


def _reports(wrapper: Refusal, inner: Refusal) -> bool:
    """The inner refusal is of the same principal, near in time, and of the action (or at least the service) that the wrapper names."""
    if not wrapper.is_by_caller_of(inner) or not is_near(wrapper, inner):
        return False
    if wrapper.denial.at_target:
        return True
    named, found = (wrapper.iam_action or "").lower(), (inner.iam_action or "").lower()
    return not named or named == found or named.partition(":")[0] == found.partition(":")[0]


def _made_for(bare: Refusal, inner: Refusal) -> bool:
    """The inner call was made by the service of the bare one, with the same credentials, just before."""
    same = bare.first.identity.principal_id is not None and bare.first.identity.principal_id == inner.first.identity.principal_id
    by_service = inner.first.identity.invoked_by == bare.first.event_source
    return same and by_service and is_near(bare, inner)


SAME_ACTION = Rule(
    moves=lambda r: r.resource is None and r.iam_action is not None,
    fits=_same_action,
    keys=lambda r: ((r.caller, (r.iam_action or "").lower()),),
)
REPORTS = Rule(
    moves=lambda r: r.denial.wraps or r.denial.at_target,
    fits=_reports,
    keys=lambda r: (("principal", r.principal), ("id", r.first.identity.principal_id)),
    near=True,
)
MADE_FOR = Rule(
    moves=lambda r: "iam_action" not in r.denial.known_from,
    fits=_made_for,
    keys=lambda r: (r.first.identity.principal_id,),
    near=True,
)
