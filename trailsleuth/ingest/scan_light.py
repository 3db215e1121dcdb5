"""Records of calls of which only the fact counts: they have a caller, a time, a name and an error, and neither request nor answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from typing import Any

from trailsleuth.ingest.fields import account_id, any_text
from trailsleuth.ingest.scan_identity import Identities
from trailsleuth.ingest.scan_select import LightCall
from trailsleuth.ingest.times import parse_time
from trailsleuth.model import Identity, Origin, Record

_EMPTY: dict[str, Any] = {}
_SET: dict[str, Callable[[Record, Any], None]] = {part.name: getattr(Record, part.name).__set__ for part in fields(Record)}
_ABSENT: dict[str, Any] = {
    **dict.fromkeys(
        ("denial", "issued", "shared_event_id", "request_id", "source_ip", "user_agent", "event_type", "category", "read_only", "vpc_endpoint_account")
    ),
    **dict.fromkeys(("request", "response", "additional", "payload"), _EMPTY),
    "resources": (),
}
_CONSTANT = tuple((_SET[name], value) for name, value in _ABSENT.items())


class LightRecords:
    """Builds them, the caller and the source once for all that share them. Twenty times as fast as reading the whole record."""

    def __init__(self) -> None:
        self._identities = Identities()
        self._times: dict[str, datetime | None] = {}

    def record(self, call: LightCall, source: str) -> Record:
        """The record of a light call found in the source."""
        identity = self._identities.of(call.caller)[0]
        built = object.__new__(Record)
        for put, value in _CONSTANT:
            put(built, value)
        for name, value in self._told(call, identity):
            _SET[name](built, value)
        _SET["origin"](built, Origin(source=source, position=call.position))
        return built

    def _told(self, call: LightCall, identity: Identity) -> tuple[tuple[str, Any], ...]:
        return (
            ("event_id", call.event_id),
            ("event_time", self._time(call.time)),
            ("event_source", call.source),
            ("event_name", call.name),
            ("region", call.region or ""),
            ("identity", identity),
            ("recipient_account", account_id(call.account)),
            ("error_code", any_text(call.code)),
            ("error_message", any_text(call.message)),
            ("vpc_endpoint_id", call.endpoint or None),
        )

    def _time(self, text: str) -> datetime | None:
        found = self._times.get(text)
        if found is None:
            if len(self._times) > 50_000:
                self._times.clear()
            found = self._times[text] = parse_time(text)
        return found
