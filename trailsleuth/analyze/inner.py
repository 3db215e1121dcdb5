"""The denials behind what is asked about: the call that a wrapper's text reports, and the one that a service made for a call that failed.

Sees:  a denial whose text reports somebody else's, or a failed call that the error text repeats, and the other denials of the evidence.
Why:   the service calls with its caller's credentials, or as the role it was handed, and reads the denial as something else.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
Sure:  the same principal within moments, of the service that the text names or through the service of the failed call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trailsleuth.analyze.grouping import REPORTED_WITHIN, REPORTS, Homes, is_near
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.facts.handed import Handed
from trailsleuth.model import Record


def behind_wrappers(asked: Iterable[Refusal], others: list[Refusal], handed: Handed) -> list[Refusal]:
    """The other denials that a wrapper among those asked about reports."""
    homes = Homes(others, REPORTS)
    found = {id(inner): inner for wrapper in asked for inner in (homes.of(wrapper) if REPORTS.moves(wrapper) else _behind_open(wrapper, others, handed))}
    return list(found.values())


def _behind_open(wrapper: Refusal, others: Iterable[Refusal], handed: Handed) -> Iterator[Refusal]:
    """Of a call whose text leaves open who was denied what: denials that its service met with the same credentials, or the role that it hands over."""
    if wrapper.denial.open:
        role = handed.role(wrapper.first)
        yield from (inner for inner in others if is_behind(wrapper, inner) or (role is not None and inner.principal == role and is_near(wrapper, inner)))


def is_behind(wrapper: Refusal, inner: Refusal) -> bool:
    """The service of the one met the other with the same credentials, just before."""
    return any(_made_for(wrapper.first, record) for record in inner.records)


def behind_failures(calls: Iterable[Record], others: Iterable[Refusal]) -> list[Refusal]:
    """The denials that the service of a failed call met when it worked for it, with the same credentials and just before."""
    failed = list(calls)
    return [inner for inner in others if any(_made_for(call, record) for call in failed for record in inner.records)] if failed else []


def _made_for(call: Record, inner: Record) -> bool:
    same = call.identity.principal_id == inner.identity.principal_id and call.identity.principal_id is not None
    return same and inner.identity.invoked_by == call.event_source and abs(call.event_time - inner.event_time) <= REPORTED_WITHIN
