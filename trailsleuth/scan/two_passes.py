"""Large trails: looked through in two passes on all cores, and only what bears on the question is read as records.

The first pass counts everything, keeps what was refused and notes who called; then the question decides which sessions, successes and registrations
matter (`scan_plan`); the second pass fetches those, from the files that can hold any. What is no plain log file is read as always.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import partial
from itertools import chain, groupby

from msgspec import Struct, field
from msgspec.structs import replace

from trailsleuth.correlate.trail import HANDFUL
from trailsleuth.ingest.evidence import no_collector
from trailsleuth.ingest.lean import FoldedRecords
from trailsleuth.model import Evidence, Inquiry, RawInput
from trailsleuth.scan.first_look import Glimpse, unpacked_openings
from trailsleuth.scan.identity import unpacked
from trailsleuth.scan.listing import Listing
from trailsleuth.scan.plan import Trail, of_failures, plan
from trailsleuth.scan.pool import run
from trailsleuth.scan.progress import Progress
from trailsleuth.scan.quick import facts_of
from trailsleuth.scan.reader import ScanReader
from trailsleuth.scan.refusals import Refusals
from trailsleuth.scan.repeated import more_than_once
from trailsleuth.scan.second_look import Ranked, Selected
from trailsleuth.scan.selection import Selection
from trailsleuth.scan.things_named import KMS, may_tell, unpacked_marks
from trailsleuth.scan.units import Known, Unit, chunks_of, units_of
from trailsleuth.scan.work import Looked, first_look, forget, second_look
from trailsleuth.sources.files.archives import label

MOST_CONTESTED = 200_000  # copies of records beyond this are sorted out the careful way


class ScannedFile(Struct, kw_only=True):
    """A log file after the first pass. `at` is where its records start in the list of all."""

    source: str
    units: list[tuple[Unit, list[Glimpse]]]
    item: RawInput
    at: int = 0
    copies: list[RawInput] = field(default_factory=list)

    @property
    def glimpses(self) -> list[Glimpse]:
        return [part for _, parts in self.units for part in parts]

    @property
    def records(self) -> int:
        return sum(part.records for part in self.glimpses)


def scan_evidence(listing: Listing, inquiry: Inquiry, *, stdin: bytes | None = None) -> Evidence | None:
    """The evidence that the question needs, its coverage counting all; None where everything has to be read for it."""
    scan = _Scan(listing, inquiry, stdin)
    with no_collector(), scan.refusals:
        return scan.evidence()


class _Scan:
    """One question put to a large trail."""

    def __init__(self, listing: Listing, inquiry: Inquiry, stdin: bytes | None) -> None:
        self.listing = listing
        self.inquiry = inquiry
        self.stdin = stdin
        self.lean = FoldedRecords() if inquiry.calls else None
        self.reader = ScanReader(last=HANDFUL + 1, records=self.lean)
        self.files: list[ScannedFile] = []
        self.careful: list[str] = []
        self.ids = array("q")
        self.refusals = Refusals()
        self.progress = Progress(2 * listing.size)

    def evidence(self) -> Evidence | None:
        for skipped in self.listing.skipped:
            self.reader.take(skipped)
        self._first_pass()
        self._read_carefully()
        contested = more_than_once(self.ids)
        if len(contested) > MOST_CONTESTED or (self.lean and self.lean.whole_needed):
            return None
        selection = plan(self._trail(), self.reader, self.inquiry, contested)
        if selection is None:
            return None
        self._second_pass(selection, contested)
        behind = of_failures(self._trail(), self.reader, self.inquiry)
        if behind is not None:
            self._second_pass(behind, frozenset())
        self.progress.end()
        self.refusals.read(self.reader, lambda one: self.reader.has(one.source, one.position))  # the second pass may have wanted some for another reason
        self.reader.strangers = self.refusals.counted()
        return None if self.lean and self.lean.whole_needed else self.reader.evidence()

    def _first_pass(self) -> None:
        files = sorted(self.listing.files, key=lambda file: label(file[0]))  # of equal files the first gives its name to the records
        units = [unit for path, size in files for unit in units_of(path, size)]
        work = partial(first_look, ids=frozenset((self.inquiry.event_id,)) if self.inquiry.event_id else frozenset())
        by_content: dict[str, ScannedFile] = {}
        looked = (one for chunk in run(work, chunks_of(units), self.progress.add, forget) for one in chunk)
        for found in (list(of_file) for _, of_file in groupby(looked, key=lambda one: one.unit.path)):
            scanned = _scanned(found)
            if scanned is None:
                self.careful.append(found[0].unit.path)
                continue
            known = by_content.setdefault(scanned.item.sha256, scanned)
            if known is scanned:
                self._take(scanned)
            else:
                known.copies.append(scanned.item)
        for scanned in self.files:
            for copy in scanned.copies:
                self.reader.count_copy(copy, scanned.records)

    def _take(self, scanned: ScannedFile) -> None:
        scanned.at = len(self.ids)
        for part in scanned.glimpses:
            self.ids.frombytes(part.numbers)
        self.reader.count_file(scanned.item, [span for part in scanned.glimpses for span in part.spans])
        before = 0
        for part in scanned.glimpses:
            for position, raw in part.kept:
                self.reader.take_whole(scanned.source, before + position, raw)
            self.refusals.add(scanned.source, before, part.refused, array("q", part.numbers))
            before += part.records
        scanned.units = [(unit, [replace(part, numbers=b"", kept=(), refused=()) for part in parts]) for unit, parts in scanned.units]
        self.files.append(scanned)

    def _read_carefully(self) -> None:
        for item in chain(self.listing.inputs(self.careful), self.listing.other_inputs(self.stdin)):
            self.reader.take(item)
        self.reader.join_collected()
        self.ids.extend(self.reader.read_whole)

    def _trail(self) -> Trail:
        return Trail(parts=[part for scanned in self.files for part in scanned.glimpses], span=self.reader.span(), refusals=self.refusals)

    def _second_pass(self, selection: Selection, contested: frozenset[int]) -> None:
        units: list[Unit] = []
        places: dict[tuple[str, int], tuple[str, int]] = {}
        for scanned in self.files:
            before = 0
            for unit, parts in scanned.units:
                count = sum(part.records for part in parts)
                ids = self.ids[scanned.at + before : scanned.at + before + count] if contested else ()
                positions = frozenset(index for index, number in enumerate(ids) if number in contested)
                known = tuple(Known(part.records, part.callers, part.openings, tells_of_things(selection, part)) for part in parts)
                touched = bool(positions) or any(one.told or selection_touches(selection, part) for one, part in zip(known, parts, strict=True))
                if touched or (selection.buckets and any(part.buckets for part in parts)):
                    units.append(replace(unit, positions=positions, for_owners=not touched, known=known))
                    places[unit.path, unit.start] = (scanned.source, before)
                before += count
        best = _Best()
        for found in run(partial(second_look, selection=selection), chunks_of(units), self.progress.add, forget):
            for unit, selections in found:
                source, before = places[unit.path, unit.start]
                for selected, part in zip(selections, unit.known, strict=True):
                    self._keep(selected, source, before)
                    best.take(selected, source, before)
                    before += part.records
        self._take_best(best)

    def _take_best(self, best: _Best) -> None:
        for source, before, ranked in best.chosen():
            if ranked.light is not None:
                self.reader.take_first(source, ranked.light._replace(position=before + ranked.position))
            else:
                self.reader.take_whole(source, before + ranked.position, ranked.whole)

    def _keep(self, selected: Selected, source: str, before: int) -> None:
        for position, raw in selected.whole:
            self.reader.take_whole(source, before + position, raw)
        for call in selected.light:
            self.reader.take_light(source, call._replace(position=before + call.position) if before else call)


class _Best:
    """Of records of which only the first or the last over all files counts, the best so far."""

    def __init__(self) -> None:
        self._firsts: dict[tuple[object, ...], tuple[str, int, Ranked]] = {}
        self._lasts: dict[tuple[object, ...], tuple[str, int, Ranked]] = {}

    def take(self, selected: Selected, source: str, before: int) -> None:
        for ranked in selected.firsts:
            known = self._firsts.get(ranked.kind)
            if known is None or ranked.order < known[2].order:
                self._firsts[ranked.kind] = (source, before, ranked)
        for ranked in selected.lasts:
            known = self._lasts.get(ranked.kind)
            if known is None or ranked.order > known[2].order:
                self._lasts[ranked.kind] = (source, before, ranked)

    def chosen(self) -> Iterator[tuple[str, int, Ranked]]:
        """Whole records first: a light one never stands in for a record that is wanted whole."""
        yield from self._lasts.values()
        yield from self._firsts.values()


def tells_of_things(selection: Selection, part: Glimpse) -> bool:
    """A call of the part may tell of a thing that was denied: its key or tags, or, where it may not be there, that it is not or that it is made."""
    told, absent = (frozenset(unpacked_marks(marks)) if selection.named else frozenset() for marks in (part.told, part.absent))
    making = {call[0] for call in part.calls if call[0] != KMS and may_tell(call)} if selection.named else set()
    return any(one.is_among(told) or (one.absent and (one.is_among(absent) or not making.isdisjoint(one.sources))) for one in selection.named)


def selection_touches(selection: Selection, part: Glimpse) -> bool:
    """The part may hold a record that the selection names, one that only tells of a thing, or whose a bucket is, aside."""
    if selection.text or selection.called_as:
        return True
    callers = list(unpacked(part.callers))
    roles, regions = {who.role for who in callers}, {"", *(region for span in part.spans for region in span.regions)}
    if any(wanted.touches(roles, regions) for call, wanted in selection.calls.items() if call in part.calls):
        return True
    if any(span.first in selection.edges or span.last in selection.edges for span in part.spans):
        return True
    return any(map(selection.of_session, callers)) or any(not selection.opened.isdisjoint(opening[:2]) for opening in unpacked_openings(part.openings))


def _scanned(units: list[Looked]) -> ScannedFile | None:
    if any(not looked.parts for looked in units):
        return None
    path = units[0].unit.path
    facts = units[0].facts
    if facts is None:
        facts = facts_of(path)
    source = label(path)
    return ScannedFile(
        source=source,
        units=[(looked.unit, looked.parts) for looked in units],
        item=RawInput(source=source, data=b"", sha256=facts.sha256, path=source, size=facts.size),
    )
