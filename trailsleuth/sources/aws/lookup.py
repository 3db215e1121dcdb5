"""Targeted LookupEvents: one attribute, one account, one region, one frozen window, page by page.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html: one attribute a call, 50 events a page, newest first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from msgspec import Struct

from trailsleuth.sources.aws.calls import Answer, Refusal
from trailsleuth.sources.aws.gaps import NamedGap, gap_of, keep_gap
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.aws.store import Provenance, Store, json_bytes, piece_name
from trailsleuth.sources.secrets import clean_text, without_secrets

PAGE = 50
AT_ONCE = 16

FetchedRecord = Mapping[str, Any]


class Lookup(Struct, frozen=True, kw_only=True):
    """One question to the event history. `pages` caps it: a cut is named as a gap unless `sample` says that the newest suffice."""

    account: str
    region: str
    attribute: str
    value: str
    start: datetime
    end: datetime
    pages: int = 10
    sample: bool = False

    @property
    def spoken(self) -> str:
        """The question in words."""
        return f"{self.attribute}={self.value} in {self.account} {self.region}"


def fetch_lookups(lookups: Sequence[Lookup], accounts: Mapping[str, Account], store: Store) -> dict[Lookup, tuple[FetchedRecord, ...]]:
    """The records that answer each question: accounts and regions at the same time, pages of one question in their order."""
    asked = [lookup for lookup in dict.fromkeys(lookups) if lookup.account in accounts]
    if not asked:
        return {}
    accounts[asked[0].account].around.progress.planned(len(asked))
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(asked))) as pool:
        found = list(pool.map(lambda lookup: fetch_lookup(lookup, accounts[lookup.account], store), asked))
    return dict(zip(asked, found, strict=True))


def fetch_lookup(lookup: Lookup, account: Account, store: Store) -> tuple[FetchedRecord, ...]:
    """The records of all pages. Pages already kept are not asked for again, unless their page mark no longer leads on."""
    resumed = store.kept(_name(lookup, 1)) is not None
    records: list[FetchedRecord] = []
    token: str | None = None
    for number in range(1, lookup.pages + 1):
        page = _page(lookup, number, token, account, store)
        if isinstance(page, Refusal) and resumed and "NextToken" in page.code:
            _start_over(lookup, store)
            return fetch_lookup(lookup, account, store)
        if isinstance(page, Refusal):
            keep_gap(store, gap_of(page, lost=f"records of {lookup.attribute}={lookup.value}", wanted="records", start=lookup.start, end=lookup.end))
            return tuple(records)
        records.extend(record for event in page.get("Events", ()) if (record := record_in(event)) is not None)
        token = page.get("NextToken")
        if not token:
            return tuple(records)
    if not lookup.sample:
        why = f"records of {lookup.attribute}={lookup.value}: more than {lookup.pages * PAGE}, only the newest were fetched"
        keep_gap(store, NamedGap(account=lookup.account, region=lookup.region, start=lookup.start, end=lookup.end, why=why, wanted="records"))
    return tuple(records)


def record_in(event: Mapping[str, Any]) -> FetchedRecord | None:
    """The record inside one event of a page, None where its text is not JSON object."""
    try:
        record = json.loads(event.get("CloudTrailEvent", ""))
    except (TypeError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _page(lookup: Lookup, number: int, token: str | None, account: Account, store: Store) -> Answer | Refusal:
    name = _name(lookup, number)
    kept = store.kept(name)
    if kept is not None:
        answer: Answer = json.loads(kept)
        return answer
    account.around.progress.asked(lookup.spoken + (f", page {number}" if number > 1 else ""))
    more = {"NextToken": token} if token else {}
    fetched = account.ask(
        "cloudtrail",
        "LookupEvents",
        lookup.region,
        LookupAttributes=[{"AttributeKey": lookup.attribute, "AttributeValue": lookup.value}],
        StartTime=lookup.start,
        EndTime=lookup.end,
        MaxResults=PAGE,
        **more,
    )
    if isinstance(fetched, Refusal):
        return fetched
    data = json_bytes({**fetched, "Events": [_cleaned(event) for event in fetched.get("Events", ())]})
    about = Provenance(call="cloudtrail:LookupEvents", account=lookup.account, region=lookup.region, start=lookup.start, end=lookup.end)
    store.keep(name, data, about)
    cleaned: Answer = json.loads(data)
    return cleaned


def _cleaned(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with the secrets taken out of its record, which is JSON inside a JSON string."""
    record = record_in(event)
    text = str(event.get("CloudTrailEvent", ""))
    cleaned = clean_text(text) if record is None else json.dumps(without_secrets(record), separators=(",", ":"))
    return {**{key: without_secrets(value) for key, value in event.items()}, "CloudTrailEvent": cleaned}


def _start_over(lookup: Lookup, store: Store) -> None:
    """Forget the pages of a question whose page mark has run out, so that none is doubled."""
    store.forget(_name(lookup, number) for number in range(1, lookup.pages + 1))


def _name(lookup: Lookup, number: int) -> str:
    question = "-".join([lookup.attribute, lookup.value, f"{lookup.start:%Y%m%dT%H%M%SZ}", f"{lookup.end:%Y%m%dT%H%M%SZ}"])
    return piece_name("cloudtrail", lookup.account, lookup.region, question, suffix=f"-{number:03d}.json")
