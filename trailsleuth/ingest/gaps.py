"""What a fetch could not get, as it wrote it down beside what it got (`trailsleuth.gap/1`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trailsleuth.ingest.fields import account_id, list_of, map_of, text_of
from trailsleuth.ingest.times import parse_time
from trailsleuth.model import Gap
from trailsleuth.patterns import late

WANTED = frozenset({"records", "policies", "execution", "data events"})
NO_REASON = "a gap without a reason"

# A file may come from anywhere: a statement is passed on as advice only if it allows nothing but reading.
_READING = late(r"[a-z0-9-]{1,64}:(?:Get|BatchGet|List|Describe|Lookup|Decode|Filter|Simulate)[A-Za-z]{0,128}")


def parse_gap(document: Mapping[str, Any]) -> Gap:
    """The gap; what does not fit in it is left out."""
    wanted = text_of(document.get("wanted"))
    return Gap(
        account=account_id(document.get("account")),
        region=text_of(document.get("region")),
        start=parse_time(document.get("from")),
        end=parse_time(document.get("to")),
        why=text_of(document.get("why")) or NO_REASON,
        wanted=wanted if wanted in WANTED else "",
        allow=_statement(map_of(document.get("allow"))),
    )


def sorted_gaps(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """Equal gaps once, by account, region, time and reason."""
    by_content = {repr(gap): gap for gap in gaps}
    return tuple(sorted(by_content.values(), key=_order))


def _order(gap: Gap) -> tuple[str, ...]:
    times = (moment.isoformat() if moment else "" for moment in (gap.start, gap.end))
    return (gap.account or "", gap.region or "", *times, gap.wanted, gap.why, repr(gap.allow))


def _statement(found: Mapping[str, Any]) -> dict[str, object] | None:
    actions = list_of(found.get("Action"))
    reading = bool(actions) and all(isinstance(action, str) and _READING.fullmatch(action) for action in actions)
    resource = text_of(found.get("Resource"))
    if not reading or resource is None or found.get("Effect") != "Allow":
        return None
    return {"Effect": "Allow", "Action": [str(action) for action in actions], "Resource": resource}
