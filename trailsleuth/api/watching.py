"""New denials of chosen roles as CloudTrail delivers them: the event history read again and again, reading only, two calls a second.

A record may be delivered a quarter of an hour after its call and out of order, so each read goes back beyond what was read already; what was reported is known
by its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from trailsleuth.api.watch_state import WatchState
from trailsleuth.ingest.record import parse_record
from trailsleuth.model import Origin, Record, is_of_role
from trailsleuth.model.names import caller_of, role_of
from trailsleuth.sources.aws.calls import Refusal
from trailsleuth.sources.aws.explanations import fetch_explanations
from trailsleuth.sources.aws.history import read_history
from trailsleuth.sources.aws.lookup import FetchedRecord
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.aws.store import Store

LATE = timedelta(minutes=20)  # CloudTrail delivers within about 15: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html
SLICE = timedelta(minutes=5)
FORGET = timedelta(hours=1)

Group = dict[str, Any]


class Watch(Struct, kw_only=True):
    """`roles` are names, ARNs or patterns; none: every caller. `details` keeps what AWS itself says of a denial while it is to be had."""

    accounts: Mapping[str, Account]
    regions: Sequence[str]
    roles: tuple[str, ...]
    begin: datetime
    state: WatchState
    details: Store | None = None
    refusals: list[Refusal] = field(default_factory=list)
    _explained: set[str] = field(default_factory=set)

    def read(self, now: datetime) -> Iterator[Group]:
        """The new denials up to now, in groups, each kept in the state before it is handed over. `refusals` says what could not be read."""
        self.refusals.clear()
        places = [(account, region) for account in self.accounts.values() for region in self.regions]
        with ThreadPoolExecutor(max_workers=min(8, len(places) or 1)) as pool:
            for place, outcome in zip(places, pool.map(lambda one: self._slices(one[0], one[1], now), places), strict=True):
                for until, records in outcome:
                    yield from self._reported(place, until, records)
        self.state.forget_before(min(self.state.read.values(), default=now) - LATE - FORGET)

    def _slices(self, account: Account, region: str, now: datetime) -> list[tuple[datetime, list[FetchedRecord]]]:
        """What was delivered since, slice by slice, up to the first that cannot be read."""
        known = self.state.read.get(_name(account, region))
        start = max(self.begin, known - LATE) if known is not None else self.begin
        found: list[tuple[datetime, list[FetchedRecord]]] = []
        while start < now:
            end = min(start + SLICE, now)
            records = read_history(account, region, start, end)
            if isinstance(records, Refusal):
                self.refusals.append(records)
                break
            found.append((end, records))
            start = end
        return found

    def _reported(self, place: tuple[Account, str], until: datetime, records: Iterable[FetchedRecord]) -> list[Group]:
        account, region = place
        unseen = (record for record in records if (record.get("sharedEventID") or record.get("eventID")) not in self.state.seen)
        new = [record for record in _denied(unseen) if self._is_watched(record) and _id(record) not in self.state.seen]
        groups = list(_grouped(new))
        if self.details is not None:
            fetch_explanations([record.payload for record in new], self.accounts, self.details, now=until, asked=self._explained)
        known = self.state.read.get(_name(account, region))
        self.state.report(groups, _name(account, region), max(known or until, until))
        return groups

    def _is_watched(self, record: Record) -> bool:
        principal = role_of(record) or caller_of(record)
        return not self.roles or any(is_of_role(principal, role) for role in self.roles)


def _denied(records: Iterable[FetchedRecord]) -> Iterator[Record]:
    for number, payload in enumerate(records):
        record = parse_record(dict(payload), Origin(source="", position=number))
        if isinstance(record, Record) and record.denial is not None and record.denial.of_the_call:
            yield record


def _grouped(records: Iterable[Record]) -> Iterator[Group]:
    """Equal denials as one line: who, what, on what, why."""
    groups: dict[tuple[object, ...], list[Record]] = {}
    for record in sorted(records, key=lambda record: (record.event_time, record.event_id)):
        groups.setdefault(_key(record), []).append(record)
    for (account, region, principal, action, resource, layer, effect, code), held in groups.items():
        ids = list(dict.fromkeys(map(_id, held)))
        times = [record.event_time for record in held]
        yield {
            "account": account, "region": region, "principal": principal, "iam_action": action, "resource": resource, "policy_type": layer, "effect": effect,
            "error_code": code, "count": len(ids), "first_seen": min(times).isoformat(), "last_seen": max(times).isoformat(), "ids": ids,
            "event_id": held[0].event_id,
        }  # fmt: skip


def _key(record: Record) -> tuple[object, ...]:
    denial = record.denial
    assert denial is not None  # noqa: S101 (those alone come here)
    action = denial.iam_action or f"{record.event_source.partition('.')[0]}:{record.event_name}"
    layer = denial.policy_type.value if denial.policy_type else None
    return record.account, record.region, role_of(record) or caller_of(record), action, denial.resource, layer, denial.effect.value, record.error_code


def _id(record: Record) -> str:
    """One call, also where both accounts of it hold a record."""
    return record.shared_event_id or record.event_id


def _name(account: Account, region: str) -> str:
    return f"{account.id} {region}"
