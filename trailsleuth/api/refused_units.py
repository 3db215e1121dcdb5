"""What a worker does to pick refused records: it puts the records away on disk and hands over only where they lie and who made them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import IO

from trailsleuth.api.scan_units import Unit, parts_in
from trailsleuth.fetch.base import Limits
from trailsleuth.fetch.quick import read_quickly
from trailsleuth.ingest.scan import record_number
from trailsleuth.ingest.scan_refused import RefusedIn, refused_in

_LIMITS = Limits()
_REFUSED = Struct("<q4I")
_OPENING = Struct("<q6I")


@dataclass(slots=True, kw_only=True)
class UnitPicked:
    """What was found in a unit, packed, and the file in the folder that holds its records; `readable` is false where it has to be read the careful way."""

    path: str
    file: str
    readable: bool = True
    records: int = 0
    refused: bytes = b""
    openings: bytes = b""

    def all_refused(self) -> Iterator[tuple[int, ...]]:
        """(number, the caller's key and id, offset, length) of each refused record; names are checksums."""
        return _REFUSED.iter_unpack(self.refused)

    def all_openings(self) -> Iterator[tuple[int, ...]]:
        """(number, key and id handed out, the caller's key and id, offset, length) of each call that handed out credentials."""
        return _OPENING.iter_unpack(self.openings)


def pick_refused(chunk: list[Unit], folder: str) -> list[UnitPicked]:
    """The refused records and the openings of some units, put away in a new file in the folder."""
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as out:
        return [_picked(unit, Path(out.name).name, out) for unit in chunk]


def _picked(unit: Unit, file: str, out: IO[bytes]) -> UnitPicked:
    picked = UnitPicked(path=unit.path, file=file)
    try:
        for data in _contents(unit):
            found = refused_in(data) if data is not None else None
            if found is None:
                return UnitPicked(path=unit.path, file=file, readable=False)
            put_away(found, picked, out)
    except (OSError, ValueError, MemoryError):
        return UnitPicked(path=unit.path, file=file, readable=False)
    return picked


def _contents(unit: Unit) -> Iterator[bytes | bytearray | None]:
    if unit.end == 0:
        yield read_quickly(unit.path, _LIMITS)
    else:
        yield from parts_in(unit)


def put_away(found: RefusedIn, picked: UnitPicked, out: IO[bytes]) -> None:
    """Writes the records to the file, and their places to what was picked."""
    at = out.tell()
    refused, openings = bytearray(picked.refused), bytearray(picked.openings)
    for call in found.refused:
        refused += _REFUSED.pack(record_number(call.event_id, call.account), call.key, call.owner, at, len(call.raw))
        at += len(call.raw)
    for event_id, account, *marks, raw in found.openings:
        openings += _OPENING.pack(record_number(event_id, account), *marks, at, len(raw))
        at += len(raw)
    out.write(b"".join([call.raw for call in found.refused] + [opening.raw for opening in found.openings]))
    picked.records += found.records
    picked.refused, picked.openings = bytes(refused), bytes(openings)
