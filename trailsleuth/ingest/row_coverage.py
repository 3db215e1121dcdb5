"""What the rows of a table lack against whole records: said once an input, and where it decides, they are not used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trailsleuth.ingest.pieces import Piece
from trailsleuth.ingest.rows import TABLE
from trailsleuth.model import Origin, Skipped

_ERRORS = frozenset({"errorCode", "errorMessage"})
_WHOLE = frozenset({"userIdentity", "requestParameters", "eventID"})  # a document that has these and no error was a success
_WORTH = ("userIdentity", "errorMessage", "requestParameters", "eventID", "recipientAccountId", "awsRegion")
_AGAIN = "export whole records (in SQL: select *; in a search: the raw event)"


class Rows:
    """The rows of one input, held until the last one was seen."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._rows: list[tuple[Piece, Origin]] = []
        self._told: set[str] = set()

    def add(self, piece: Piece, origin: Origin) -> None:
        """Takes a row."""
        self._rows.append((piece, origin))
        self._told |= piece.told or frozenset()

    def ids(self) -> frozenset[tuple[Any, Any]] | None:
        """The records that the rows stand for, by id and account; None where a row does not tell its id."""
        told = frozenset((piece.value.get("eventID"), piece.value.get("recipientAccountId")) for piece, _ in self._rows)
        return told if all(isinstance(identifier, str) and identifier for identifier, _ in told) else None

    def usable(self) -> Iterator[tuple[Piece, Origin]]:
        """The rows, unless nothing in them says which calls were denied."""
        return iter(self._rows if self._tell_errors() else ())

    def _tell_errors(self) -> bool:
        return not self._told.isdisjoint(_ERRORS) or (TABLE not in self._told and self._told >= _WHOLE)

    def lacks(self) -> Iterator[Skipped]:
        """What the rows do not tell, and what follows from it."""
        if not self._rows:
            return
        count = f"{len(self._rows)} row{'s' if len(self._rows) > 1 else ''}"
        if not self._tell_errors():
            seen = ", ".join(sorted(self._told - {TABLE})[:8])
            yield self._lost(f"{count} with the columns {seen}: without errorCode and errorMessage a denied call looks like any other: {_AGAIN}")
            return
        callers = [_caller(piece.value) for piece, _ in self._rows]
        printed = sum(isinstance(piece.value.get("userIdentity"), str) for piece, _ in self._rows)
        if printed:
            yield self._lost(f"userIdentity of {printed} record{'s' if printed > 1 else ''} cannot be read: {_AGAIN} as JSON")
        if lacking := [name for name in _WORTH if name not in self._told]:
            told = self._lost if "userIdentity" in lacking else self._said
            yield told(f"{count} without the columns {', '.join(lacking)}: {_AGAIN}")
        elif any(caller and not issuer for caller, issuer in callers):
            yield self._said(f"{count} without userIdentity.sessionContext: a role is named without its path: {_AGAIN}")

    def _lost(self, reason: str) -> Skipped:
        return Skipped(source=self._source, reason=reason)

    def _said(self, reason: str) -> Skipped:
        return Skipped(source=self._source, reason=reason, lost=False)


def _caller(record: dict[str, Any]) -> tuple[bool, bool]:
    """Whether the caller is a session of a role, and whether the role's own ARN is told."""
    identity = record.get("userIdentity")
    if not isinstance(identity, dict):
        return False, False
    context = identity.get("sessionContext")
    issuer = context.get("sessionIssuer") if isinstance(context, dict) else None
    return ":assumed-role/" in str(identity.get("arn")), isinstance(issuer, dict) and bool(issuer.get("arn"))
