"""Follows the credentials of a failed action from account to account, with as few lookups as the chain needs.

The AssumeRole calls around the action's start, in the account and region where the chain starts, hand out the key of its last role; where a call of that key
was refused, that is enough. Else the other copies, regions and keys of the chain are asked for, the window widens, and the calls of the provider are searched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from trailsleuth.model import CallPlaces, account_of, same_role
from trailsleuth.sources.aws.gaps import NamedGap, keep_gap
from trailsleuth.sources.aws.lookup import FetchedRecord, Lookup, fetch_lookups
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.aws.store import Store
from trailsleuth.sources.aws.traces import Issued, is_refused, is_refused_assume, issued_in, key_of, merged, role_of

NEAR, NEAR_AFTER = timedelta(seconds=5), timedelta(seconds=30)
WIDE_BEFORE, WIDE_AFTER = timedelta(minutes=2), timedelta(minutes=5)
EARLIER = timedelta(days=30)
HISTORY = timedelta(days=89, hours=23)
SESSIONS, HOPS = 3, 4

Window = tuple[datetime, datetime]


class Target(Struct, frozen=True, kw_only=True):
    """Whose calls are wanted: the last role of the chain (`role`), the one that assumes it (`caller`), roles that work for it (`also`)."""

    role: str
    caller: str | None = None
    also: tuple[str, ...] = ()
    regions: tuple[str, ...]
    start: datetime
    end: datetime
    places: CallPlaces = field(default_factory=CallPlaces)


class Chase(Struct, kw_only=True):
    """The lookups made so far and what they told. `records` are those made with keys of the chain."""

    accounts: Mapping[str, Account]
    store: Store
    now: datetime
    records: list[FetchedRecord] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)  # accounts of the chain that nobody opened, each named as a gap
    _asked: dict[Lookup, tuple[FetchedRecord, ...]] = field(default_factory=dict)
    _cut_short: list[Target] = field(default_factory=list)  # the chains that were left at the first refusal

    def follow(self, target: Target) -> bool:
        """Fetch the chain of one failed action; whether it closed: its calls were seen, or the refusal of its last hop was."""
        self._name_missing_accounts(target)
        if target.end < self.now - HISTORY:
            keep_gap(self.store, _too_old(target))
            return False
        closed = self._from_last_role(target)
        if closed:
            self._cut_short.append(target)
        closed = closed or self._from_whole_chain(target)
        self._what_ran_before(target)
        return closed

    def go_on(self) -> None:
        """Fetch what was left out of the chains that seemed clear from their first refusal."""
        while self._cut_short:
            self._from_whole_chain(self._cut_short.pop())

    def by_attribute(self, attribute: str, value: str, *, accounts: Iterable[str], regions: Iterable[str], window: Window) -> list[FetchedRecord]:
        """The records under one attribute, and those of every session that they hand out."""
        regions = tuple(dict.fromkeys(regions))
        found = self.ask(self._lookups(attribute, value, accounts, regions, window))
        self._hop_on(found, regions, window)
        return found

    def by_key(self, key: str, account: str, regions: tuple[str, ...], window: Window) -> list[FetchedRecord]:
        """The records made with one credential in the account of its role, and of every session that it opened."""
        self.keys[key] = account
        found = self.ask(self._lookups("AccessKeyId", key, [account], regions, window))
        self.records += found
        self._hop_on(found, regions, window)
        return found

    def by_starter(self, events: Iterable[str], names: Iterable[str], *, account: str, region: str, window: Window) -> None:
        """The calls of whoever began the work on a thing that is named: what has no role of its own works with the credentials of the caller."""
        named = set(names)
        found = self.ask(lookup for event in events for lookup in self._lookups("EventName", event, [account], (region,), window))
        self.records += (begun := [record for record in found if named & _texts_of(record.get("requestParameters"))])
        for key in list(dict.fromkeys(key for record in begun if (key := key_of(record))))[:SESSIONS]:
            if key not in self.keys:
                self.by_key(key, account, (region,), window)

    def ask(self, lookups: Iterable[Lookup]) -> list[FetchedRecord]:
        """The records that answer the lookups; none is made twice in one run."""
        wanted = list(lookups)
        self._asked.update(fetch_lookups([one for one in wanted if one not in self._asked], self.accounts, self.store))
        return [record for one in wanted for record in self._asked.get(one, ())]

    @property
    def looked(self) -> bool:
        """Whether the event history was asked at all."""
        return bool(self._asked)

    def ask_again(self) -> None:
        """Let every lookup be made anew: records may have been delivered since."""
        self.store.forget(list(self._pieces_of_lookups()))
        self._asked.clear()
        self.keys.clear()
        self.records.clear()

    def _pieces_of_lookups(self) -> Iterator[str]:
        return (piece.source for piece in self.store.inputs() if piece.source.startswith("cloudtrail/"))

    def _from_last_role(self, target: Target) -> bool:
        """The key of the last role, out of the copy that its caller's account holds (which names both), and a refusal among the calls made with it."""
        starts = [account for role in (target.caller, target.role) if (account := account_of(role)) in self.accounts and account][:1]
        accounts = dict.fromkeys([*starts, *(account for role in target.also if (account := account_of(role)))])
        found = self.ask(self._lookups("EventName", "AssumeRole", accounts, target.regions[:1], _near(target)))
        roles = ((target.role, target.caller), *((role, None) for role in target.also))
        sessions = [one for role, caller in roles for one in _nearest(role, caller, found, target.start)]
        self._use([(one.key, one.role) for one in sessions], target)
        return any(is_refused(record) and same_role(role_of(record), target.role) for record in self.records)

    def _from_whole_chain(self, target: Target) -> bool:
        wide = (target.start - WIDE_BEFORE, self._not_later(target.end + WIDE_AFTER))
        closed = self._from_assume_calls(target, _near(target))
        if not closed or not self._refusal_seen(target):  # a long action assumes its role again and again
            closed = self._from_assume_calls(target, wide) or closed
        return closed or self._from_provider_calls(target)

    def _from_assume_calls(self, target: Target, window: Window) -> bool:
        accounts = dict.fromkeys(account for role in (target.role, target.caller) if (account := account_of(role)))
        found = self.ask(self._lookups("EventName", "AssumeRole", accounts, target.regions, window))
        sessions = _sessions_of(target, found)
        seen = self._use([key for one in sessions for key in _keys_of_hop(one)], target)
        others = [one for role in target.also for one in _nearest(role, None, found, target.start)]
        self._use([(one.key, one.role) for one in others], target)
        refused = [record for record in found if is_refused_assume(record, caller=target.caller, role=target.role)]
        self._use([(key, target.caller) for record in refused if target.caller and (key := key_of(record))], target)
        return bool(refused) or any(one.key in seen for one in sessions)

    def _refusal_seen(self, target: Target) -> bool:
        """Whether a call failed that a role of the chain made, or the hop into it."""
        roles = (target.role, target.caller, *target.also)
        return any(record.get("errorCode") and any(same_role(role_of(record), role) for role in roles) for record in self.records)

    def _from_provider_calls(self, target: Target) -> bool:
        """The session's key read off its own calls, found among all calls of the services that the provider uses."""
        account = account_of(target.role)
        window = (target.start - NEAR, self._not_later(target.end + NEAR_AFTER))
        for source in target.places.sources:
            found = self.ask(self._lookups("EventSource", source, [account or ""], target.regions[:1], window))
            keys = dict.fromkeys(key for record in found if same_role(role_of(record), target.role) and (key := key_of(record)))
            seen = self._use([(key, target.role) for key in list(keys)[:SESSIONS]], target)
            if not seen.isdisjoint(keys):
                return True
        return False

    def _what_ran_before(self, target: Target) -> None:
        """The newest earlier call that names what the failed one would have passed on, made by anyone."""
        event = target.places.before
        account = account_of(target.role)
        if event is None or account is None or account not in self.accounts:
            return
        start = max(target.end - EARLIER, self.now - HISTORY)
        lookups = self._lookups("EventName", event, [account], target.regions[:1], (start, self._not_later(target.end + WIDE_AFTER)))
        self.ask(Lookup(**{**_fields(one), "pages": 1, "sample": True}) for one in lookups)

    def _use(self, keys: Iterable[tuple[str, str]], target: Target) -> set[str]:
        """Ask for the calls of each key in the account of its role; the keys that made calls."""
        window = (target.start - WIDE_BEFORE, self._not_later(target.end + WIDE_AFTER))
        new = {key: account for key, role in keys if key not in self.keys and (account := account_of(role)) in self.accounts and account}
        self.keys.update(new)
        found = self.ask(lookup for key, account in new.items() for lookup in self._lookups("AccessKeyId", key, [account], target.regions, window))
        self.records += found
        self._hop_on(found, target.regions, window)
        return {key for record in self.records if (key := key_of(record))}

    def _hop_on(self, found: list[FetchedRecord], regions: tuple[str, ...], window: Window) -> None:
        """Follow the sessions that were opened by calls just found, and theirs, a few hops deep."""
        for _ in range(HOPS):
            own = [record for record in found if key_of(record) in self.keys]
            opened = [one for one in merged(filter(None, map(issued_in, own))).values() if one.key not in self.keys]
            new = {one.key: account for one in opened[: SESSIONS * 2] if (account := account_of(one.role)) in self.accounts and account}
            if not new:
                return
            self.keys.update(new)
            found = self.ask(lookup for key, account in new.items() for lookup in self._lookups("AccessKeyId", key, [account], regions, window))
            self.records += found

    def _lookups(self, attribute: str, value: str, accounts: Iterable[str], regions: Iterable[str], window: Window) -> Iterator[Lookup]:
        for account in accounts:
            for region in regions:
                yield Lookup(account=account, region=region, attribute=attribute, value=value, start=window[0], end=window[1])

    def _name_missing_accounts(self, target: Target) -> None:
        for role in (target.role, target.caller, *target.also):
            account = account_of(role)
            if account is not None and account not in self.accounts:
                self.missing.add(account)
                keep_gap(self.store, missing_account(account, role=str(role), start=target.start, end=target.end))

    def _not_later(self, time: datetime) -> datetime:
        return min(time, self.now)


def missing_account(account: str, *, role: str, start: datetime | None = None, end: datetime | None = None) -> NamedGap:
    """The gap for an account that no given profile or role opens."""
    why = f"no profile was given for account {account}, where {role} lives: give --profile or --assume-role for it"
    return NamedGap(account=account, start=start, end=end, why=why, wanted="records")


def _too_old(target: Target) -> NamedGap:
    why = "the event history goes back 90 days, and this is older: give the trail's bucket as evidence (s3://BUCKET/PREFIX)"
    return NamedGap(account=account_of(target.role), start=target.start, end=target.end, why=why, wanted="records")


def regions_of(*regions: str | None, globally: str) -> tuple[str, ...]:
    """Where the records of a chain can stand: its regions, then the one that global services and the global STS endpoint write to."""
    return tuple(dict.fromkeys([*(region for region in regions if region), globally]))


def _near(target: Target) -> Window:
    return target.start - NEAR, min(target.end, target.start + NEAR_AFTER) + NEAR


def _texts_of(value: object) -> set[str]:
    return {text for text in value.values() if isinstance(text, str)} if isinstance(value, Mapping) else set()


def _sessions_of(target: Target, found: Iterable[FetchedRecord]) -> list[Issued]:
    return _nearest(target.role, target.caller, found, target.start)


def _nearest(role: str, caller: str | None, found: Iterable[FetchedRecord], start: datetime) -> list[Issued]:
    """The sessions of a role nearest to the action's start, those opened by the expected caller first."""
    issued = merged(one for record in found if (one := issued_in(record)) is not None and same_role(one.role, role))
    by_caller = {key for key, one in issued.items() if caller is not None and same_role(one.caller_role, caller)}
    ranked = sorted(issued.values(), key=lambda one: (one.key not in by_caller, abs(one.time - start), one.key))
    return ranked[:SESSIONS]


def _keys_of_hop(one: Issued) -> Iterator[tuple[str, str]]:
    """The key that was handed out, and the key that asked for it, each with its role."""
    yield one.key, one.role
    if one.caller_key is not None and one.caller_role is not None:
        yield one.caller_key, one.caller_role


def _fields(lookup: Lookup) -> dict[str, Any]:
    return {name: getattr(lookup, name) for name in ("account", "region", "attribute", "value", "start", "end")}
