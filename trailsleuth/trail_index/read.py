"""Reads an index: its catalogue, and of the rows only the columns and row groups that are asked for. What it says is taken for as doubtful as any log."""

from __future__ import annotations

import os
import struct
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import msgspec

from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.model.marks import INDEX_MARK
from trailsleuth.scan.index_shapes import IndexCatalogue, Run, Zone, ZoneSeen
from trailsleuth.sources.base import Limits
from trailsleuth.sources.files.archives import label
from trailsleuth.trail_index.format import CATALOGUE, DICTIONARIES, FORMAT, KIND, Column, Table, arrow, unpacked_runs

_MOST_TEXT = 256 * 1024 * 1024  # bytes of one text in the footer
_NONE = ZoneSeen()
Columns = dict[str, list[Any]]


@contextmanager
def sound(path: str) -> Iterator[None]:
    """Turns what a damaged or made-up index can cause into an error that names it."""
    arrow_error = arrow("pyarrow.lib").ArrowException
    try:
        yield
    except (arrow_error, OSError, ValueError, LookupError, TypeError, OverflowError, struct.error, msgspec.MsgspecError) as cause:
        first = (str(cause).splitlines() or [type(cause).__name__])[0][:200]
        what = f"cannot read the index {label(path)}"
        raise EvidenceUnreadable(what, why=f"it is damaged: {first}", next_step="build it again: trailsleuth index") from cause


class IndexFile:
    """An index that is open. Row numbers count within a row group."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._runs: dict[Zone, dict[int, list[Run]]] = {}
        parquet = arrow("pyarrow.parquet")
        with sound(path):
            self._file = parquet.ParquetFile(path, memory_map=True, pre_buffer=False, read_dictionary=list(DICTIONARIES), thrift_string_size_limit=_MOST_TEXT)
            told = (self._file.metadata.metadata or {}).get(INDEX_MARK)
            if told != FORMAT:
                raise ValueError(f"it has the format {told!r}, and this version reads {FORMAT!r}")
            self.catalogue = self._read_catalogue()

    def _read_catalogue(self) -> IndexCatalogue:
        group = self._file.metadata.num_row_groups - 1
        if self.columns(group, [KIND])[KIND] != [CATALOGUE]:
            raise ValueError("it has no catalogue")
        return msgspec.msgpack.decode(self.raw(group, [0])[0], type=IndexCatalogue)

    def zone(self, zone: Zone) -> ZoneSeen:
        """Where the rows of a zone are."""
        return self.catalogue.zones.get(zone.value, _NONE)

    def runs(self, zone: Zone) -> dict[int, list[Run]]:
        """The rows of a zone by row group and caller."""
        if zone not in self._runs:
            found = self._runs[zone] = defaultdict(list)
            for run in unpacked_runs(self.zone(zone).runs):
                found[run.group].append(run)
        return self._runs[zone]

    def columns(self, group: int, names: Sequence[str], rows: Sequence[int] | None = None) -> Columns:
        """Columns of a row group as lists; only these rows where they are given."""
        table = self._table(group, names)
        if rows is not None:
            table = table.take(arrow().array(rows, "int64"))
        return {name: _values(table[name]) for name in names}

    def raw(self, group: int, rows: Sequence[int] | None = None) -> list[bytes]:
        """The bytes of records."""
        column = self._table(group, ["raw"])["raw"]
        return [column[row].as_py() for row in rows] if rows is not None else list(column.to_pylist())

    def find(self, zone: Zone, name: str, wanted: str) -> Iterator[tuple[int, list[int]]]:
        """The row groups of a zone in which the text stands in the column, with the rows."""
        pc: Any = arrow("pyarrow.compute")
        for group in self.zone(zone).groups:
            rows = pc.indices_nonzero(pc.equal(self._table(group, [name])[name], wanted)).to_pylist()
            if rows:
                yield group, rows

    def _table(self, group: int, names: Sequence[str]) -> Table:
        """Asked for the size first: a row group that says it unpacks to more than any log file may is none of ours."""
        size = self._file.metadata.row_group(group).total_byte_size
        if size > Limits().unpacked_bytes + _MOST_TEXT:
            raise ValueError(f"a row group of {size} bytes")
        return self._file.read_row_group(group, columns=list(names), use_threads=False)

    @cached_property
    def names(self) -> dict[int, str]:
        """The files by their number."""
        return {log.number: log.source for log in self.catalogue.logs}

    @property
    def roots(self) -> list[str]:
        """The paths that it was made from, as they were given."""
        return list(map(os.fsdecode, self.catalogue.roots))


def _values(column: Column) -> list[Any]:
    """The column as a list. Words that stand there many times are made once."""
    found: list[Any] = []
    for chunk in column.chunks:
        words = getattr(chunk, "dictionary", None)
        if words is None:
            found += chunk.to_pylist()
        else:
            word, places = words.to_pylist(), chunk.indices
            if places.null_count:
                found += [None if place is None else word[place] for place in places.to_pylist()]
            else:
                found += map(word.__getitem__, _numbers(places))
    return found


def _numbers(column: Column) -> list[int]:
    """Signed numbers, none of them missing, out of the memory that they stand in: pyarrow's own ways are slow, or load pandas."""
    numbers = {8: array("b"), 16: array("h"), 32: array("i"), 64: array("q")}[column.type.bit_width]
    start, end = (place * numbers.itemsize for place in (column.offset, column.offset + len(column)))
    numbers.frombytes(memoryview(column.buffers()[1])[start:end])
    return numbers.tolist()
