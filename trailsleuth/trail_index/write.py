"""Writes an index: row groups by zone and caller as they come, the catalogue last, and the whole file moved to its place when it is complete."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, Self

import msgspec
from msgspec.structs import replace

from trailsleuth.errors import SourceError, UsageError
from trailsleuth.model.marks import INDEX_MARK
from trailsleuth.scan.index_shapes import IndexCatalogue, Run, Zone, ZoneSeen
from trailsleuth.sources.base import MIB
from trailsleuth.sources.files.beside import folder_beside
from trailsleuth.sources.files.kinds import is_index
from trailsleuth.trail_index.format import CATALOGUE, DICTIONARIES, FORMAT, KIND, STATISTICS, Table, arrow, packed_runs, schema

GROUP = 4 * MIB  # bytes of records in a row group: all of them are unpacked where one is wanted
Marks = Callable[[bytes], tuple[int, int, int, int]]


def check_target(path: Path, roots: list[str]) -> None:
    """Refuses, before any work is done, a place that an index must not be written to."""
    if path.is_dir():
        raise UsageError(f"--to {path} is a directory")
    if not path.parent.is_dir():
        raise UsageError(f"--to {path}: there is no directory {path.parent}")
    if path.exists() and not is_index(str(path)):
        raise UsageError(f"--to {path} exists and is not an index; it is left as it is", next_step="choose another name")
    place = path.resolve()
    for root in map(Path, roots):
        if root.is_dir() and place.is_relative_to(root.resolve()):
            raise UsageError(f"--to {path} lies in {root}, where it would be evidence itself", next_step="choose a place outside of it")


class IndexWriter:
    """The file being written, which is given up where the block ends early. `marks` gives a caller's checksums."""

    def __init__(self, out: BinaryIO, marks: Marks) -> None:
        parquet = arrow("pyarrow.parquet")
        self._marks = marks
        self._zones: dict[str, ZoneSeen] = {}
        self._groups = 0
        self._writer = parquet.ParquetWriter(
            out, schema(), compression="zstd", compression_level=3, use_dictionary=list(DICTIONARIES), write_statistics=STATISTICS, store_schema=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.is_open = False  # else it would write the end of the file when it is collected

    def add_rows(self, zone: Zone, table: Table) -> None:
        """Rows of a zone, sorted by caller and time and cut into row groups."""
        pc = arrow("pyarrow.compute")
        table = table.combine_chunks()
        keys = [(name, "ascending") for name in ("caller", "event_time", "source", "position")]
        table = table.take(pc.sort_indices(table, sort_keys=keys))
        for start, count in _cuts(pc.binary_length(table["raw"]).to_pylist()):
            self._add_group(zone, table.slice(start, count))

    def _add_group(self, zone: Zone, table: Table) -> None:
        runs: list[Run] = []
        start = 0
        for caller, found in groupby(table["caller"].to_pylist()):
            count = sum(1 for _ in found)
            runs.append(Run(self._groups, start, count, *self._marks(caller)))
            start += count
        self._write(zone, table, packed_runs(runs))

    def add_input(self, data: bytes) -> None:
        """An input as it is."""
        self._write(Zone.INPUT, _single("input", data), b"")

    def _write(self, zone: str, table: Table, runs: bytes) -> None:
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        known = self._zones.get(zone, ZoneSeen())
        self._zones[zone] = ZoneSeen(groups=(*known.groups, self._groups), rows=known.rows + table.num_rows, runs=known.runs + runs)
        self._groups += 1

    def finish(self, catalogue: IndexCatalogue) -> None:
        """The catalogue, and the mark that makes it an index."""
        data = msgspec.msgpack.encode(replace(catalogue, zones=dict(self._zones)))
        self._write(CATALOGUE, _single(CATALOGUE, data), b"")
        self._writer.add_key_value_metadata({INDEX_MARK: FORMAT, b"trailsleuth.records": str(catalogue.records).encode()})
        self._writer.close()


def _single(kind: str, data: bytes) -> Table:
    pa = arrow()
    columns = schema()
    return pa.table([pa.array([{KIND: kind, "raw": data}.get(field.name)], field.type) for field in columns], schema=columns)


def _cuts(sizes: list[int]) -> Iterator[tuple[int, int]]:
    """Where each row group starts, and how many rows it has."""
    start = held = 0
    for index, size in enumerate(sizes):
        if held and held + size > GROUP:
            yield start, index - start
            start, held = index, 0
        held += size
    if start < len(sizes):
        yield start, len(sizes) - start


@contextmanager
def written_whole(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A file beside the target that takes its place when all went well, and a folder for what is put away meanwhile; both are gone otherwise."""
    with folder_beside(path) as folder:
        temporary = folder / "index"
        try:
            with temporary.open("xb") as out:
                yield out, folder
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(path.resolve() if path.is_symlink() else path)
        except OSError as cause:
            raise SourceError(f"cannot write {path}", why=cause.strerror or str(cause), next_step="free some space or choose another --to") from cause
