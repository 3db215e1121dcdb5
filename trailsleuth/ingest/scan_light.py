"""Records of calls of which only the fact counts: they have a caller, a time, a name and an error, and neither request nor answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from sys import intern
from typing import Any

from trailsleuth.ingest.scan_callers import Callers
from trailsleuth.ingest.scan_select import LightCall
from trailsleuth.ingest.times import parse_time
from trailsleuth.model import Origin, Record

_EMPTY: dict[str, Any] = {}
_SETTERS: dict[str, Callable[[Record, Any], None]] = {part.name: getattr(Record, part.name).__set__ for part in fields(Record)}
_TOLD = ("event_id", "event_time", "event_source", "event_name", "region", "identity", "recipient_account", "error_code", "error_message", "vpc_endpoint_id")
_VALUES: dict[str, Any] = dict.fromkeys(_SETTERS) | dict.fromkeys(("request", "response", "additional", "payload"), _EMPTY) | {"resources": ()}
_CONSTANT = tuple((put, _VALUES[name]) for name, put in _SETTERS.items() if name not in (*_TOLD, "origin"))
_PUT = tuple(_SETTERS[name] for name in _TOLD)
_PUT_ORIGIN = _SETTERS["origin"]


class LightRecords:
    """Builds them past the constructor, which takes five times as long; caller, time, origin and names are shared."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._times: dict[str, datetime | None] = {}
        self._origin = Origin(source="")

    def record(self, call: LightCall, source: str) -> Record:
        """The record of a light call found in the source. It is cited nowhere, so its place in the file is not kept."""
        if self._origin.source != source:
            self._origin = Origin(source=source)
        _, event_id, time, event_source, name, region, account, code, message, endpoint, caller = call
        told = (
            event_id,
            self._times.get(time) or self._time(time),
            intern(event_source),
            intern(name),
            intern(region or ""),
            self._callers.of_bytes(caller),
            intern(account) if account else None,
            intern(code) if code else None,
            message or None,
            endpoint or None,
        )
        built = object.__new__(Record)
        for put, value in _CONSTANT:
            put(built, value)
        for put, value in zip(_PUT, told, strict=True):
            put(built, value)
        _PUT_ORIGIN(built, self._origin)
        return built

    def _time(self, text: str) -> datetime | None:
        if len(self._times) > 50_000:
            self._times.clear()
        found = self._times[text] = parse_time(text)
        return found
