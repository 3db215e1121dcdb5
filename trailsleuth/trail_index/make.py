"""Makes an index of a trail: every log file looked through once, so that each later question reads only what bears on it."""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.errors import UsageError
from trailsleuth.model import Skipped
from trailsleuth.scan.identity import Identities
from trailsleuth.scan.index_shapes import FileOnDisk, IndexCatalogue, InputSeen, LogSeen, Zone
from trailsleuth.scan.listing import Listing, list_evidence
from trailsleuth.scan.pool import run
from trailsleuth.scan.progress import Progress
from trailsleuth.scan.quick import facts_of
from trailsleuth.scan.reader import ScanReader
from trailsleuth.scan.repeated import more_than_once
from trailsleuth.scan.two_passes import MOST_CONTESTED
from trailsleuth.scan.units import chunks_of, units_of
from trailsleuth.sources.files.kinds import STDIN, is_index, is_more_than_files
from trailsleuth.trail_index.catalogue_of_sources import as_input_seen, as_log_seen
from trailsleuth.trail_index.format import arrow
from trailsleuth.trail_index.fresh import check_fresh, files_below
from trailsleuth.trail_index.place import parted, placed
from trailsleuth.trail_index.rules import reading_rules
from trailsleuth.trail_index.spill import SpillFolder, parts_for
from trailsleuth.trail_index.work import ChunkIndexed, UnitIndexed, forget, index_units
from trailsleuth.trail_index.write import IndexWriter, check_target, written_whole

__all__ = ["IndexMade", "index"]

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


class IndexMade(Struct, frozen=True, kw_only=True):
    """What became of it: the records in the index, inputs that it holds as they are, its bytes, and the seconds that it took."""

    records: int
    inputs: int
    size: int
    seconds: float


def index(paths: Paths, output: str | os.PathLike[str]) -> IndexMade:
    """Writes an index of exported files to `output`, a Parquet file that `load` takes in their place. An older index there is replaced, nothing else.

    Needs pyarrow: pip install 'trailsleuth[index]'.
    """
    begun = time.perf_counter()
    roots = [os.fspath(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    target = Path(output)
    arrow("pyarrow.parquet")
    _check_roots(roots)
    listing = list_evidence(roots)
    check_target(target, roots)
    with written_whole(target) as (out, folder), SpillFolder(folder) as spilled, IndexWriter(out, _marks) as writer:
        catalogue = _Making(listing, roots, spilled, writer).catalogue()
        check_fresh(str(target), catalogue, catalogue.rules)
    inputs = sum(item.row for item in catalogue.inputs)
    return IndexMade(records=catalogue.records, inputs=inputs, size=target.stat().st_size, seconds=time.perf_counter() - begun)


_IDENTITIES = Identities()


def _marks(caller: bytes) -> tuple[int, int, int, int]:
    return _IDENTITIES.of(caller).who


def _check_roots(roots: list[str]) -> None:
    if not roots or STDIN in roots or is_more_than_files(roots):
        raise UsageError("an index is made of exported files and directories", next_step="name them; a fetched case and a bucket are asked as they are")
    for root in roots:
        if is_index(root):
            raise UsageError(f"{root} is an index already")
        if Path(root).exists() and not (Path(root).is_dir() or Path(root).is_file()):
            raise UsageError(f"{root} is not a file: what comes through a pipe cannot be looked at again")


class _Making:
    """One index being made."""

    def __init__(self, listing: Listing, roots: list[str], spilled: SpillFolder, writer: IndexWriter) -> None:
        self.listing = listing
        self.roots = roots
        self.writer = writer
        self.spilled = spilled
        self.reader = ScanReader()
        self.ids = array("q")
        self.at: list[tuple[int, int, int]] = []  # where the ids of a log file start in all, its number, its records
        self.logs: dict[str, LogSeen] = {}
        self.units: dict[int, tuple[int, int]] = {}  # of each unit: its file's number, records before
        self.owners: dict[str, tuple[tuple[str, str], int, int]] = {}
        self.careful: list[str] = []
        self.inputs: list[InputSeen] = []
        self.hashes: dict[str, str] = {}
        self.numbers = {path: number for number, (path, _) in enumerate(listing.files)}

    def catalogue(self) -> IndexCatalogue:
        """Writes all of it."""
        on_disk = [found for found in files_below(self.roots) if not isinstance(found, Skipped)]
        self._look_through()
        self._read_carefully()
        contested = more_than_once(self.ids)
        self._write(contested if len(contested) <= MOST_CONTESTED else frozenset())
        made = IndexCatalogue(
            rules=reading_rules(),
            base=os.fsencode(Path.cwd()),
            roots=tuple(map(os.fsencode, self.roots)),
            files=tuple(replace(file, sha256=self._hash(file)) for file in on_disk),
            skipped=tuple(map(as_input_seen, self.listing.skipped)),
            logs=tuple(self.logs.values()),
            inputs=tuple(self.inputs),
            records=sum(part.records for log in self.logs.values() for part in log.parts),
            crowded=len(contested) > MOST_CONTESTED,
        )
        self.writer.finish(made)
        return made

    def _hash(self, file: FileOnDisk) -> str:
        path = os.fsdecode(file.path)
        return self.hashes.get(path) or facts_of(path).sha256

    def _look_through(self) -> None:
        units = [unit for path, size in self.listing.files for unit in units_of(path, size)]
        numbers = {(unit.path, unit.start): number for number, unit in enumerate(units)}
        progress = Progress(self.listing.size)
        work = partial(index_units, numbers=numbers, parts=parts_for(self.listing.size))
        found = self._put_away(run(work, chunks_of(units), progress.add, forget))
        for held in (list(of_file) for _, of_file in groupby(found, key=lambda one: one.unit.path)):
            if all(unit.parts for unit in held):
                self._take(held, numbers)
            else:
                self.careful.append(held[0].unit.path)
        progress.end()

    def _put_away(self, found: Iterator[ChunkIndexed]) -> Iterator[UnitIndexed]:
        for chunk in found:
            self.spilled.add(chunk.rows)
            yield from chunk.units

    def _take(self, held: list[UnitIndexed], numbers: dict[tuple[str, int], int]) -> None:
        path = held[0].unit.path
        facts = held[0].facts or facts_of(path)
        self.hashes[path] = facts.sha256
        seen = as_log_seen(path, self.numbers[path], facts, [part for unit in held for part in unit.parts])
        known = self.logs.get(facts.sha256)
        if known is not None:
            self.logs[facts.sha256] = replace(known, source=min(known.source, seen.source), copies=(*known.copies, seen.file))
            return
        self.logs[facts.sha256] = seen
        self.at.append((len(self.ids), seen.number, sum(part.records for part in seen.parts)))
        before = 0
        for unit in held:
            self.units[numbers[unit.unit.path, unit.unit.start]] = (seen.number, before)
            for owners, part in zip(unit.owners, unit.parts, strict=True):
                self._take_owners(owners, seen.number, before)
                self.ids.frombytes(part.numbers)
            before += sum(part.records for part in unit.parts)

    def _take_owners(self, owners: dict[str, tuple[tuple[str, str], int]], number: int, before: int) -> None:
        for bucket, (order, position) in owners.items():
            if bucket not in self.owners or order > self.owners[bucket][0]:
                self.owners[bucket] = (order, number, before + position)

    def _read_carefully(self) -> None:
        """What is no plain log file goes into the index as it is; it is read here to know which of its records stand in log files too."""
        for path in self.careful:
            for item in self.listing.inputs([path]):
                if isinstance(item, Skipped):
                    self.inputs.append(as_input_seen(item))
                    continue
                self.inputs.append(InputSeen(source=item.source, path=item.path, sha256=item.sha256, size=item.size, row=True))
                self.hashes[path] = item.sha256
                self.writer.add_input(item.data)
                self.reader.take(item)
        self.ids.extend(self.reader.read_whole)

    def _write(self, contested: frozenset[int]) -> None:
        """Zone after zone; the records that are wanted whole for another reason than their own last."""
        moves = _Moves(self, contested)
        held: dict[Zone, list[Any]] = {Zone.KEPT: [], Zone.OWNER: []}
        for zone in (Zone.CALL, Zone.FAILED, Zone.OPENING, Zone.KEPT):
            for table in self.spilled.tables(zone):
                for place, rows in parted(placed(table, self.units), moves.of if zone is not Zone.KEPT else moves.none).items():
                    if place is None and rows.num_rows:
                        self.writer.add_rows(zone, rows)
                    elif place is not None:
                        held[place].append(rows)
        for zone, tables in held.items():
            if tables:
                self.writer.add_rows(zone, arrow().concat_tables(tables))


class _Moves:
    """Records that stand in another zone than their own: copies of one record, those at the edges of all time, and those that tell a bucket's owner."""

    def __init__(self, making: _Making, contested: frozenset[int]) -> None:
        self._kept: set[tuple[int, int]] = set()
        self._owners = {(number, position) for _, number, position in making.owners.values()}
        spans = [span for log in making.logs.values() for part in log.parts for span in part.spans]
        self._edges = {min(span.first for span in spans), max(span.last for span in spans)} if spans else set()
        for start, number, count in making.at if contested else ():
            ids = making.ids[start : start + count]
            self._kept.update((number, position) for position, found in enumerate(ids) if found in contested)

    def of(self, source: int, position: int, time: str) -> Zone | None:
        """The zone that the record moves to."""
        if time in self._edges or (source, position) in self._kept:
            return Zone.KEPT
        return Zone.OWNER if (source, position) in self._owners else None

    def none(self, _source: int, _position: int, _time: str) -> Zone | None:
        """Nothing moves."""
        return None
