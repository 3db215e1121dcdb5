"""What could not be fetched, kept as evidence beside what could: the offline run then names the same gaps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct, field

from trailsleuth.sources.aws.calls import Refusal, Why
from trailsleuth.sources.aws.operations import allowing_statement, operations
from trailsleuth.sources.aws.store import Provenance, Store, encoded, piece_name

SCHEMA = "trailsleuth.gap/1"
FOLDER = "gaps"

_REASONS = {
    Why.DENIED: "the collector is not allowed to call {call}",
    Why.ABSENT: "{call} found nothing there",
    Why.THROTTLED: "AWS kept throttling {call}",
    Why.UNREACHABLE: "{call} could not be reached: the region is not enabled, or the service does not answer",
    Why.BROKEN: "{call} kept answering with a broken body",
    Why.CREDENTIALS: "the credentials do not work for {call}",
    Why.FAILED: "{call} failed",
}


class NamedGap(Struct, frozen=True, kw_only=True):
    """Something that is missing, the reason, and the statement that would allow it. `wanted` is what kind of evidence, in a question's words."""

    account: str | None
    region: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    why: str
    wanted: str = "policies"  # records | policies | execution | data events
    allow: dict[str, Any] | None = field(default=None)


def gap_of(refusal: Refusal, *, lost: str, wanted: str = "policies", start: datetime | None = None, end: datetime | None = None) -> NamedGap:
    """The gap that a refused call leaves: `lost` says what the diagnosis lacks for it."""
    reason = _REASONS[refusal.why].format(call=refusal.call)
    row = operations().get((refusal.service, refusal.operation))
    allow = allowing_statement(row) if row is not None and refusal.why is Why.DENIED else None
    why = f"{lost}: {reason}" + (f" ({refusal.code})" if refusal.code else "")
    return NamedGap(account=refusal.account, region=refusal.region, start=start, end=end, why=why, wanted=wanted, allow=allow)


def keep_gap(store: Store, gap: NamedGap) -> None:
    """Keep a gap as a piece of its own."""
    document = {
        "schema": SCHEMA,
        "account": gap.account,
        "region": gap.region,
        "from": gap.start,
        "to": gap.end,
        "wanted": gap.wanted,
        "why": gap.why,
        "allow": gap.allow,
    }
    data = encoded(document)
    name = piece_name(FOLDER, "|".join([gap.account or "", gap.region or "", gap.why, str(gap.start), str(gap.end)]))
    store.keep(name, data, Provenance(call="gap", account=gap.account or "", region=gap.region, start=gap.start, end=gap.end))
