"""A question put to an index: what a scan would find in two passes over the log files, from the columns and row groups that bear on it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from trailsleuth.api.index_rows import Found, Rows
from trailsleuth.api.index_rules import reading_rules
from trailsleuth.api.index_search import Search
from trailsleuth.api.index_sources import glimpses_of
from trailsleuth.api.listing import Listing
from trailsleuth.api.scan_plan import Trail
from trailsleuth.api.scanning import _Best, _Scan
from trailsleuth.fetch.index_inputs import careful_inputs, not_here
from trailsleuth.fetch.index_read import IndexFile, sound
from trailsleuth.fetch.index_sources import check_fresh
from trailsleuth.ingest.evidence import no_collector
from trailsleuth.ingest.scan import Glimpse
from trailsleuth.ingest.scan_identity import Identities
from trailsleuth.ingest.scan_parts import wrapped
from trailsleuth.ingest.scan_select import LightCall, Ranked, Selected, Selection, select_from
from trailsleuth.model import Evidence, Inquiry, RawInput, Skipped
from trailsleuth.model.index import LogSeen, Zone

TOGETHER = 2_000  # records that are looked at as one log file


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
        rows = Rows(index)
        for found in rows.copies(contested) if contested else ():
            self.reader.take_whole(*found)
        best, search = _Best(), Search(rows, selection)
        for batch in search.records():
            for held, selected in _looked_at(index, batch, selection):
                self._keep_of(held, selected, search.lights, best)
        for source, _, ranked in best.chosen():
            if ranked.light is None:
                self.reader.take_whole(source, ranked.position, ranked.whole)
            else:
                search.lights.append((source, ranked.light))
        for source, call in search.lights:
            self.reader.take_light(source, call)

    def _keep_of(self, held: Sequence[Found], selected: Selected, lights: list[tuple[str, LightCall]], best: _Best) -> None:
        """What the second look found, with the places in the files instead of those among the records looked at."""
        for at, raw in selected.whole:
            self.reader.take_whole(held[at].source, held[at].position, raw)
        lights += ((held[call.position].source, _moved(call, held)) for call in selected.light)
        for ranked in selected.firsts:
            best.take(Selected(firsts=[_ranked(ranked, held)]), held[ranked.position].source, 0)
        for ranked in selected.lasts:
            best.take(Selected(lasts=[_ranked(ranked, held)]), held[ranked.position].source, 0)


def _looked_at(index: IndexFile, batch: Sequence[Found], selection: Selection) -> Iterator[tuple[Sequence[Found], Selected]]:
    """The second look at records, many together as if they were one log file. Where they do not pass for one, those of a file together, which do."""
    identities = Identities()
    for start in range(0, len(batch), TOGETHER):
        held = batch[start : start + TOGETHER]
        selected = _second_look(held, selection, identities)
        if selected is not None:
            yield held, selected
            continue
        for part in _by_part(index, held):
            selected = _second_look(part, selection, identities)
            if selected is None:
                raise ValueError(f"its records of {part[0].source} are no log file")
            yield part, selected


def _second_look(held: Sequence[Found], selection: Selection, identities: Identities) -> Selected | None:
    return select_from(wrapped(b",".join(found.raw for found in held)), selection, identities)


def _by_part(index: IndexFile, held: Iterable[Found]) -> Iterable[list[Found]]:
    """The records by the part of a file that was looked at as one when the index was made."""
    starts = {log.source: [0, *accumulate(part.records for part in log.parts)] for log in index.catalogue.logs}
    by_part: dict[tuple[str, int], list[Found]] = defaultdict(list)
    for found in sorted(held):
        by_part[found.source, bisect_right(starts[found.source], found.position)].append(found)
    return by_part.values()


def _moved(call: LightCall, held: Sequence[Found]) -> LightCall:
    return call._replace(position=held[call.position].position)


def _ranked(found: Ranked, held: Sequence[Found]) -> Ranked:
    return found._replace(position=held[found.position].position, light=_moved(found.light, held) if found.light is not None else None)
