"""Denied calls in groups: what a person counts in a trail, small enough that millions of denials can be told in it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

KEYS = ("principal", "action", "service", "code", "day", "account", "region")


class Mark(StrEnum):
    """What a group looks like."""

    ENUMERATION = "enumeration"  # its principal was denied many actions of many services within minutes
    STEADY = "steady"  # the same call is denied at regular times: a monitor or a scheduled job


class DeniedView(Struct, kw_only=True):
    """The denied calls that have these values in common. It grows while the trail is read."""

    values: tuple[str | None, ...]
    first: datetime
    last: datetime
    count: int = 0
    addresses: set[str] = field(default_factory=set)
    access_keys: set[str] = field(default_factory=set)
    marks: tuple[Mark, ...] = ()

    def add(self, time: datetime, address: str | None, access_key: str | None) -> None:
        """Counts a denied call."""
        self.count += 1
        self.first, self.last = min(self.first, time), max(self.last, time)
        if address:
            self.addresses.add(address)
        if access_key:
            self.access_keys.add(access_key)


class DeniedGroups(Struct, frozen=True, kw_only=True):
    """The groups, the largest first (by day: in the order of time), and how much was looked at."""

    by: tuple[str, ...]
    groups: tuple[DeniedView, ...]

    @property
    def denied(self) -> int:
        """How many denied calls are in the groups."""
        return sum(group.count for group in self.groups)
