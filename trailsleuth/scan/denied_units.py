"""What a worker does to pick refused records: it puts the records away on disk and hands over only where they lie and who made them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from msgspec import Struct

from trailsleuth.scan.quick import read_quickly
from trailsleuth.scan.refused import RefusedIn, refused_in
from trailsleuth.scan.units import LIMITS, Unit, parts_in


class UnitPicked(Struct):
    """What was found in a unit: the rows of the two piles (`scan_refused`) as bytes. `readable` is false where it has to be read the careful way.

    The lines are in the files of `files`: those of the refused records, and those of the calls that handed out credentials.
    """

    path: str
    files: tuple[str, str]
    readable: bool = True
    records: int = 0
    refused: bytes = b""
    openings: bytes = b""


class Shelf:
    """Two new files of a folder, to put records away in."""

    def __init__(self, folder: str, stack: ExitStack) -> None:
        self._out = [stack.enter_context(_new_file(folder)) for _ in range(2)]
        self.files = (Path(self._out[0].name).name, Path(self._out[1].name).name)

    def places(self) -> tuple[int, int]:
        """Where the next lines are going to stand."""
        return self._out[0].tell(), self._out[1].tell()

    def put_away(self, found: RefusedIn, picked: UnitPicked) -> None:
        """Writes the lines to the files, and their rows to what was picked."""
        for pile, out in zip((found.refused, found.openings), self._out, strict=True):
            out.write(pile.content())
        picked.records += found.records
        picked.refused += found.refused.rows()
        picked.openings += found.openings.rows()


def _new_file(folder: str) -> IO[bytes]:
    return tempfile.NamedTemporaryFile(dir=folder, delete=False)


def pick_refused(chunk: list[Unit], folder: str) -> list[UnitPicked]:
    """The refused records and the openings of some units."""
    with ExitStack() as stack:
        shelf = Shelf(folder, stack)
        return [_picked(unit, shelf) for unit in chunk]


def _picked(unit: Unit, shelf: Shelf) -> UnitPicked:
    picked = UnitPicked(unit.path, shelf.files)
    try:
        for data in _contents(unit):
            found = refused_in(data, *shelf.places()) if data is not None else None
            if found is None:
                return UnitPicked(unit.path, shelf.files, readable=False)
            shelf.put_away(found, picked)
    except (OSError, ValueError, MemoryError):
        return UnitPicked(unit.path, shelf.files, readable=False)
    return picked


def _contents(unit: Unit) -> Iterator[bytes | bytearray | None]:
    if unit.end == 0:
        yield read_quickly(unit.path, LIMITS)
    else:
        yield from parts_in(unit)
