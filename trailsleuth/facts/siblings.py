"""What a record leaves out, from the calls that the same credentials made beside it.

Sees:  the same call, denied in the same words within seconds, with its request; what the same credentials made just before.
Why:   most denied records have no request parameters; a client tries again, and a script makes a thing and uses it at once.
       Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
Sure:  of several that differ none is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from msgspec.structs import replace

from trailsleuth.catalog.things import is_making
from trailsleuth.facts.fact import Fact, Kind
from trailsleuth.facts.things import made_by
from trailsleuth.model import Record, parse_arn
from trailsleuth.model.names import role_of

SECONDS = timedelta(seconds=15)
A_MINUTE = timedelta(seconds=60)
Who = str | None


class Siblings:
    """The calls of each credential. The records come in time order."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._by_who: dict[Who, list[Record]] = defaultdict(list)
        for record in records:
            self._by_who[_who(record)].append(record)

    def with_request(self, record: Record) -> Record:
        """The record with the request of its twin, where it has none itself and all twins have the same one."""
        if record.request or _who(record) is None:
            return record
        said = (record.call, record.region, record.error_code, record.error_message)
        twins = [r for r in self._beside(record, SECONDS) if r.request and (r.call, r.region, r.error_code, r.error_message) == said]
        return replace(record, request=twins[0].request) if twins and all(twin.request == twins[0].request for twin in twins) else record

    def made_just_before(self, record: Record) -> tuple[Fact, ...]:
        """Things that the same credentials made in the seconds before; roles in the minute before."""
        found: list[Fact] = []
        for other in self._beside(record, A_MINUTE) if _who(record) is not None else ():
            age = record.event_time - other.event_time
            if other.failed or age < timedelta() or not is_making(other.event_name):
                continue
            things = [thing for thing in sorted(made_by(other)) if age <= SECONDS or _is_role(thing)]
            found += [Fact(kind=Kind.MADE, thing=thing, value=_who(other), at=other.event_time, record=other) for thing in things]
        return tuple(found)

    def denied_as_by(self, record: Record, action: str | None) -> str | None:
        """The role as which the record's service was denied this action in the minute around it, where there is one such role."""
        denied = (r for calls in self._by_who.values() for r in calls if r.denial is not None and r.identity.invoked_by == record.event_source)
        near = (r for r in denied if r.account == record.account and abs(r.event_time - record.event_time) <= A_MINUTE)
        roles = {role for r in near if r.denial is not None and r.denial.iam_action == action and (role := role_of(r))}
        return roles.pop() if len(roles) == 1 else None

    def _beside(self, record: Record, span: timedelta) -> list[Record]:
        return [r for r in self._by_who[_who(record)] if abs(r.event_time - record.event_time) <= span and r.event_id != record.event_id]


def _who(record: Record) -> Who:
    return record.identity.access_key_id or record.identity.principal_id


def _is_role(thing: str) -> bool:
    arn = parse_arn(thing)
    return arn is not None and arn.is_role
