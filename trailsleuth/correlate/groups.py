"""Denied records by the chain that they ended: each chain is a group of its own.

One chain: the calls of one principal, in however many sessions; the calls that a service made for one of them; another account's copy of one; and what a
text says about another principal's denial. An unknown caller is nobody else: only what its own record tells of it joins its calls.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from trailsleuth.correlate.trail import WRAPPED, Key, Moments, Trail, key_of
from trailsleuth.model import Record
from trailsleuth.model.names import caller_of


def chains_of(trail: Trail, records: Iterable[Record]) -> dict[Key, int]:
    """Which chain each record belongs to, counted from 1 in the order of their first record."""
    listed = list(records)
    groups = _Groups()
    for record in listed:
        for mark in _marks(trail, record):
            groups.join(key_of(record), mark)
    for record, other in _made_for(listed):
        groups.join(key_of(record), key_of(other))
    numbers: dict[Hashable, int] = {}
    return {key_of(record): numbers.setdefault(groups.root(key_of(record)), len(numbers) + 1) for record in listed}


def _marks(trail: Trail, record: Record) -> Iterator[Hashable]:
    """What makes two records calls of one chain."""
    caller = trail.names.full(caller_of(record))
    if caller is not None:
        service = record.identity.type == "AWSService"
        yield "caller", caller, record.account if service else None
    home = trail.home(record)
    if home is not None:
        yield "session", home
    if record.shared_event_id:
        yield "call", record.shared_event_id
    told = record.denial.principal if record.denial else None
    if told is not None and told.startswith("arn:"):
        yield "caller", trail.names.full(told), None


def _made_for(records: list[Record]) -> Iterator[tuple[Record, Record]]:
    """Calls that a service made in its own name at the moment of a call to it."""
    calls = Moments()
    for record in records:
        if record.identity.type != "AWSService":
            calls.add((record.event_source, record.account), record)
    for record in records:
        if record.identity.type == "AWSService":
            yield from ((record, other) for other in calls.near((record.identity.invoked_by, record.account), record, WRAPPED))


class _Groups:
    """Sets that grow together (union-find)."""

    def __init__(self) -> None:
        self._above: dict[Hashable, Hashable] = {}

    def root(self, one: Hashable) -> Hashable:
        way = [one]
        while (above := self._above.get(way[-1], way[-1])) != way[-1]:
            way.append(above)
        for passed in way:
            self._above[passed] = way[-1]
        return way[-1]

    def join(self, one: Hashable, other: Hashable) -> None:
        self._above[self.root(one)] = self.root(other)
