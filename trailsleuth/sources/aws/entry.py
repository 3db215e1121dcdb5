"""Other ways in than a pipeline: a credential, a role session, one event, a role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from trailsleuth.model import Inquiry, account_of, is_of_role
from trailsleuth.sources.aws.chase import HISTORY, SESSIONS, Chase, missing_account
from trailsleuth.sources.aws.codepipeline import moment
from trailsleuth.sources.aws.gaps import keep_gap
from trailsleuth.sources.aws.lookup import FetchedRecord
from trailsleuth.sources.aws.traces import ASSUMING, Issued, issued_in, key_of, merged

RECENT = timedelta(hours=24)
AROUND = timedelta(hours=1)
OPENING = timedelta(seconds=5)  # creationDate of a session equals the time of its AssumeRole


def follow_entry(inquiry: Inquiry, chase: Chase, regions: tuple[str, ...]) -> None:
    """Fetch what the entry names, the session it belongs to, and how that session was opened."""
    until = min(inquiry.until or chase.now, chase.now)
    since = inquiry.since or until - RECENT
    if inquiry.event_id:
        oldest = inquiry.since or chase.now - HISTORY
        found = chase.by_attribute("EventId", inquiry.event_id, accounts=chase.accounts, regions=regions, window=(oldest, until))
        for key in _keys(found):
            found += _around_event(key, found, chase, regions)
    elif inquiry.access_key:
        found = chase.by_attribute("AccessKeyId", inquiry.access_key, accounts=chase.accounts, regions=regions, window=(since, until))
    elif inquiry.session:
        found = chase.by_attribute("Username", inquiry.session, accounts=chase.accounts, regions=regions, window=(since, until))
    else:
        found = _sessions_of_role(inquiry.role or "", chase, regions, (since, until))
    chase.records += found
    for key in _keys(found):
        _how_it_was_opened(key, found, chase, regions)


def _around_event(key: str, found: Iterable[FetchedRecord], chase: Chase, regions: tuple[str, ...]) -> list[FetchedRecord]:
    """The other calls of the session that made the event."""
    times = [time for record in found if key_of(record) == key and (time := moment(record.get("eventTime")))]
    account = next((str(record.get("recipientAccountId")) for record in found if key_of(record) == key), "")
    if not times or account not in chase.accounts:
        return []
    return chase.by_key(key, account, regions, (min(times) - AROUND, min(max(times) + AROUND, chase.now)))


def _sessions_of_role(role: str, chase: Chase, regions: tuple[str, ...], window: tuple[datetime, datetime]) -> list[FetchedRecord]:
    """The newest sessions of a role, and the refused attempts to assume it."""
    account = account_of(role)
    if account is not None and account not in chase.accounts:
        keep_gap(chase.store, missing_account(account, role=role, start=window[0], end=window[1]))
    found: list[FetchedRecord] = []
    issued: dict[str, Issued] = {}
    for name in ASSUMING:  # the first is by far the commonest
        found += chase.by_attribute("EventName", name, accounts=chase.accounts, regions=regions, window=window)
        issued = merged(one for record in found if (one := issued_in(record)) is not None and is_of_role(one.role, role))
        if issued:
            break
    newest = sorted(issued.values(), key=lambda one: (one.time, one.key), reverse=True)[:SESSIONS]
    calls: list[FetchedRecord] = []
    for one in newest:
        if (home := account_of(one.role)) in chase.accounts and home is not None:
            calls += chase.by_key(one.key, home, regions, window)
    return calls


def _how_it_was_opened(key: str, found: Iterable[FetchedRecord], chase: Chase, regions: tuple[str, ...]) -> None:
    """The AssumeRole behind a session, found at the second at which its records say that it was created."""
    for record in found:
        created = moment(_attributes(record).get("creationDate"))
        if key_of(record) == key and created is not None:
            window = (created - OPENING, created + OPENING)
            for name in ASSUMING:
                opening = chase.by_attribute("EventName", name, accounts=chase.accounts, regions=regions, window=window)
                if any((one := issued_in(item)) is not None and one.key == key for item in opening):
                    return
            return


def _keys(found: Iterable[FetchedRecord]) -> list[str]:
    return list(dict.fromkeys(key for record in found if (key := key_of(record))))[:SESSIONS]


def _attributes(record: FetchedRecord) -> Mapping[str, Any]:
    identity = record.get("userIdentity")
    context = identity.get("sessionContext") if isinstance(identity, Mapping) else None
    attributes = context.get("attributes") if isinstance(context, Mapping) else None
    return attributes if isinstance(attributes, Mapping) else {}
