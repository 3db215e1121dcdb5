"""Callers of a large trail: who made many calls is read once, and stands in memory once."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from trailsleuth.ingest.identity import parse_identity
from trailsleuth.model import Identity, SessionIssuer

_MOST = 50_000  # beyond that it starts anew, so that callers do not fill the memory


class Callers:
    """`parse_identity` for many records: equal callers are one value."""

    def __init__(self) -> None:
        self._known: dict[bytes, Identity] = {}
        self._issuers: dict[SessionIssuer, SessionIssuer] = {}

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
            self._issuers.clear()
        found = parse_identity(value)
        if found.type != "AWSService":  # what a service acts for is all that is ever looked up in it
            found = replace(found, raw={})
        if found.issuer is not None:
            found = replace(found, issuer=self._issuers.setdefault(found.issuer, found.issuer))
        self._known[raw] = found
        return found
