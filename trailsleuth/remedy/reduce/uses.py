"""A role's calls folded to uses: one IAM action on one resource, how often and when, with the requests that IAM decided."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from trailsleuth.catalog.actions import resource_types
from trailsleuth.catalog.arns import fits
from trailsleuth.catalog.paths import texts_in
from trailsleuth.catalog.reduction import makes, makes_kind, needs_no_permission
from trailsleuth.model import AccessRequest, Record
from trailsleuth.model.reduction import Use
from trailsleuth.remedy.reduce.calls import Seen, needs_in, request_of
from trailsleuth.remedy.reduce.trail import RoleTrail


class _Tally(Struct):
    first: datetime
    last: datetime
    count: int = 0
    days: set[int] = field(default_factory=set)
    requests: dict[tuple[Any, ...], AccessRequest] = field(default_factory=dict)
    calls: set[str] = field(default_factory=set)
    implied: bool = True
    failed: bool = True


def find_uses(trail: RoleTrail, owners: Mapping[str, str], looked_at: frozenset[str]) -> tuple[tuple[Use, ...], Counter[str]]:
    """The uses, sorted, and the calls that no IAM action is known for. `looked_at` are the condition keys by which requests differ."""
    tallies: dict[tuple[str, str | None], _Tally] = {}
    unmapped: Counter[str] = Counter()
    made: set[str] = set()
    told: dict[tuple[object, ...], dict[tuple[str, str | None], Seen]] = {}
    for record in (*trail.calls, *trail.reached):
        alike = (record.event_source, record.event_name, record.region, record.account, id(record.request), id(record.resources))
        seen = told.get(alike)
        if seen is None:  # lean records share their requests, and equal ones need the same
            seen = told[alike] = {(s.iam_action, s.resource): s for s in needs_in(record, trail)}
        if not seen and not record.failed:
            unmapped[record.call] += record.counts_for
        made.update(_made_by(record, seen.values()))
        for key, one in seen.items():
            if not needs_no_permission(one.iam_action):
                tally = tallies.setdefault(key, _Tally(first=record.event_time, last=record.event_time))
                _add(tally, record, one, request_of(record, one, trail, owners), looked_at)
    uses = [_use(action, resource, tally, made) for (action, resource), tally in tallies.items()]
    return tuple(sorted(uses, key=lambda u: (u.iam_action, u.resource or ""))), unmapped


def needs_of(records: Iterable[Record], trail: RoleTrail, owners: Mapping[str, str]) -> Iterator[tuple[str | None, AccessRequest]]:
    """What calls are checked for as far as their records tell, as (resource, request): refused ones need all of it once they are refused no longer."""
    for record in records:
        for seen in needs_in(record, trail):
            yield seen.resource, request_of(record, seen, trail, owners)


def _made_by(record: Record, seen: Iterable[Seen]) -> Iterator[str]:
    """What a call makes: the thing of its own name, and the ARNs and ids in its answer."""
    making = [one for one in seen if not one.implied and makes(one.iam_action)]
    yield from (one.resource for one in making if one.resource is not None and _is_made(one.iam_action, one.resource))
    if making and record.category != "Data" and not record.failed:
        yield from texts_in(record.response)


def _is_made(action: str, arn: str) -> bool:
    """The ARN is of the kind that the action makes."""
    kinds = resource_types(action)
    return len(kinds) == 1 or any(makes_kind(action, kind.name) and any(fits(arn, form) for form in kind.arn_formats) for kind in kinds)


def _use(action: str, resource: str | None, tally: _Tally, made: Container[str]) -> Use:
    ordered = [request for _, request in sorted(tally.requests.items(), key=lambda item: repr(item[0]))]
    return Use(
        iam_action=action,
        resource=resource,
        count=tally.count,
        first_seen=tally.first,
        last_seen=tally.last,
        days=len(tally.days),
        requests=tuple(ordered),
        implied=tally.implied or tally.failed,
        failed=tally.failed,
        calls=tuple(sorted(tally.calls)),
        made=resource is not None and (resource in made or re.split(r"[:/]", resource)[-1] in made),
    )


def _add(tally: _Tally, record: Record, seen: Seen, request: AccessRequest, looked_at: frozenset[str]) -> None:
    tally.count += record.counts_for
    tally.first, tally.last = min(tally.first, record.event_time), max(tally.last, record.event_time)
    tally.days.add(record.event_time.toordinal())
    tally.calls.add(record.event_name)
    tally.implied = tally.implied and seen.implied
    tally.failed = tally.failed and record.failed
    tally.requests.setdefault(signature(request, looked_at), request)


def signature(request: AccessRequest, looked_at: frozenset[str]) -> tuple[Any, ...]:
    """What tells two requests apart that ask for the same: the values of the keys that the policies look at, and which are known to be absent."""
    known = sorted((key.lower(), values) for key, values in request.context.items() if key.lower() in looked_at)
    return (request.resource_account or "", tuple(known), tuple(sorted(key.lower() for key in request.absent if key.lower() in looked_at)))
