"""The denials behind what is asked about: the call that a wrapper's text reports, and the one that a service made for a call that failed.

Sees:  a denial whose text reports somebody else's, or a failed call that the error text repeats, and the other denials of the evidence.
Why:   the service calls with its caller's credentials, or as the role it was handed, and reads the denial as something else.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
Sure:  the same principal within moments, of the service that the text names or through the service of the failed call.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from trailsleuth.analyze.grouping import REPORTED_WITHIN, REPORTS, Homes, is_near
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.facts.handed import Handed
from trailsleuth.model import Record


class Others:
    """The denials that are not asked about, in time order; one is worked out when it lies near to something that it may stand behind."""

    def __init__(self, records: Sequence[Record], read: Callable[[Record], Refusal | None]) -> None:
        self._records, self._read = records, read
        self._known: dict[int, Refusal | None] = {}

    def near(self, records: Iterable[Record]) -> list[Refusal]:
        """Those within moments of one of the records."""
        times = {record.event_time for record in records}
        spans = (self._span(time - REPORTED_WITHIN, time + REPORTED_WITHIN) for time in times)
        return self._of(sorted({at for span in spans for at in span}))

    def all(self) -> list[Refusal]:
        """Every one."""
        return self._of(range(len(self._records)))

    def _span(self, first: datetime, last: datetime) -> range:
        start = bisect_left(self._records, first, key=lambda record: record.event_time)
        return range(start, bisect_right(self._records, last, lo=start, key=lambda record: record.event_time))

    def _of(self, places: Iterable[int]) -> list[Refusal]:
        found = []
        for at in places:
            if at not in self._known:
                self._known[at] = self._read(self._records[at])
            refusal = self._known[at]
            found += [refusal] if refusal is not None else []
        return found


def behind_wrappers(asked: Iterable[Refusal], others: Others, handed: Handed) -> list[Refusal]:
    """The other denials that a wrapper among those asked about reports."""
    wrappers = [refusal for refusal in asked if REPORTS.moves(refusal) or refusal.denial.open or _says_untaken(refusal)]
    beside = others.near(record for wrapper in wrappers for record in wrapper.records)
    homes = Homes(beside, REPORTS)
    found = {id(inner): inner for wrapper in wrappers for inner in (homes.of(wrapper) if REPORTS.moves(wrapper) else _behind_open(wrapper, beside, handed))}
    return list(found.values())


def _behind_open(wrapper: Refusal, others: Iterable[Refusal], handed: Handed) -> Iterator[Refusal]:
    """Of a call whose text leaves open who was denied what: denials that its service met with the same credentials, or the role that it hands over. Of one that
    speaks of a role which cannot be taken: what the role was denied when the service had taken it."""
    if _says_untaken(wrapper):
        yield from (inner for inner in others if was_taken(wrapper, inner))
    elif wrapper.denial.open:
        role = handed.role(wrapper.first)
        yield from (inner for inner in others if is_behind(wrapper, inner) or (role is not None and inner.principal == role and is_near(wrapper, inner)))


def _says_untaken(refusal: Refusal) -> bool:
    """A call's own text that a service could not take a role: no record of STS."""
    return refusal.is_assume and refusal.first.event_source != "sts.amazonaws.com" and not (refusal.principal or "arn:").startswith("arn:")


def was_taken(wrapper: Refusal, inner: Refusal) -> bool:
    """The role that a service is said not to have taken was denied something itself in its hands: the service says the same of both."""
    served = inner.first.identity.invoked_by == wrapper.principal
    return _says_untaken(wrapper) and served and inner.principal == wrapper.resource and is_near(wrapper, inner)


def is_behind(wrapper: Refusal, inner: Refusal) -> bool:
    """The service of the one met the other with the same credentials, just before."""
    return any(_made_for(wrapper.first, record) for record in inner.records)


def behind_failures(calls: Iterable[Record], others: Others) -> list[Refusal]:
    """The denials that the service of a failed call met when it worked for it, with the same credentials and just before."""
    failed = list(calls)
    return [inner for inner in others.near(failed) if any(_made_for(call, record) for call in failed for record in inner.records)]


def _made_for(call: Record, inner: Record) -> bool:
    same = call.identity.principal_id == inner.identity.principal_id and call.identity.principal_id is not None
    return same and inner.identity.invoked_by == call.event_source and abs(call.event_time - inner.event_time) <= REPORTED_WITHIN
