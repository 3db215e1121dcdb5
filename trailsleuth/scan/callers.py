"""Callers of a large trail: who made many calls is read once, and stands in memory once."""

from __future__ import annotations

import msgspec

from trailsleuth.ingest.identity import parse_identity
from trailsleuth.model import Identity

_MOST = 50_000  # beyond that it starts anew, so that callers do not fill the memory


class Callers:
    """`parse_identity` for many records: equal callers are one value."""

    def __init__(self) -> None:
        self._known: dict[bytes, Identity] = {}

    def of(self, value: object) -> Identity:
        """The identity of a decoded `userIdentity`."""
        try:
            raw = msgspec.json.encode(value)
        except (msgspec.MsgspecError, OverflowError, RecursionError, UnicodeError):
            return parse_identity(value)  # half of a surrogate pair
        return self._known.get(raw) or self._keep(raw, value)

    def of_bytes(self, raw: bytes) -> Identity:
        """The identity of a `userIdentity` as it stands in a file."""
        return self._known.get(raw) or self._keep(raw, msgspec.json.decode(raw))

    def _keep(self, raw: bytes, value: object) -> Identity:
        if len(self._known) >= _MOST:
            self._known.clear()
        found = self._known[raw] = parse_identity(value, bare=True)
        return found
