"""Records of calls of which only the fact counts: they have a caller, a time, a name and an error, and neither request nor answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from operator import itemgetter
from sys import intern
from typing import Any, cast

from msgspec import Struct, field

from trailsleuth.ingest.times import parse_time
from trailsleuth.model import Origin, Record
from trailsleuth.scan.callers import Callers
from trailsleuth.scan.second_look import LightCall

_PRUNED_FROM = 32  # calls of a session that are held until the middle ones are given up
_EMPTY: dict[str, Any] = {}
_MEMBERS_OF_JSON = frozenset({"request", "response", "additional", "payload"})
_TOLD = ("event_id", "event_time", "event_source", "event_name", "region", "identity", "recipient_account", "error_code", "error_message", "vpc_endpoint_id")
_VALUES: dict[str, Any] = {
    name: _EMPTY if name in _MEMBERS_OF_JSON else None for name in Record.__struct_fields__ if name not in (*_TOLD, "origin", "counts_for")
}
_CONSTANT: dict[str, Any] = _VALUES | {"resources": ()}


class LightRecords:
    """Builds them; caller, time, origin and names are shared."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._times: dict[str, datetime] = {}
        self._origin = Origin(source="")

    def record(self, call: LightCall, source: str, counts_for: int = 1) -> Record:
        """The record of a light call found in the source. It is cited nowhere, so its place in the file is not kept."""
        if self._origin.source != source:
            self._origin = Origin(source=source)
        _, event_id, time, event_source, name, region, account, code, message, endpoint, caller = call
        return Record(
            event_id=event_id,
            event_time=self._times.get(time) or self._time(time),
            event_source=intern(event_source),
            event_name=intern(name),
            region=intern(region or ""),
            identity=self._callers.of_bytes(caller),
            recipient_account=intern(account) if account else None,
            error_code=intern(code) if code else None,
            error_message=message or None,
            vpc_endpoint_id=endpoint or None,
            origin=self._origin,
            counts_for=counts_for,
            **_CONSTANT,
        )

    def read_caller(self, call: LightCall) -> None:
        """Raises what the decoder raises where the caller is not JSON: sooner than when the record is built."""
        self._callers.of_bytes(call.caller)

    def _time(self, text: str) -> datetime:
        if len(self._times) > 50_000:
            self._times.clear()
        return self._times.setdefault(text, cast("datetime", parse_time(text)))


class Successes:
    """Successful calls of sessions, of which only the number and the first and last ones are looked at: the others are counted and given up."""

    def __init__(self, lights: LightRecords, last: int) -> None:
        self._lights = lights
        self._last = last
        self._sessions: dict[tuple[bytes, str | None], _Held] = {}

    def count(self, source: str, call: LightCall) -> None:
        """One more call."""
        held = self._held(call)
        held.count += 1
        held.calls.append((call.time, call.event_id, source, call))
        if len(held.calls) > _PRUNED_FROM:
            held.prune(self._last)

    def keep(self, source: str, call: LightCall) -> None:
        """A call that is wanted itself, besides having been counted."""
        self._held(call).kept.append((call.time, call.event_id, source, call))

    def records(self) -> Iterator[Record]:
        """The calls that are held; the first of each session's in a region counts for all that are not."""
        for held in self._sessions.values():
            held.prune(self._last)
            calls = sorted({(*one[:3], one[3].position): one for one in (*held.calls, *held.kept)}.values(), key=itemgetter(0, 1, 2))
            for index, (_, _, source, call) in enumerate(calls):
                yield self._lights.record(call, source, 0 if index else held.count)

    def _held(self, call: LightCall) -> _Held:
        key = (call.caller, call.region)
        held = self._sessions.get(key)
        if held is None:
            self._lights.read_caller(call)
            held = self._sessions[key] = _Held()
        return held


class _Held(Struct):
    """Of the calls of one caller in one region: their number, some of them, and those that are wanted."""

    count: int = 0
    calls: list[tuple[str, str, str, LightCall]] = field(default_factory=list)
    kept: list[tuple[str, str, str, LightCall]] = field(default_factory=list)

    def prune(self, last: int) -> None:
        """Leaves the first call and the last ones."""
        if len(self.calls) > last + 1:
            self.calls.sort(key=itemgetter(0, 1, 2))
            self.calls[1:-last] = []
