"""A question put to an index: what a scan would find in two passes over the log files, from the columns and row groups that bear on it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from trailsleuth.api.index_rows import Found, Rows
from trailsleuth.api.index_sources import glimpses_of
from trailsleuth.api.listing import Listing
from trailsleuth.api.scan_plan import Trail
from trailsleuth.api.scanning import _Best, _Scan
from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.fetch.index_inputs import careful_inputs, not_here
from trailsleuth.fetch.index_read import IndexFile, sound
from trailsleuth.fetch.index_sources import check_fresh
from trailsleuth.ingest.evidence import no_collector
from trailsleuth.ingest.index_rows import reading_rules
from trailsleuth.ingest.scan import Glimpse
from trailsleuth.ingest.scan_identity import Identities
from trailsleuth.ingest.scan_parts import wrapped
from trailsleuth.ingest.scan_select import LightCall, Ranked, Selected, Selection, select_from
from trailsleuth.model import Evidence, Inquiry, RawInput, Skipped
from trailsleuth.model.index import LogSeen, Zone

Place = tuple[int, int]  # the number of a file, and a position in it


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
                self._take(index)

    def _take(self, index: IndexFile) -> None:
        for item in index.catalogue.skipped:
            self.reader.take(Skipped(source=item.source, reason=item.reason, lost=item.lost))
        for log in index.catalogue.logs:
            self._count(log)
        for item in careful_inputs(index):
            self.reader.take(item)
        rows = Rows(index)
        for found in rows.whole(Zone.KEPT):
            self.reader.take_whole(*found)
        if self.inquiry.event_id:
            for found in rows.named(self.inquiry.event_id):
                self.reader.take_whole(*found)
        if not self.alone:
            for _, _, numbers in rows.hashed():
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
        rows = Rows(index)
        for group, numbers in rows.copies(contested) if contested else ():
            for found in rows.records(group, numbers):
                self.reader.take_whole(*found)
        best = _Best()
        lights: list[tuple[str, LightCall]] = []
        for batch in rows.wanted(selection, lights):
            for source, selected in _looked_at(index, batch, selection):
                best.take(selected, source, 0)
                for position, raw in selected.whole:
                    self.reader.take_whole(source, position, raw)
                lights += ((source, call) for call in selected.light)
        for source, _, ranked in best.chosen():
            if ranked.light is None:
                self.reader.take_whole(source, ranked.position, ranked.whole)
            else:
                lights.append((source, ranked.light))
        for source, call in lights:
            self.reader.take_light(source, call)


def _looked_at(index: IndexFile, batch: Iterable[Found], selection: Selection) -> Iterator[tuple[str, Selected]]:
    """The second look at records, those of a file together: they are a part of a plain log file, and read as one."""
    starts = {log.number: [0, *accumulate(part.records for part in log.parts)] for log in index.catalogue.logs}
    by_part: dict[Place, list[Found]] = defaultdict(list)
    for found in batch:
        by_part[found.number, bisect_right(starts[found.number], found.position)].append(found)
    identities = Identities()
    for (number, _), held in by_part.items():
        held.sort(key=lambda found: found.position)
        selected = select_from(wrapped(b",".join(found.raw for found in held)), selection, identities)
        if selected is None:
            raise EvidenceUnreadable(
                f"cannot read the index {index.path}", why=f"its records of {index.names[number]} are no log file", next_step="build it again: trailsleuth index"
            )
        yield index.names[number], _in_place(selected, [found.position for found in held])


def _in_place(selected: Selected, positions: Sequence[int]) -> Selected:
    """With the positions in the file instead of those among the records looked at."""
    return Selected(
        whole=[(positions[at], raw) for at, raw in selected.whole],
        light=[call._replace(position=positions[call.position]) for call in selected.light],
        firsts=[_ranked(found, positions) for found in selected.firsts],
        lasts=[_ranked(found, positions) for found in selected.lasts],
    )


def _ranked(found: Ranked, positions: Sequence[int]) -> Ranked:
    position = positions[found.position]
    return found._replace(position=position, light=found.light._replace(position=position) if found.light is not None else None)


