"""Authorization ids: how long AWS keeps what stands behind one, and why a denial has none."""

from __future__ import annotations

from collections.abc import Collection
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
