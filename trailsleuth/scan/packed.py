"""A record's members as JSON bytes: a third of what they take as Python values, and hardly any of them is looked at again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from trailsleuth.model import JsonMap


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


def packed(payload: dict[str, Any], response: JsonMap, raw: bytes | None = None) -> tuple[JsonMap, JsonMap]:
    """A record's payload and its answer in less room; `raw` is the payload as JSON where it is known.

    As they are where JSON bytes cannot carry them (half of a surrogate pair).
    """
    if raw is None:
        try:
            raw = msgspec.json.encode(payload)
        except (msgspec.MsgspecError, OverflowError, RecursionError, UnicodeError):
            return payload, response
    held = Packed(raw)
    return held, Packed(raw, "responseElements") if response and response is payload.get("responseElements") else response
