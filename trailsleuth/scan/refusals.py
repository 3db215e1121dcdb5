"""The denied calls of a trail that are so beyond doubt: known by who was denied what and when, while their bytes lie on disk until a question wants them."""

from __future__ import annotations

import tempfile
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import NamedTuple, Self

from trailsleuth.analyze.grouping import REPORTED_WITHIN
from trailsleuth.facts.kinds import Kind
from trailsleuth.model import Strangers
from trailsleuth.scan.first_look import Refusal
from trailsleuth.scan.identity import Who
from trailsleuth.scan.reader import ScanReader


class Held(NamedTuple):
    """One of them: its place in the trail, what it is told by, and what reads its bytes, and from where. `number` is equal for copies."""

    source: str
    position: int
    number: int
    time: str
    who: Who
    kind: Kind
    read: Callable[[int, int], bytes]
    at: int
    length: int = 0

    def raw(self) -> bytes:
        """Its bytes."""
        return self.read(self.at, self.length)


Wanted = Callable[[Held], bool]


class Refusals:
    """All of them, in the order in which they came; their bytes are there until the end of the `with` block."""

    def __init__(self) -> None:
        self._held: list[Held] = []
        self._size = 0
        self._kinds: dict[Kind, Kind] = {}

    def add(self, source: str, before: int, found: Iterable[Refusal], numbers: Sequence[int]) -> None:
        """Those of a part of a file, in which `before` records stand ahead of it; `numbers` are of all its records."""
        for one in found:
            kind = Kind(one.caller, one.call, one.code)
            kind = self._kinds.setdefault(kind, kind)
            place = source, before + one.position, numbers[one.position]
            self._held.append(Held(*place, one.time, one.who, kind, self._read, self._size, len(one.raw)))
            self._size += self._raws.write(one.raw)

    def hold(self, found: Iterable[Held]) -> None:
        """More of them, whose bytes lie elsewhere."""
        self._held += found

    def __enter__(self) -> Self:
        self._raws = tempfile.TemporaryFile(prefix="trailsleuth-")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._raws.close()

    def __iter__(self) -> Iterator[Held]:
        return iter(self._held)

    def _read(self, start: int, length: int) -> bytes:
        self._raws.seek(start)
        return self._raws.read(length)

    def read(self, reader: ScanReader, wanted: Wanted) -> None:
        """Those that are wanted become records."""
        left: list[Held] = []
        for one in self._held:
            if wanted(one):
                reader.take_whole(one.source, one.position, one.raw())
            else:
                left.append(one)
        self._held = left

    def counted(self) -> tuple[Strangers, ...]:
        """The others, by kind."""
        times: dict[Kind, list[datetime]] = defaultdict(list)
        for one in self._held:
            times[one.kind].append(moment_of(one))
        return tuple(Strangers(principal=kind.caller, call=kind.call, error_code=kind.code, times=tuple(when)) for kind, when in times.items())


def moment_of(one: Held) -> datetime:
    """When it was denied."""
    return datetime.fromisoformat(one.time)


class Spans:
    """Spans of time, asked about by times as they stand in records."""

    def __init__(self, spans: Iterable[tuple[datetime, datetime]]) -> None:
        ordered = sorted((_text(first, 0), _text(last, 1)) for first, last in spans)
        self._firsts: list[str] = []
        self._lasts: list[str] = []
        for first, last in ordered:
            if self._lasts and first <= self._lasts[-1]:
                self._lasts[-1] = max(self._lasts[-1], last)
            else:
                self._firsts.append(first)
                self._lasts.append(last)

    def hold(self, time: str) -> bool:
        """The time lies in one of them."""
        at = bisect_right(self._firsts, time) - 1
        return at >= 0 and time <= self._lasts[at]


def around(times: Iterable[datetime]) -> Spans:
    """What lies so near to one of the times that the one may stand behind the other."""
    return Spans((time - REPORTED_WITHIN, time + REPORTED_WITHIN) for time in times)


def _text(moment: datetime, more: int) -> str:
    try:
        return (moment + timedelta(seconds=more)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
