"""Denied calls by kind: of one caller, one call and one error code. Counted they tell enough to say which are worked out where nothing is asked.

Sees:  when each kind was denied.
Why:   a large trail holds thousands of kinds, and hardly any of them is what somebody waits for: agents' logs and metrics, consoles and scanners that look
       around, jobs that are denied at all times. Somebody, or a tool, that tries what a credential may do leaves many actions of many services in minutes.
       Source: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html
Sure:  an order, no verdict. It looks like enumeration, no more: a new deployment role without any policy looks alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from trailsleuth.catalog.action_kinds import is_beside_the_work
from trailsleuth.catalog.services import prefix_of
from trailsleuth.model import Record, Strangers
from trailsleuth.model.names import caller_of

WITHIN = timedelta(minutes=10)
ACTIONS, SERVICES = 8, 4
LOOKS = ("Describe", "List", "Search", "Lookup", "Head")
RECURRING = 4  # denials of one kind over the most of the trail


class Kind(NamedTuple):
    """Who, as the record tells it, was denied which call (`s3.amazonaws.com:GetObject`), with which code."""

    caller: str | None
    call: str
    code: str | None


class Call(Protocol):
    """What is looked at of a denied call."""

    @property
    def event_time(self) -> datetime: ...
    @property
    def call(self) -> str: ...


class _Denied(NamedTuple):
    event_time: datetime
    call: str


Times = Mapping[Kind, Sequence[datetime]]


def kind_of(record: Record) -> Kind:
    """The kind of a denied record."""
    return Kind(caller_of(record), record.call, record.error_code)


def times_of(records: Iterable[Record], strangers: Iterable[Strangers] = ()) -> Times:
    """When each kind was denied."""
    found: dict[Kind, list[datetime]] = defaultdict(list)
    for one in strangers:
        found[Kind(one.principal, one.call, one.error_code)] += one.times
    for record in records:
        found[kind_of(record)].append(record.event_time)
    return found


def likeliest(times: Times, limit: int) -> frozenset[Kind]:
    """So many kinds: first those of callers that do not try everything, of calls that somebody may wait for, and that were not denied all along."""
    if len(times) <= limit:
        return frozenset(times)
    first, last = min(map(min, times.values())), max(map(max, times.values()))
    tried = enumerating(times)
    weights = {kind: (kind.caller in tried, is_aside(kind.call), _recurs(when, first, last), min(when)) for kind, when in times.items()}
    return frozenset(sorted(times, key=lambda kind: (*weights[kind], kind.caller or "", kind.call, kind.code or ""))[:limit])


def enumerating(times: Times) -> frozenset[str | None]:
    """The callers that look as if they tried what they may do."""
    by_caller: dict[str | None, list[_Denied]] = defaultdict(list)
    for kind, when in times.items():
        by_caller[kind.caller] += [_Denied(moment, kind.call) for moment in when]
    return frozenset(caller for caller, calls in by_caller.items() if caller is not None and looks_like_enumeration(calls))


def looks_like_enumeration(records: Iterable[Call]) -> bool:
    """Within some ten minutes at least eight operations of at least four services were denied."""
    listed = sorted(records, key=lambda r: r.event_time)
    if len({r.call for r in listed}) < ACTIONS:
        return False
    calls: Counter[str] = Counter()
    start = 0
    for record in listed:
        calls[record.call] += 1
        while record.event_time - listed[start].event_time > WITHIN:
            calls[listed[start].call] -= 1
            start += 1
        tried = [call for call, count in calls.items() if count]
        if len(tried) >= ACTIONS and len({call.partition(":")[0] for call in tried}) >= SERVICES:
            return True
    return False


def is_aside(call: str) -> bool:
    """A look around, or a call beside the work: being denied it hardly stops anybody."""
    source, _, name = call.partition(":")
    return name.startswith(LOOKS) or is_beside_the_work(f"{prefix_of(source)}:{name}")


def _recurs(times: Sequence[datetime], first: datetime, last: datetime) -> bool:
    """From near the begin to near the end of the trail, again and again: it was so before whatever is asked about, and after it."""
    quarter = (last - first) / 4
    return len(times) >= RECURRING and min(times) - first < quarter and last - max(times) < quarter
