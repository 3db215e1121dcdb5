"""What the views show of a trail: sessions and moments, small enough that millions of records can be told in them."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from msgspec import Struct, field

from trailsleuth.model.arn import session_name_of
from trailsleuth.model.record import Record


def kind_of(record: Record) -> str:
    """denied, failed, assumed (a call that handed out credentials) or called."""
    if record.denial is not None:
        return "denied"
    if record.failed:
        return "failed"
    return "assumed" if record.issued is not None else "called"


class Opening(Struct, frozen=True, kw_only=True):
    """The call that handed a credential out."""

    by: str | None
    access_key_id: str | None
    event_id: str
    time: datetime

    @classmethod
    def of(cls, record: Record, principal: str | None) -> Self:
        """What the record says of who asked."""
        who = record.identity
        return cls(by=principal or who.invoked_by or who.principal_id, access_key_id=who.access_key_id, event_id=record.event_id, time=record.event_time)


class SessionView(Struct, kw_only=True):
    """One credential: whose it is, who handed it out, when it was used and how often it was refused. It grows while the trail is read."""

    principal: str | None
    session_name: str | None
    access_key_id: str | None
    account: str | None
    first: datetime
    last: datetime
    calls: int = 0
    failed: int = 0
    denied: int = 0
    regions: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    opened: Opening | None = None
    shared: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, record: Record, principal: str | None) -> Self:
        """A session that has made no call so far."""
        who = record.identity
        return cls(
            principal=principal or who.invoked_by or who.principal_id,
            session_name=session_name_of(who.arn),
            access_key_id=who.access_key_id,
            account=who.account or record.recipient_account,
            first=record.event_time,
            last=record.event_time,
        )

    def add(self, record: Record) -> None:
        """Counts a call."""
        if record.shared_event_id is not None:
            if record.shared_event_id in self.shared:
                return
            self.shared.add(record.shared_event_id)
        self.calls += 1
        self.failed += record.failed
        self.denied += record.denial is not None
        self.first, self.last = min(self.first, record.event_time), max(self.last, record.event_time)
        self.regions.add(record.region)
        if record.source_ip:
            self.addresses.add(record.source_ip)


class Moment(Struct, kw_only=True):
    """One call on a timeline, or `count` equal ones in a row. `about` is what was refused, or the session that was handed out."""

    time: datetime
    until: datetime
    count: int
    kind: str
    account: str | None
    region: str
    principal: str | None
    session_name: str | None
    access_key_id: str | None
    call: str
    error_code: str | None
    about: str | None
    event_id: str

    @classmethod
    def of(cls, record: Record, principal: str | None, kind: str) -> Self:
        """The record as a moment."""
        who = record.identity
        return cls(
            time=record.event_time,
            until=record.event_time,
            count=1,
            kind=kind,
            account=record.account,
            region=record.region,
            principal=principal or who.invoked_by or who.principal_id,
            session_name=session_name_of(who.arn),
            access_key_id=who.access_key_id,
            call=f"{record.event_source.removesuffix('.amazonaws.com')}:{record.event_name}",
            error_code=record.error_code,
            about=_about(record),
            event_id=record.event_id,
        )

    def equals(self, other: Moment) -> bool:
        """The same call by the same credential with the same result."""
        mine, its = ((one.kind, one.account, one.region, one.principal, one.access_key_id, one.call, one.error_code, one.about) for one in (self, other))
        return mine == its


def _about(record: Record) -> str | None:
    if record.denial is not None:
        needed = record.denial.iam_action or ""
        wanted = "" if needed.rpartition(":")[2] == record.event_name else needed
        return " on ".join(part for part in (wanted, record.denial.resource) if part and part != "*") or None
    if record.issued is not None:
        return record.issued.assumed_role_arn or record.issued.role_arn
    return record.error_message
