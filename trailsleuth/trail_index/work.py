"""What a worker does to index log files: the first look, and every record as a row. It knows no question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from trailsleuth.scan.first_look import Glimpse
from trailsleuth.scan.identity import Identities
from trailsleuth.scan.index_shapes import IndexRow, Zone
from trailsleuth.scan.parts import HEAD
from trailsleuth.scan.quick import FileFacts, facts_of, read_whole
from trailsleuth.scan.units import LIMITS, STREAMED, Unit, parts_in
from trailsleuth.trail_index.rows_of_log import Indexed, index_of
from trailsleuth.trail_index.spill import Spilled, spill

_IDENTITIES = Identities()
Owners = dict[str, tuple[tuple[str, str], int]]


class UnitIndexed(Struct):
    """A unit without its rows: nothing in `parts` where the file has to be read the careful way."""

    unit: Unit
    facts: FileFacts | None = None
    parts: list[Glimpse] = field(default_factory=list)
    owners: list[Owners] = field(default_factory=list)


class ChunkIndexed(Struct):
    """Some units, and the rows of all of them."""

    units: list[UnitIndexed]
    rows: Spilled


def forget() -> None:
    """Another index is made: no role's path was met yet. Workers are forked or started after this."""
    _IDENTITIES.forget()


def index_units(chunk: list[Unit], numbers: Mapping[tuple[str, int], int], parts: int) -> ChunkIndexed:
    """The units as rows; `numbers` are those of the units, by path and start. Positions count from the start of the unit."""
    units: list[UnitIndexed] = []
    rows: list[tuple[Zone, IndexRow]] = []
    for unit in chunk:
        found, facts = _indexed(unit, numbers[unit.path, unit.start])
        units.append(UnitIndexed(unit, facts, [part.glimpse for part in found], [part.owners for part in found]))
        rows += (row for part in found for row in part.rows)
    return ChunkIndexed(units, spill(rows, parts))


def _indexed(unit: Unit, number: int) -> tuple[list[Indexed], FileFacts | None]:
    """The parts of the unit; none where one of them is no plain log."""
    found: list[Indexed] = []
    facts = None
    before = 0
    try:
        if unit.end == STREAMED:
            facts = facts_of(unit.path)
        for data, offset in _pieces(unit):
            piece, facts = (data, facts) if isinstance(data, bytes) else data
            part = index_of(piece, _IDENTITIES, number, before, offset)
            if part is None:
                return [], facts
            found.append(part)
            before += part.glimpse.records
    except (OSError, ValueError, MemoryError):
        return [], None
    return found, facts


def _pieces(unit: Unit) -> Iterator[tuple[bytes | tuple[bytes, FileFacts], int]]:
    """The content in parts, each a log file of its own, with the byte of the file that its first byte would be."""
    if unit.end == 0:
        whole = read_whole(unit.path, LIMITS)
        if whole is not None:
            yield (bytes(whole[0]), whole[1]), 0
    else:
        offset = 0 if unit.end == STREAMED else unit.start - len(HEAD)
        for data in parts_in(unit):
            yield data, offset
            offset += len(data) - len(HEAD) - 1  # what follows is wrapped anew: without the end `]}`, but with the comma between
