"""Everything that the event history holds of a short time, of one account and Region, page by page: what a watch reads again and again."""

from __future__ import annotations

from datetime import datetime

from trailsleuth.sources.aws.calls import Refusal
from trailsleuth.sources.aws.lookup import PAGE, FetchedRecord, record_in
from trailsleuth.sources.aws.sessions import Account


def read_history(account: Account, region: str, start: datetime, end: datetime) -> list[FetchedRecord] | Refusal:
    """Every record of the time; the refusal where a page is not to be had, for half of a time would be taken for all of it."""
    records: list[FetchedRecord] = []
    token = ""
    while True:
        more = {"NextToken": token} if token else {}
        page = account.ask("cloudtrail", "LookupEvents", region, StartTime=start, EndTime=end, MaxResults=PAGE, **more)
        if isinstance(page, Refusal):
            return page
        records += [record for event in page.get("Events", ()) if (record := record_in(event)) is not None]
        token = str(page.get("NextToken") or "")
        if not token:
            return records
