"""Principals that were denied many actions of many services within minutes.

Sees:  the denied records of one chain.
Why:   somebody, or a tool, that tries what a credential may do leaves just this; a policy change that lets it in is the last thing to propose.
       Source: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html
Sure:  it looks like it, no more: a new deployment role without any policy looks alike. Asked for by name, it is diagnosed like every other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

WITHIN = timedelta(minutes=10)
ACTIONS, SERVICES = 8, 4
ENUMERATION = "This principal was denied many actions of many services within minutes, which looks like enumeration: no change is proposed."
LOOKS_AROUND = "This principal was denied nothing but looks at whatever there is, in several services, as inventories and scanners are: no change is proposed."
ENUMERATION_ADVICE = "Find out who used the credential and for what. Where its owner needs the permissions, ask about the principal by name."


class Call(Protocol):
    """What is looked at of a denied call."""

    @property
    def event_time(self) -> datetime: ...
    @property
    def call(self) -> str: ...


def looks_like_enumeration(records: Iterable[Call]) -> bool:
    """Within some ten minutes at least eight operations of at least four services were denied."""
    listed = sorted(records, key=lambda r: r.event_time)
    if len({r.call for r in listed}) < ACTIONS:
        return False
    calls: Counter[str] = Counter()
    start = 0
    for record in listed:
        calls[record.call] += 1
        while record.event_time - listed[start].event_time > WITHIN:
            calls[listed[start].call] -= 1
            start += 1
        tried = [call for call, count in calls.items() if count]
        if len(tried) >= ACTIONS and len({call.partition(":")[0] for call in tried}) >= SERVICES:
            return True
    return False
