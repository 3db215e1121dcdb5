"""A record's members as JSON bytes: a third of what they take as Python values, and hardly any of them is looked at again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from sys import intern
from typing import Any

import msgspec

from trailsleuth.model import Record

_OFTEN = ("event_source", "event_name", "region", "recipient_account", "error_code", "source_ip", "user_agent", "event_type", "category")
_NAMES = tuple(part.name for part in fields(Record))


class Packed(Mapping[str, object]):
    """The members of a record, or of one map in it; they are read again whenever one is asked for."""

    __slots__ = ("_member", "_packed")

    def __init__(self, packed: bytes, member: str | None = None) -> None:
        self._packed = packed
        self._member = member

    def whole(self) -> dict[str, Any]:
        """All members."""
        read: dict[str, Any] = msgspec.json.decode(self._packed)
        return read if self._member is None else read[self._member]

    def __getitem__(self, name: str) -> object:
        return self.whole()[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.encode() in self._packed and name in self.whole()

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole())

    def __len__(self) -> int:
        return len(self.whole())

    def __repr__(self) -> str:
        return repr(self.whole())


def packed(record: Record, payload: dict[str, Any]) -> Record:
    """The record in less room, its payload and its answer packed, names that stand in thousands of records stored once.

    As it is where JSON bytes cannot carry it (half of a surrogate pair).
    """
    try:
        raw = msgspec.json.encode(payload)
    except (msgspec.MsgspecError, OverflowError, RecursionError, UnicodeError):
        return record
    values: dict[str, Any] = {name: getattr(record, name) for name in _NAMES}
    for name in _OFTEN:
        values[name] = values[name] and intern(values[name])
    values["payload"] = Packed(raw)
    if record.response and record.response is payload.get("responseElements"):
        values["response"] = Packed(raw, "responseElements")
    return Record(**values)
