"""What time the digests cover, where the holes are, and which digests must have been there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

from msgspec import Struct, field

from trailsleuth.digests.chains import Judged
from trailsleuth.digests.places import LogName, expected_path
from trailsleuth.digests.reading import Chain, Predecessor
from trailsleuth.digests.times import show_time
from trailsleuth.model.coverage import Gap
from trailsleuth.model.verification import CheckedFile, CoveredSpan, Integrity

Where = tuple[str, str]  # account and region
Run = tuple[datetime, datetime]


class TimeRange(Struct, frozen=True, kw_only=True):
    """The time that was asked about; None: open on that side."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, start: datetime, end: datetime) -> bool:
        """Whether the span touches the range."""
        return (self.since is None or end >= self.since) and (self.until is None or start <= self.until)

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether part of the span lies inside the range: touching at an end is not enough."""
        return (self.since is None or end > self.since) and (self.until is None or start < self.until)


class Spans(Struct):
    """The covered spans of every chain, and the log files that lie outside them, noted as they come.

    `runs` are the times that any trail of an account and region covers: in order, without overlap.
    """

    covered: tuple[CoveredSpan, ...]
    runs: dict[Where, list[Run]]
    strays: dict[Where, list[datetime]] = field(default_factory=dict)

    @classmethod
    def of(cls, covered: tuple[CoveredSpan, ...]) -> Spans:
        """The spans, with nothing noted yet."""
        by_place: dict[Where, list[Run]] = {}
        for span in covered:
            by_place.setdefault((span.account, span.region), []).append((span.start, span.end))
        return cls(covered=covered, runs={where: _joined(runs) for where, runs in sorted(by_place.items())})

    def place_stray(self, name: LogName) -> tuple[Integrity, str]:
        """Where a log that no digest names stands: within the covered time a digest should have named it."""
        where = (name.account, name.region)
        runs = self.runs.get(where, [])
        nearest = bisect_right(runs, name.time, key=lambda run: run[0]) - 1
        if nearest >= 0 and name.time <= runs[nearest][1]:
            reason = "no digest names it, though digests cover its time: it was added, renamed, or another trail delivered it"
            return Integrity.UNREFERENCED, reason
        self.strays.setdefault(where, []).append(name.time)
        if not runs:
            return Integrity.OUTSIDE_COVERAGE, f"no valid digest of account {name.account} in {name.region} is here"
        if nearest < 0:
            return Integrity.OUTSIDE_COVERAGE, f"earlier than the first digest, which starts {show_time(runs[0][0])}"
        if nearest == len(runs) - 1:
            return Integrity.OUTSIDE_COVERAGE, f"later than the last digest, which ends {show_time(runs[-1][1])}"
        return Integrity.OUTSIDE_COVERAGE, "in a gap between digests"

    def first_stray(self, where: Where) -> datetime | None:
        """The earliest log file outside the covered time."""
        return min(self.strays.get(where, ()), default=None)


def _joined(runs: Iterable[Run]) -> list[Run]:
    joined: list[Run] = []
    for start, end in sorted(runs):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def covered_spans(judged: Iterable[Judged]) -> tuple[CoveredSpan, ...]:
    """Spans without holes, per trail; invalid digests cover nothing, backfill digests only add to time that is already covered."""
    spans: list[CoveredSpan] = []
    for chain, members in _chains(judged).items():
        if chain[4]:
            continue
        runs = _joined((member.digest.start, member.digest.end) for member in members if member.state is not Integrity.INVALID)
        spans.extend(CoveredSpan(account=chain[0], region=chain[1], trail=chain[2], start=start, end=end) for start, end in runs)
    return tuple(sorted(spans, key=lambda span: (span.account, span.region, span.trail, span.start)))


def _chains(judged: Iterable[Judged]) -> dict[Chain, list[Judged]]:
    """The digests of each chain, oldest first; of copies of one digest the best only."""
    best: dict[tuple[str, str], Judged] = {}
    for member in judged:
        held = best.get(member.digest.place)
        if held is None or (held.state is Integrity.INVALID and member.state is not Integrity.INVALID):
            best[member.digest.place] = member
    chains: dict[Chain, list[Judged]] = {}
    for member in best.values():
        chains.setdefault(member.digest.chain, []).append(member)
    for members in chains.values():
        members.sort(key=lambda member: (member.digest.start, member.digest.end, member.digest.path))
    return dict(sorted(chains.items()))


def find_gaps(judged: Iterable[Judged], *, asked: TimeRange, spans: Spans) -> tuple[Gap, ...]:
    """Every hole: between digests, between the digests and the asked range, and where log files go on without digests."""
    gaps: set[Gap] = set()
    for chain, members in _chains(judged).items():
        if not chain[4]:
            gaps.update(_holes(chain, [member for member in members if member.state is not Integrity.INVALID]))
    gaps.update(_beyond(asked, spans))
    gaps.update(_strays(spans))
    touching = (gap for gap in gaps if gap.start is None or gap.end is None or asked.overlaps(gap.start, gap.end))
    return tuple(sorted(touching, key=lambda gap: (gap.account or "", gap.region or "", str(gap.start), str(gap.end), gap.why)))


def _holes(chain: Chain, members: list[Judged]) -> Iterator[Gap]:
    for older, newer in pairwise(members):
        start, end = older.digest.end, newer.digest.start
        if newer.digest.previous is None:
            why = f"the chain of trail {chain[2]} starts anew: logging or validation was off, or the trail was made again"
        elif start < end:
            why = f"no valid digest of trail {chain[2]} covers this time"
        else:
            continue
        yield Gap(account=chain[0], region=chain[1], start=min(start, end), end=end, why=why)


def _beyond(asked: TimeRange, spans: Spans) -> Iterator[Gap]:
    """The asked range beyond what the digests of an account and region cover."""
    for (account, region), runs in spans.runs.items():
        first, last = runs[0][0], runs[-1][1]
        if asked.since is not None and asked.since < first:
            yield Gap(account=account, region=region, start=asked.since, end=first, why="the asked range begins before the first digest")
        if asked.until is not None and asked.until > last:
            yield Gap(account=account, region=region, start=last, end=asked.until, why="the asked range continues after the last digest")


def _strays(spans: Spans) -> Iterator[Gap]:
    for (account, region), times in sorted(spans.strays.items()):
        runs = spans.runs.get((account, region))
        if not runs:
            yield Gap(account=account, region=region, start=min(times), end=max(times), why="log files without any valid digest")
            continue
        first, last = runs[0][0], runs[-1][1]
        if max(times) > last:
            why = "log files go on after the last digest: it is not delivered yet, was not downloaded, or was deleted"
            yield Gap(account=account, region=region, start=last, end=max(times), why=why)
        if min(times) < first:
            yield Gap(account=account, region=region, start=min(times), end=first, why="log files lie before the first digest")


def missing_digests(judged: Iterable[Judged], *, asked: TimeRange, spans: Spans, unread: dict[str, str]) -> Iterator[CheckedFile]:
    """Digests that another one names and that are not here.

    The predecessor of the oldest digest is missing only where the asked range or log files reach back before that digest: else the
    download simply begins there.
    """
    judged = tuple(judged)
    present = {member.digest.place for member in judged}
    for chain, members in _chains(judged).items():
        stray = spans.first_stray((chain[0], chain[1]))
        for position, member in enumerate(members):
            previous = member.digest.previous
            if previous is None or previous.place in present or member.state is Integrity.INVALID:
                continue
            path = _path_of(previous, member)
            begins = member.digest.start
            older = members[position - 1].digest.end if position else None
            early = stray is not None and stray < begins
            if position or early or (asked.since is not None and asked.since < begins) or path in unread:
                reason = f"it cannot be read: {unread[path]}" if path in unread else f"{member.digest.path} names it, and it is not here"
                inside = asked.overlaps(older or begins, begins)
                yield CheckedFile(path=path, state=Integrity.MISSING, reason=reason, asked=inside)


def _path_of(previous: Predecessor, member: Judged) -> str:
    return expected_path(previous.place[1], beside=member.digest.path, beside_key=member.digest.place[1])
