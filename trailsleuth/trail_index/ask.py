"""A question put to an index: what a scan would find in two passes over the log files, from the columns and row groups that bear on it."""

from __future__ import annotations

from collections.abc import Sequence

from trailsleuth.ingest.evidence import no_collector
from trailsleuth.model import Evidence, Inquiry, RawInput, Skipped
from trailsleuth.scan.first_look import Glimpse
from trailsleuth.scan.index_shapes import LogSeen, Zone
from trailsleuth.scan.listing import Listing
from trailsleuth.scan.plan import Trail
from trailsleuth.scan.second_look import LightCall, Selected
from trailsleuth.scan.selection import Selection
from trailsleuth.scan.two_passes import _Best, _Scan
from trailsleuth.trail_index.catalogue_of_sources import glimpses_of
from trailsleuth.trail_index.fresh import check_fresh
from trailsleuth.trail_index.inputs import careful_inputs, not_here
from trailsleuth.trail_index.look import seek
from trailsleuth.trail_index.read import IndexFile, sound
from trailsleuth.trail_index.rows_as_records import Rows
from trailsleuth.trail_index.rules import reading_rules


def ask_indexes(indexes: Sequence[IndexFile], listing: Listing, inquiry: Inquiry, *, stdin: bytes | None = None) -> Evidence | None:
    """The evidence that the question needs, out of indexes and of what lies beside them; None where everything has to be read for it."""
    with no_collector():
        return _Asked(indexes, listing, inquiry, stdin).evidence()


class _Asked(_Scan):
    """One question put to indexes, and to log files beside them."""

    def __init__(self, indexes: Sequence[IndexFile], listing: Listing, inquiry: Inquiry, stdin: bytes | None) -> None:
        super().__init__(listing, inquiry, stdin)
        self.indexes = indexes
        self.alone = len(indexes) == 1 and not listing.files and not listing.other
        self.glimpses: list[Glimpse] = []

    def evidence(self) -> Evidence | None:
        return None if any(index.catalogue.crowded for index in self.indexes) else super().evidence()

    def _first_pass(self) -> None:
        super()._first_pass()
        for index in self.indexes:
            fresh = check_fresh(index.path, index.catalogue, reading_rules())
            if not fresh:
                self.reader.take(not_here(index.path))
            with sound(index.path):
                self._take_index(index)

    def _take_index(self, index: IndexFile) -> None:
        for odd in index.catalogue.skipped:
            self.reader.take(Skipped(source=odd.source, reason=odd.reason, lost=odd.lost))
        for log in index.catalogue.logs:
            self._count(log)
        for item in careful_inputs(index):
            self.reader.take(item)
        rows = Rows(index)
        for found in rows.whole(Zone.KEPT):
            self.reader.take_whole(*found)
        if self.inquiry.event_id:
            for found in rows.of_id(self.inquiry.event_id):
                self.reader.take_whole(*found)
        if not self.alone:
            for _, numbers in rows.hashed():
                self.ids.extend(numbers)

    def _count(self, log: LogSeen) -> None:
        glimpses = list(glimpses_of(log))
        item = RawInput(source=log.source, data=b"", sha256=log.file.sha256, path=log.file.name, size=log.file.size)
        self.reader.count_file(item, [span for part in glimpses for span in part.spans])
        for copy in log.copies:
            known = RawInput(source=copy.name, data=b"", sha256=copy.sha256, path=copy.name, size=copy.size)
            self.reader.count_copy(known, sum(part.records for part in glimpses))
        self.glimpses += glimpses

    def _trail(self) -> Trail:
        trail = super()._trail()
        return Trail(parts=[*trail.parts, *self.glimpses], span=trail.span)

    def _second_pass(self, selection: Selection, contested: frozenset[int]) -> None:
        super()._second_pass(selection, contested)
        for index in self.indexes:
            with sound(index.path):
                self._fetch(index, selection, contested)

    def _fetch(self, index: IndexFile, selection: Selection, contested: frozenset[int]) -> None:
        for found in Rows(index).copies(contested) if contested else ():
            self.reader.take_whole(*found)
        best = _Best()
        lights: list[tuple[str, LightCall]] = []
        for sought in seek(index, selection):
            for found in sought.whole:
                self.reader.take_whole(*found)
            for source, ranked in sought.firsts:
                best.take(Selected(firsts=[ranked]), source, 0)
            for source, ranked in sought.lasts:
                best.take(Selected(lasts=[ranked]), source, 0)
            lights += sought.lights
        for source, _, ranked in best.chosen():
            if ranked.light is None:
                self.reader.take_whole(source, ranked.position, ranked.whole)
            else:
                self.reader.take_first(source, ranked.light)
        for source, call in lights:
            self.reader.take_light(source, call)
