"""Rows on their way into an index, on disk: by zone, and within a zone by caller, so that each part can be sorted in memory whatever the size of the trail."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Self
from zlib import crc32

from trailsleuth.scan.index_shapes import IndexRow, Zone
from trailsleuth.sources.base import MIB
from trailsleuth.trail_index.format import KIND, Table, arrow, schema

PART = 96 * MIB  # unpacked bytes that are sorted at a time
UNPACKS_TO = 9  # a log file on disk unpacks to about so many times its size
MOST_PARTS = 128
_LENGTH = struct.Struct("<Q")

Spilled = dict[tuple[str, int], bytes]


def parts_for(size: int) -> int:
    """In how many parts the calls of so many bytes on disk are sorted."""
    return max(1, min(MOST_PARTS, size * UNPACKS_TO // PART))


def spill(rows: Iterable[tuple[Zone, IndexRow]], parts: int) -> Spilled:
    """The rows as bytes, by zone and part. Runs in a worker, so that the one who asked has only to put them away."""
    by_place: dict[tuple[str, int], list[IndexRow]] = defaultdict(list)
    for zone, row in rows:
        by_place[zone.value, crc32(row.caller) % parts if zone is Zone.CALL else 0].append(row)
    return {place: _encoded(table_of(found)) for place, found in by_place.items()}


def table_of(rows: list[IndexRow]) -> Table:
    """The rows as a table of an index."""
    pa = arrow()
    columns: dict[str, Sequence[object]] = dict(zip(IndexRow._fields, zip(*rows, strict=True), strict=True))
    for name in ("opened_key", "opened_owner"):
        columns[name] = [value or None for value in columns[name]]
    return pa.table({KIND: ["record"] * len(rows), **columns}, schema=schema())


def _encoded(table: Table) -> bytes:
    pa = arrow()
    ipc = arrow("pyarrow.ipc")
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema, options=ipc.IpcWriteOptions(compression="lz4")) as out:
        out.write_table(table)
    return bytes(sink.getvalue())


class SpillFolder:
    """Files of rows in a temporary folder, one for each zone and part; open until the end of the block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[tuple[str, int], BinaryIO] = {}

    def add(self, spilled: Spilled) -> None:
        """Puts rows away."""
        for (zone, part), data in spilled.items():
            if (zone, part) not in self._open:
                self._open[zone, part] = (self._folder / f"{zone}-{part}").open("w+b")
            self._open[zone, part].write(_LENGTH.pack(len(data)))
            self._open[zone, part].write(data)

    def tables(self, zone: Zone) -> Iterator[Table]:
        """The rows of a zone as tables of some size, callers together where they fit."""
        pa = arrow()
        for place in sorted(key for key in self._open if key[0] == zone.value):
            held: list[Table] = []
            for table in self._read(place):
                held.append(table)
                if sum(one.nbytes for one in held) > 2 * PART:
                    yield pa.concat_tables(held)
                    held = []
            if held:
                yield pa.concat_tables(held)

    def _read(self, place: tuple[str, int]) -> Iterator[Table]:
        ipc = arrow("pyarrow.ipc")
        file = self._open[place]
        file.seek(0)
        while head := file.read(_LENGTH.size):
            yield ipc.open_stream(file.read(_LENGTH.unpack(head)[0])).read_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._open.values():
            file.close()
