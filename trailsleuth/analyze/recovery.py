"""Refusals that settled: the same call by the same principal succeeded later.

Sees:  a refused call, and after it the same operation with the same resource, region and VPC endpoint without an error.
Why:   IAM changes reach all endpoints with a delay; a role just made is refused for seconds.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
Sure:  observed; an unknown caller is not the same principal as anybody, and where neither call shows its resource, nothing is taken for recovered.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec import Struct, field

from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.shown import ShownResources
from trailsleuth.catalog.actions import takes_resource
from trailsleuth.catalog.passed_roles import passed_roles
from trailsleuth.model import Record, parse_arn
from trailsleuth.model.names import RoleNames, caller_of
from trailsleuth.model.texts import texts_in


class _Told(Struct, frozen=True):
    """Where in a list of successes each resource was worked on: by ARN, or by a text of the request where the ARN cannot be told."""

    by_arn: dict[str | None, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_text: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def places(self, resource: str) -> list[int]:
        """In order. A request names the resource whole or by its last part."""
        arn = parse_arn(resource)
        names = {resource, arn.name if arn else resource, (arn.resource if arn else resource).rpartition(":")[2]}
        return sorted({*self.by_arn.get(resource, ()), *(at for name in names for at in self.by_text.get(name, ()))})


class _Group(Struct, frozen=True):
    """The successes of one operation by one principal in one region, in time order, and what each action would have been checked on."""

    records: list[Record] = field(default_factory=list)
    told: dict[str, _Told] = field(default_factory=dict)

    def since(self, moment: datetime | None) -> int:
        return 0 if moment is None else bisect_left(self.records, moment, key=lambda record: record.event_time)


class Successes:
    """Calls that succeeded, by principal, operation and region. The records come in time order."""

    def __init__(self, records: Iterable[Record], names: RoleNames) -> None:
        self._names = names
        self._shown = ShownResources(names)
        self._groups: dict[tuple[str | None, str, str, str], _Group] = defaultdict(_Group)
        principals: dict[int, str | None] = {}  # by identity: the records of a large trail share it with others of their session
        for record in records:
            if record.error_code is None and record.error_message is None:
                who = id(record.identity)
                if who not in principals:
                    principals[who] = names.full(caller_of(record))
                if principals[who] is not None:
                    self._groups[principals[who], record.event_source, record.event_name, record.region].records.append(record)

    def after(self, refusal: Refusal) -> Record | None:
        """The first success of the very same call after the last of the equal refusals; None where it never came."""
        return next(self._same(refusal, since=refusal.last.event_time), None)

    def ever(self, refusal: Refusal) -> Record | None:
        """A success of the same call at any time."""
        return next(self._same(refusal), None)

    def _same(self, refusal: Refusal, *, since: datetime | None = None) -> Iterator[Record]:
        last = refusal.last
        group = self._groups.get((self._names.full(caller_of(last)), last.event_source, last.event_name, last.region))
        if group is None:
            return
        start = group.since(since)
        for at in self._places(group, refusal, start):
            if at >= start and group.records[at].vpc_endpoint_id == last.vpc_endpoint_id:
                yield group.records[at]

    def _places(self, group: _Group, refusal: Refusal, start: int) -> Iterable[int]:
        """Where the group's successes on the refusal's resource stand, in order; at least those from `start` on."""
        action, wanted, request = refusal.iam_action, refusal.resource, refusal.last.request
        if action == "iam:PassRole":
            return self._told(group, action).by_arn.get(wanted, ())
        if action is not None and wanted not in (None, "*"):
            return self._told(group, action).places(wanted or "")
        later = range(start, len(group.records))
        if action is None:
            return (at for at in later if request and group.records[at].request == request)
        if takes_resource(action) is False or not request:
            return later if wanted == "*" else ()
        return (at for at in later if group.records[at].request == request)

    def _told(self, group: _Group, action: str) -> _Told:
        """Worked out once for all refusals of an action: a large trail holds thousands of them beside thousands of successes."""
        known = group.told.get(action)
        if known is None:
            known = group.told[action] = _Told()
            for at, record in enumerate(group.records):
                self._tell(known, at, record, action)
        return known

    def _tell(self, told: _Told, at: int, record: Record, action: str) -> None:
        if action == "iam:PassRole":
            for role in {self._names.full(p.role) for p in passed_roles(record.event_source, record.event_name, record.request)}:
                told.by_arn[role].append(at)
        elif (arn := self._shown.of(record, action)) is not None:
            told.by_arn[arn].append(at)
        else:
            for text in set(texts_in(record.request)):
                told.by_text[text].append(at)
