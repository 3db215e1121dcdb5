"""The denied calls of a trail in groups: who was denied what, how often, since when, from where."""

from __future__ import annotations

import difflib
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from trailsleuth.analyze.steady import is_steady
from trailsleuth.errors import UsageError
from trailsleuth.facts.kinds import looks_like_enumeration
from trailsleuth.ingest.record import parse_record
from trailsleuth.model import Origin, Record
from trailsleuth.model.denied_view import KEYS, DeniedGroups, DeniedView, Mark
from trailsleuth.model.names import caller_of, role_of
from trailsleuth.scan.callers import Callers
from trailsleuth.scan.denied import Refused, refused

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
Values = tuple[str | None, ...]
DEFAULT = "principal,action"


class _Seen(NamedTuple):
    """Of a denied call, what tells whether its caller looks around, or calls at regular times."""

    event_time: datetime
    call: str


def parse_by(text: str | Sequence[str]) -> tuple[str, ...]:
    """The names of `principal,action`. Raises UsageError for an unknown one."""
    names = tuple(dict.fromkeys(part.strip().lower() for part in (text.split(",") if isinstance(text, str) else text) if part.strip()))
    for name in names:
        if name not in KEYS:
            near = difflib.get_close_matches(name, KEYS, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UsageError(f"denied calls cannot be grouped by {name!r}", next_step=f"{hint}give some of {', '.join(KEYS)}")
    if not names:
        raise UsageError("no column is named to group denied calls by", next_step=f"give some of {', '.join(KEYS)}")
    return names


def denied_groups(paths: Paths, by: str | Sequence[str] = DEFAULT, *, stdin: bytes | None = None) -> DeniedGroups:
    """The denied calls of exported files in groups, at the speed of `refused`, in the memory of the groups."""
    names = parse_by(by)
    with refused(paths, stdin=stdin) as found:
        return grouped(records_of(found), names)


def records_of(found: Refused) -> Iterator[Record]:
    """The denied records, read one after the other."""
    callers = Callers()
    for number, line in enumerate(found.denied_lines()):
        record = parse_record(json.loads(line), Origin(source="", position=number), identify=callers.of)
        if isinstance(record, Record):
            yield record


def grouped(records: Iterable[Record], by: Sequence[str]) -> DeniedGroups:
    """The denied ones of the records in groups. A call in the trails of two accounts counts once."""
    groups: dict[Values, DeniedView] = {}
    seen: dict[str, list[_Seen]] = defaultdict(list)
    callers: dict[Values, set[tuple[str, str]]] = defaultdict(set)
    for record in _once(records):
        values = tuple(_VALUES[name](record) for name in by)
        view = groups.setdefault(values, DeniedView(values=values, first=record.event_time, last=record.event_time))
        view.add(record.event_time, record.source_ip, record.identity.access_key_id)
        who = caller_of(record) or "unknown"
        seen[who].append(_Seen(record.event_time, record.call))
        callers[values].add((who, record.call))
    _mark(groups, callers, seen, principals="principal" in by)
    return DeniedGroups(by=tuple(by), groups=tuple(sorted(groups.values(), key=_by_day if "day" in by else _by_count)))


def _once(records: Iterable[Record]) -> Iterator[Record]:
    shared: set[str] = set()
    for record in records:
        if record.denial is None or record.shared_event_id in shared:
            continue
        if record.shared_event_id is not None:
            shared.add(record.shared_event_id)
        yield record


def _mark(
    groups: dict[Values, DeniedView],
    callers: dict[Values, set[tuple[str, str]]],
    seen: dict[str, list[_Seen]],
    *,
    principals: bool,
) -> None:
    """Groups of one principal are marked where it looks around; any group where all that is in it is denied at regular times."""
    around = {who for who, calls in seen.items() if principals and who != "unknown" and looks_like_enumeration(calls)}
    times: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for who, calls in seen.items():
        for one in calls:
            times[who, one.call].append(one.event_time)
    steady = {pair for pair, moments in times.items() if is_steady(moments)}
    for values, view in groups.items():
        looks = Mark.ENUMERATION if any(who in around for who, _ in callers[values]) else None
        regular = Mark.STEADY if callers[values] <= steady else None
        view.marks = tuple(mark for mark in (looks, regular) if mark)


def _by_count(view: DeniedView) -> tuple[int, tuple[str, ...]]:
    return -view.count, tuple(value or "" for value in view.values)


def _by_day(view: DeniedView) -> tuple[int, tuple[str, ...]]:
    return 0, (view.first.date().isoformat(), *(value or "" for value in view.values))


def _service(record: Record) -> str:
    return record.event_source.removesuffix(".amazonaws.com")


def _action(record: Record) -> str:
    """The IAM action that the message names, else the call."""
    return (record.denial.iam_action if record.denial else None) or f"{_service(record)}:{record.event_name}"


_VALUES: dict[str, Callable[[Record], str | None]] = {
    "principal": lambda record: role_of(record) or caller_of(record),
    "action": _action,
    "service": _service,
    "code": lambda record: record.error_code,
    "day": lambda record: record.event_time.date().isoformat(),
    "account": lambda record: record.account,
    "region": lambda record: record.region,
}
