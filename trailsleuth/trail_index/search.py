"""Goes through the zones of an index for what a question needs: records to be looked at, and calls of which only the fact counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from trailsleuth.scan.index_shapes import SEARCHED, Run, Zone
from trailsleuth.scan.second_look import LightCall, Ranked
from trailsleuth.scan.selection import Pursuit, Selection
from trailsleuth.sources.base import MIB
from trailsleuth.trail_index.rows_as_records import Found, Rows
from trailsleuth.trail_index.wishes import RunWish, Wishes, may_cure

BATCH = 64 * MIB  # bytes of records that are looked at together
_CALL = ("event_source", "event_name", "region")
_ORDER = ("event_time", "event_id", "vpc_endpoint")


class Search:
    """One selection, put to row groups of one index. `lights` and `firsts` are filled when all records were given out."""

    def __init__(self, rows: Rows, selection: Selection) -> None:
        self._rows = rows
        self._index = rows.index
        self._wishes = Wishes(selection)
        self._firsts: dict[tuple[object, ...], tuple[tuple[str, str], int, int]] = {}
        self.lights: list[tuple[str, LightCall]] = []
        self.firsts: list[tuple[str, Ranked]] = []

    def places(self) -> Iterator[tuple[Zone, int]]:
        """The row groups that may hold anything wanted."""
        for zone in SEARCHED:
            every = (
                zone is Zone.OWNER
                or self._wishes.selection.called_as
                or (zone is Zone.FAILED and (self._wishes.selection.text or self._wishes.selection.missing))
                or (zone is Zone.OPENING and self._wishes.selection.opened)
            )
            for group, runs in self._index.runs(zone).items():
                if every or any(self._wishes.of(run) is not None for run in runs):
                    yield zone, group

    def records(self, places: Iterable[tuple[Zone, int]]) -> Iterator[list[Found]]:
        """The records in these row groups that have to be looked at, in batches."""
        held: list[Found] = []
        size = 0
        for zone, group in places:
            for found in self._of_group(zone, group, self._index.runs(zone)[group]):
                held.append(found)
                size += len(found.raw)
            if size > BATCH:
                yield held
                held, size = [], 0
        if held:
            yield held
        self._tell_firsts()

    def _tell_firsts(self) -> None:
        by_group: dict[int, dict[int, tuple[tuple[object, ...], tuple[str, str]]]] = defaultdict(dict)
        for kind, (order, group, row) in self._firsts.items():
            by_group[group][row] = (kind, order)
        for group, told in by_group.items():
            rows = sorted(told)
            for row, (source, light) in zip(rows, self._rows.lights(group, rows), strict=True):
                self.firsts.append((source, Ranked(*told[row], light.position, light, b"")))

    def _of_group(self, zone: Zone, group: int, runs: Sequence[Run]) -> Iterator[Found]:
        """Failed calls cure nothing: they count for their session only."""
        if zone is Zone.OWNER or (zone is Zone.FAILED and self._wishes.selection.text):
            yield from self._rows.records(group)
        elif zone is Zone.OPENING:
            rows = self._openings(group, runs)
            yield from self._rows.records(group, rows) if rows else ()
        else:
            wished = [(run, wish) for run in runs if (wish := self._wishes.of(run)) is not None]
            told = self._callers(group) | (self._telling(group) if zone is Zone.FAILED else frozenset())
            if zone is Zone.FAILED:
                wished = [(run, replace(wish, calls={})) for run, wish in wished if wish.mine]
            yield from self._calls(group, wished, told) if wished or told else ()

    def _callers(self, group: int) -> frozenset[int]:
        """Calls of principals that have one of the unique ids asked for."""
        asked = self._wishes.selection.called_as
        callers = self._index.columns(group, ("caller",))["caller"] if asked else ()
        return frozenset(row for row, caller in enumerate(callers) if any(unique in caller for unique in asked))

    def _telling(self, group: int) -> frozenset[int]:
        """Failed calls of services that may say that a thing is not there."""
        missing = self._wishes.selection.missing
        sources = self._index.columns(group, ("event_source",))["event_source"] if missing else ()
        return frozenset(row for row, source in enumerate(sources) if source in missing)

    def _openings(self, group: int, runs: Sequence[Run]) -> list[int]:
        """Calls that handed out credentials: by what they opened, or who made them."""
        opened = self._wishes.selection.opened
        marks = self._index.columns(group, ("opened_key", "opened_owner")) if opened else {"opened_key": [], "opened_owner": []}
        chosen = {row for row, pair in enumerate(zip(marks["opened_key"], marks["opened_owner"], strict=True)) if not opened.isdisjoint(pair)}
        for run in runs:
            if self._wishes.of(run) is not None:
                chosen.update(range(run.start, run.start + run.rows))
        return sorted(chosen | self._callers(group))

    def _calls(self, group: int, wished: Sequence[tuple[Run, RunWish]], told_of: frozenset[int]) -> Iterator[Found]:
        told = self._index.columns(group, _CALL)
        sources, names, regions = (told[name] for name in _CALL)
        read: list[int] = list(told_of)
        short: list[int] = []
        pursued: list[tuple[int, Run, RunWish, Pursuit]] = []
        for run, wish in wished:
            for row in (row for row in range(run.start, run.start + run.rows) if row not in told_of):
                if self._wishes.is_read(wish, (sources[row], names[row])):
                    read.append(row)
                    continue
                pursuit = wish.calls.get((sources[row], names[row], regions[row]))
                if pursuit is not None:
                    pursued.append((row, run, wish, pursuit))
                elif wish.mine:
                    short.append(row)
        rows = sorted(read + self._cures(group, pursued, short))
        self.lights += self._rows.lights(group, sorted(short)) if short else ()
        return self._rows.records(group, rows) if rows else iter(())

    def _cures(self, group: int, pursued: Sequence[tuple[int, Run, RunWish, Pursuit]], short: list[int]) -> list[int]:
        """Of successes of refused calls those that may cure one; the others may be the first after a refusal, and count for their session."""
        raw = self._index.raw(group, [row for row, *_ in pursued]) if pursued else []
        cures: list[int] = []
        firsts: list[tuple[int, Run, Pursuit]] = []
        for (row, run, wish, pursuit), record in zip(pursued, raw, strict=True):
            if may_cure(pursuit, record):
                cures.append(row)
                continue
            if wish.mine:
                short.append(row)
            if pursuit.first:
                firsts.append((row, run, pursuit))
        if firsts:
            self._keep_firsts(group, firsts)
        return cures

    def _keep_firsts(self, group: int, firsts: Sequence[tuple[int, Run, Pursuit]]) -> None:
        told = self._index.columns(group, (*_CALL, *_ORDER), [row for row, _, _ in firsts])
        told_rows = zip(*(told[name] for name in (*_CALL, *_ORDER)), strict=True)
        for (row, run, pursuit), (source, name, region, time, event_id, endpoint) in zip(firsts, told_rows, strict=True):
            kind = (source, name, run.role, region, endpoint, pursuit.slot(time))
            known = self._firsts.get(kind)
            if known is None or (time, event_id) < known[0]:
                self._firsts[kind] = ((time, event_id), group, row)
