"""The rows of an index that a question is about, as records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trailsleuth.fetch.base import MIB
from trailsleuth.fetch.index_read import Columns, IndexFile
from trailsleuth.ingest.index_select import RunWish, Wishes
from trailsleuth.ingest.scan_select import LightCall, Selection
from trailsleuth.model.index import RECORDS, SEARCHED, Run, Zone

BATCH = 64 * MIB  # bytes of records that are looked at together
_CALL = ("event_source", "event_name", "region")
_LIGHT = ("source", "position", "event_id", "event_time", *_CALL, "account", "error_code", "error_message", "vpc_endpoint", "caller")


class Found(NamedTuple):
    """A record by the number of its file, its position in it, and its bytes."""

    number: int
    position: int
    raw: bytes


class Rows:
    """The rows of one index."""

    def __init__(self, index: IndexFile) -> None:
        self.index = index

    def records(self, group: int, rows: Sequence[int] | None = None) -> Iterator[tuple[str, int, bytes]]:
        """Records of a row group with the name of their file and their position."""
        for found in self._found(group, rows):
            yield self.index.names[found.number], found.position, found.raw

    def _found(self, group: int, rows: Sequence[int] | None) -> Iterator[Found]:
        told = self.index.columns(group, ("source", "position"), rows)
        yield from map(Found._make, zip(told["source"], told["position"], self.index.raw(group, rows), strict=True))

    def whole(self, zone: Zone) -> Iterator[tuple[str, int, bytes]]:
        """Every record of a zone."""
        for group in self.index.zone(zone).groups:
            yield from self.records(group)

    def named(self, event_id: str) -> Iterator[tuple[str, int, bytes]]:
        """The records of this id that no question is told anyway."""
        for zone in SEARCHED:
            for group, rows in self.index.find(zone, "event_id", event_id):
                yield from self.records(group, rows)

    def hashed(self) -> Iterator[tuple[Zone, int, list[int]]]:
        """A number for every record, by row group: equal for copies of one record. As `ingest.scan.hashes` gives it."""
        for zone in RECORDS:
            for group in self.index.zone(zone).groups:
                told = self.index.columns(group, ("event_id", "account"))
                yield zone, group, [hash((name, account or None)) for name, account in zip(told["event_id"], told["account"], strict=True)]

    def copies(self, contested: frozenset[int]) -> Iterator[tuple[int, list[int]]]:
        """The rows of records that stand in other evidence too."""
        for _, group, numbers in self.hashed():
            rows = [row for row, number in enumerate(numbers) if number in contested]
            if rows:
                yield group, rows

    def wanted(self, selection: Selection, lights: list[tuple[str, LightCall]]) -> Iterator[list[Found]]:
        """The records that have to be looked at, in batches; calls of which only the fact counts are put to `lights`."""
        wishes = Wishes(selection)
        held: list[Found] = []
        size = 0
        for zone in SEARCHED:
            for group, runs in self.index.runs(zone).items():
                rows, short = self._chosen(zone, group, runs, wishes)
                if short:
                    lights += self._lights(group, short)
                for found in self._found(group, rows) if rows else ():
                    held.append(found)
                    size += len(found.raw)
                if size > BATCH:
                    yield held
                    held, size = [], 0
        if held:
            yield held

    def _chosen(self, zone: Zone, group: int, runs: Sequence[Run], wishes: Wishes) -> tuple[list[int], list[int]]:
        """Of a row group the rows to be looked at, and those wanted in short. Failed calls cure nothing: they count for their session only."""
        if zone is Zone.OWNER or (zone is Zone.FAILED and wishes.selection.text):
            return list(range(sum(run.count for run in runs))), []
        if zone is Zone.OPENING:
            return self._openings(group, runs, wishes), []
        wished = [(run, wish) for run in runs if (wish := wishes.of(run)) is not None and (wish.mine or zone is Zone.CALL)]
        return self._calls(group, wished, wishes) if wished else ([], [])

    def _openings(self, group: int, runs: Sequence[Run], wishes: Wishes) -> list[int]:
        """Calls that handed out credentials: by who made them or what they opened, or as any call."""
        opened = wishes.selection.opened
        told = self.index.columns(group, ("opened_key", "opened_owner")) if opened else {"opened_key": [], "opened_owner": []}
        chosen = {row for row, marks in enumerate(zip(told["opened_key"], told["opened_owner"], strict=True)) if not opened.isdisjoint(marks)}
        for run in runs:
            wish = wishes.of(run)
            if wish is not None and (wish.mine or wish.calls or wishes.anywhere):
                chosen.update(range(run.start, run.start + run.count))
        return sorted(chosen)

    def _calls(self, group: int, wished: Sequence[tuple[Run, RunWish]], wishes: Wishes) -> tuple[list[int], list[int]]:
        told = self.index.columns(group, _CALL)
        sources, names, regions = (told[name] for name in _CALL)
        rows: list[int] = []
        short: list[int] = []
        for run, wish in wished:
            for row in range(run.start, run.start + run.count):
                if wishes.is_looked_at(wish, sources[row], names[row], regions[row]):
                    rows.append(row)
                elif wish.mine:
                    short.append(row)
        return rows, short

    def _lights(self, group: int, rows: Sequence[int]) -> Iterator[tuple[str, LightCall]]:
        told: Columns = self.index.columns(group, _LIGHT, rows)
        made = zip(
            told["position"],
            told["event_id"],
            told["event_time"],
            told["event_source"],
            told["event_name"],
            told["region"],
            told["account"],
            told["error_code"],
            told["error_message"],
            told["vpc_endpoint"],
            told["caller"],
            strict=True,
        )
        return zip(map(self.index.names.__getitem__, told["source"]), map(LightCall._make, made), strict=True)
