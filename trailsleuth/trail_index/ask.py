"""A question put to an index: what a scan would find in two passes over the log files, from the rows that bear on it and the records that they lead to."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter

from msgspec.structs import replace

from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.ingest.coverage import NO_ACCOUNT
from trailsleuth.ingest.evidence import no_collector
from trailsleuth.model import Evidence, Inquiry, RawInput
from trailsleuth.scan.first_look import Glimpse, Span, record_number
from trailsleuth.scan.identity import packed
from trailsleuth.scan.listing import Listing
from trailsleuth.scan.plan import Trail
from trailsleuth.scan.pool import run
from trailsleuth.scan.selection import Selection
from trailsleuth.scan.two_passes import _Best, _Scan
from trailsleuth.scan.units import Unit, chunks_of
from trailsleuth.trail_index.fetch import Fetched, Place, fetch
from trailsleuth.trail_index.inputs import Sources, not_here
from trailsleuth.trail_index.store import IndexFile, sound
from trailsleuth.trail_index.wanted import Row, Rows

_OPENING = struct.Struct("<6I")
_TIME = "%Y-%m-%dT%H:%M:%SZ"
ALONE = 40  # files that are gone through sooner than workers have started
_BY_PLACE = "SELECT place, NULL, strftime(min(time), $1), strftime(max(time), $1), count(*) FROM rows GROUP BY place"
_BY_CALLER = """
SELECT place, caller_account, strftime(min(time), $1), strftime(max(time), $1), count(*) FROM rows JOIN callers USING (caller)
WHERE place IN (SELECT unnest($2::INTEGER[])) GROUP BY ALL
"""


def ask_indexes(indexes: Sequence[IndexFile], listing: Listing, inquiry: Inquiry, *, stdin: bytes | None = None) -> Evidence | None:
    """The evidence that the question needs, out of indexes and of what lies beside them; None where everything has to be read for it."""
    asked = _Asked(indexes, listing, inquiry, stdin)
    with no_collector(), asked.refusals:
        return asked.evidence()


class _Asked(_Scan):
    """One question put to indexes, and to log files beside them."""

    def __init__(self, indexes: Sequence[IndexFile], listing: Listing, inquiry: Inquiry, stdin: bytes | None) -> None:
        super().__init__(listing, inquiry, stdin)
        self.asked = [_Index(index, inquiry) for index in indexes]
        self.parts: list[Glimpse] = []
        self.alone = len(indexes) == 1 and not listing.files and not listing.other

    def evidence(self) -> Evidence | None:
        return None if any(one.index.about.crowded for one in self.asked) else super().evidence()

    def _first_pass(self) -> None:
        super()._first_pass()
        for one in self.asked:
            with sound(one.index.path):
                self._take_index(one)
        if not self.alone or self.reader.read_whole:  # else copies are known already
            for one in self.asked:
                self.ids.extend(number for number, _ in one.numbers())

    def _take_index(self, one: _Index) -> None:
        sources = one.sources
        for item in (*([] if sources.here else [not_here(one.index.path)]), *sources.skipped, *sources.odd()):
            self.reader.take(item)
        spans, counts = one.spans(), dict(one.index.ask("SELECT log, count(*) FROM rows GROUP BY log")) if one.has_copies else {}
        for log, files in sources.files.items():
            for file in files:
                item = RawInput(source=file.name, data=b"", sha256=file.sha256, path=file.name, size=file.size)
                if file is files[0]:
                    self.reader.count_file(item, spans)
                    spans = []
                else:
                    self.reader.count_copy(item, counts[log])
        for log, position, record in one.rows.kept():
            self.reader.take_whole(one.name(log), position, record)
        self.refusals.hold(one.rows.refusals(one.name))
        named = one.rows.of_id(self.inquiry.event_id) if self.inquiry.event_id else []
        copies = one.rows.at(one.index.ask("SELECT log, position FROM copies"))
        self._take_whole(one, [*named, *copies])

    def _take_whole(self, one: _Index, rows: list[Row]) -> None:
        kept, others = [row for row in rows if row.kept], [row for row in rows if not row.kept]
        for log, position, record in one.rows.kept_of(kept) if kept else ():
            self.reader.take_whole(one.name(log), position, record)
        for found in one.fetch(others, Selection()) if one.sources.here else ():
            for position, raw in found.whole:
                self.reader.take_whole(one.name_at(found.path), position, raw)
        if not one.sources.here:
            self._take_light(one, others)

    def _take_light(self, one: _Index, rows: list[Row]) -> None:
        identities = one.rows.identities(sorted({row.caller for row in rows})) if rows else {}
        for row in rows:
            self.reader.take_light(one.name(row.log), row.light(identities[row.caller]))

    def _trail(self) -> Trail:
        trail = super()._trail()
        by_file = any(run.failed for run in self.reader.actions)  # then who called while it ran is asked, and the files tell the times
        if not self.parts:
            self.parts = [part for one in self.asked for part in one.parts(by_file=by_file)]
        return replace(trail, parts=[*trail.parts, *self.parts])

    def _second_pass(self, selection: Selection, contested: frozenset[int]) -> None:
        super()._second_pass(selection, contested)
        for one in self.asked:
            with sound(one.index.path):
                self._take_wanted(one, selection, contested)

    def _take_wanted(self, one: _Index, selection: Selection, contested: frozenset[int]) -> None:
        if contested:
            self._take_whole(one, one.rows.at([at for number, at in one.numbers() if number in contested]))
        read, light = one.rows.wanted(selection)
        if not one.sources.here:
            self._take_light(one, [*light, *(row for row in read if selection.of_session(one.rows.callers[row.caller]))])
            return
        best = _Best()
        for found in one.fetch(read, selection):
            source = one.name_at(found.path)
            self._keep(found.selected, source, 0)
            best.take(found.selected, source, 0)
        self._take_best(best)
        self._take_light(one, light)


class _Index:
    """An index that is asked, with its files."""

    def __init__(self, index: IndexFile, inquiry: Inquiry) -> None:
        self.index = index
        with sound(index.path):
            self.sources = Sources(index)
            self.rows = Rows(index)
        if inquiry.calls and not self.sources.here:
            raise EvidenceUnreadable(f"{index.path}: the files that it was made from are not here", why="what a role needs, only its records tell")
        self.has_copies = any(len(files) > 1 for files in self.sources.files.values())
        self._by_path = {self.sources.path(log): log for log in self.sources.files} if self.sources.here else {}

    def name(self, log: int) -> str:
        """The name of a log file in reports."""
        return self.sources.files[log][0].name

    def name_at(self, path: str) -> str:
        """The same of the file at a path."""
        return self.name(self._by_path[path])

    def numbers(self) -> Iterator[tuple[int, tuple[int, int]]]:
        """A number for every record, equal for copies of one, and where it stands."""
        told = self.index.ask("SELECT log, coalesce(other_id, id::VARCHAR), account FROM rows JOIN places USING (place) ORDER BY log, rows.rowid")
        for log, of_log in groupby(told, key=itemgetter(0)):
            for position, (_, event_id, account) in enumerate(of_log):
                yield record_number(event_id, account), (log, position)

    def spans(self) -> list[Span]:
        """What it holds of each account, Region by Region; of records that name no account by that of their callers."""
        places = {place: (account, region) for place, account, region in self.index.ask("SELECT place, account, region FROM places")}
        bare = [place for place, (account, _) in places.items() if not account]
        told = [one for one in self.index.ask(_BY_PLACE, _TIME) if one[0] not in bare] + (self.index.ask(_BY_CALLER, _TIME, bare) if bare else [])
        return [
            Span(account=places[place][0] or account or NO_ACCOUNT, regions=tuple(filter(None, (places[place][1],))), first=first, last=last, records=count)
            for place, account, first, last, count in told
        ]

    def parts(self, *, by_file: bool) -> Iterator[Glimpse]:
        """Who called, what was called and what was opened, as the first look at all files would tell; by file with its times where they matter."""
        calls = frozenset(self.rows.calls)
        openings = b"".join(_OPENING.pack(*marks) for marks in self.index.stream("SELECT key, owner, role, session, by_key, by_owner FROM openings"))
        if not by_file:
            yield _part((), self.rows.callers.marks.tobytes(), openings, calls, self.rows.told(), self.rows.absent())
            return
        told = self.index.ask("SELECT log, caller, strftime(min(time), $1), strftime(max(time), $1) FROM rows GROUP BY log, caller ORDER BY log", _TIME)
        marks = self.rows.told(), self.rows.absent()
        for _, of_log in groupby(told, key=itemgetter(0)):
            found = list(of_log)
            span = Span(account="", regions=(), first=min(one[2] for one in found), last=max(one[3] for one in found), records=0)
            yield _part((span,), packed(self.rows.callers[caller] for _, caller, *_ in found), openings, calls, *marks)
            openings, marks = b"", (b"", b"")

    def fetch(self, rows: Iterable[Row], selection: Selection) -> Iterator[Fetched]:
        """The records of the rows out of their files, looked at for the selection."""
        places: dict[str, list[Place]] = {self.sources.path(log): found for log, found in self.rows.places(rows)}
        units = [Unit(path=path, weight=self.sources.files[self._by_path[path]][0].size) for path in sorted(places)]
        chunks = chunks_of(units) if len(units) > ALONE else [units] if units else []
        for found in run(partial(fetch, places=places, selection=selection), chunks, _nothing):
            yield from found


def _part(spans: tuple[Span, ...], callers: bytes, openings: bytes, calls: frozenset[tuple[str, str]], told: bytes, absent: bytes) -> Glimpse:
    return Glimpse(records=0, spans=spans, numbers=b"", kept=(), callers=callers, openings=openings, calls=calls, buckets=False, told=told, absent=absent)


def _nothing(_: int) -> None:
    """Nobody waits long enough to be told."""
