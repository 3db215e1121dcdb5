"""What is said beside a denial, as rows: why it has no authorization id, what changed lately at AWS, which selector would record a condition key."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import timedelta

from trailsleuth.catalog.load import Row, rows_of

KEPT = timedelta(hours=24)


def why_no_id(service: str, *, by_service: str | None = None, anonymous: bool = False, seen: Collection[str] = ()) -> str:
    """Why a call to the service (an IAM prefix) that was denied has no id; `seen` are services whose denials have some in the evidence."""
    caller = "anonymous" if anonymous else "service" if by_service else None
    row = next(row for row in rows_of("no_authorization_id", "no_id") if _fits(row, caller, service, seen))
    return str(row["text"]).format(caller=by_service, service=service, services=", ".join(row.get("services", ())))


def _fits(row: Row, caller: str | None, service: str, seen: Collection[str]) -> bool:
    return row.get("caller") in (None, caller) and service not in (*row.get("services", ()), *(seen if "services" in row else ()))


def lately(key: str, *, given: tuple[str, ...], wanted: tuple[str, ...], through: str | None) -> Iterator[str]:
    """The sentences for one condition: its key, what the call carried, what is wanted, and the service that made the call for its caller."""
    return (str(row["text"]) for row in rows_of("changed_lately", "lately") if _meant_by(row, key, given, wanted, through))


def _meant_by(row: Row, key: str, given: tuple[str, ...], wanted: tuple[str, ...], through: str | None) -> bool:
    if row["key"].lower() != key.lower() or row.get("through") not in (None, through):
        return False
    if row.get("absent"):
        return not given
    meant = any(re.fullmatch(row["given"], value) for value in given)
    return meant and not ("unless" in row and any(re.fullmatch(row["unless"], value) for value in wanted))


def selector_for(key: str, service: str) -> tuple[str, str] | None:
    """Type and key of the selector; None where the key, or the service (an IAM prefix), is not enriched."""
    for row in rows_of("enrichment", "enriched"):
        if service in row["without"]:
            continue
        if any(key.lower() == name.lower() for name in row.get("keys", ())):
            return "RequestContext", next(name for name in row["keys"] if name.lower() == key.lower())
        if tag := next((prefix for prefix in row.get("tags", ()) if key.lower().startswith(prefix.lower())), None):
            return "TagContext", key[len(tag) :]
    return None
