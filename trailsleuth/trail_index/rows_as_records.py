"""The rows of an index as records, and those of them that a question is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trailsleuth.scan.first_look import record_number
from trailsleuth.scan.index_shapes import RECORDS, SEARCHED, Zone
from trailsleuth.scan.second_look import LightCall
from trailsleuth.trail_index.read import IndexFile

_LIGHT = ("position", "event_id", "event_time", "event_source", "event_name", "region", "account", "error_code", "error_message", "vpc_endpoint", "caller")


class Found(NamedTuple):
    """A record by the name of its file, its position in it, and its bytes."""

    source: str
    position: int
    raw: bytes


class Rows:
    """The rows of one index."""

    def __init__(self, index: IndexFile) -> None:
        self.index = index

    def records(self, group: int, rows: Sequence[int] | None = None) -> Iterator[Found]:
        """Records of a row group."""
        return self.named(group, rows, self.index.raw(group, rows))

    def named(self, group: int, rows: Sequence[int] | None, raw: Sequence[bytes]) -> Iterator[Found]:
        """The same where their bytes are at hand."""
        told = self.index.columns(group, ("source", "position"), rows)
        return map(Found._make, zip(map(self.index.names.__getitem__, told["source"]), told["position"], raw, strict=True))

    def lights(self, group: int, rows: Sequence[int]) -> Iterator[tuple[str, LightCall]]:
        """Calls of which only the fact counts, with the name of their file."""
        told = self.index.columns(group, ("source", *_LIGHT), rows)
        made = map(LightCall._make, zip(*(told[name] for name in _LIGHT), strict=True))
        return zip(map(self.index.names.__getitem__, told["source"]), made, strict=True)

    def whole(self, zone: Zone) -> Iterator[Found]:
        """Every record of a zone."""
        for group in self.index.zone(zone).groups:
            yield from self.records(group)

    def of_id(self, event_id: str) -> Iterator[Found]:
        """The records of this id that no question is told anyway."""
        for zone in SEARCHED:
            for group, rows in self.index.find(zone, "event_id", event_id):
                yield from self.records(group, rows)

    def hashed(self) -> Iterator[tuple[int, list[int]]]:
        """A number for every record, by row group: equal for copies of one record. As `record_number` gives it."""
        for zone in RECORDS:
            for group in self.index.zone(zone).groups:
                told = self.index.columns(group, ("event_id", "account"))
                yield group, [record_number(name, account) for name, account in zip(told["event_id"], told["account"], strict=True)]

    def copies(self, contested: frozenset[int]) -> Iterator[Found]:
        """Records that stand in other evidence too."""
        for group, numbers in self.hashed():
            rows = [row for row, number in enumerate(numbers) if number in contested]
            if rows:
                yield from self.records(group, rows)
