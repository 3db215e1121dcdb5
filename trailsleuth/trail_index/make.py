"""Makes an index of a trail: every log file looked through once, so that each later question reads only what bears on it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import overload

from msgspec import Struct

from trailsleuth.errors import SourceError, UsageError
from trailsleuth.model import Skipped
from trailsleuth.scan.listing import list_evidence
from trailsleuth.scan.pool import run
from trailsleuth.scan.progress import Progress
from trailsleuth.scan.quick import facts_of
from trailsleuth.scan.units import chunks_of, units_of
from trailsleuth.sources.files.archives import label
from trailsleuth.sources.files.beside import folder_beside
from trailsleuth.sources.files.kinds import STDIN, is_index, is_more_than_files
from trailsleuth.trail_index.fresh import FileOnDisk, check_fresh, files_below, is_same
from trailsleuth.trail_index.query import Index
from trailsleuth.trail_index.rows import UnitRows, forget, rows_of
from trailsleuth.trail_index.rules import reading_rules
from trailsleuth.trail_index.store import FORMAT, About, FileKnown, IndexFile, duckdb, is_ours
from trailsleuth.trail_index.write import IndexWriter

__all__ = ["Index", "IndexMade", "index"]

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


class IndexMade(Struct, frozen=True, kw_only=True):
    """What became of it: the records in the index, the log files that were added and those that are gone, the inputs that are read as they are at each
    question, its bytes, and the seconds that it took."""

    records: int
    added: int
    gone: int
    inputs: int
    size: int
    seconds: float


@overload
def index(paths: str | os.PathLike[str]) -> Index:
    """The index that is there."""


@overload
def index(paths: Paths, output: str | os.PathLike[str]) -> IndexMade:
    """Makes one."""


def index(paths: Paths, output: str | os.PathLike[str] | None = None) -> Index | IndexMade:
    """Writes an index of exported files to `output`, a DuckDB database that `load` takes in their place. Where an index of the same paths lies there, only
    files that are new are read, and what is gone leaves it. Without `output`: the index that is there, to be asked in SQL.

    Needs duckdb: pip install 'trailsleuth[index]'.
    """
    if output is None:
        if not isinstance(paths, str | os.PathLike):
            raise UsageError("one index is asked at a time, by its path")
        return Index(paths)
    begun = time.perf_counter()
    roots = [os.fspath(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    target = Path(output)
    duckdb()
    _check_roots(roots)
    list_evidence(roots)
    check_target(target, roots)
    try:
        with folder_beside(target) as folder:
            made = _made(roots, target, folder)
            (folder / "index").replace(target.resolve() if target.is_symlink() else target)
    except (OSError, duckdb().Error) as cause:
        why = cause.strerror if isinstance(cause, OSError) else None
        raise SourceError(f"cannot write {target}", why=why or str(cause), next_step="free some space or choose another --to") from cause
    added, gone, records, inputs = made
    return IndexMade(records=records, added=added, gone=gone, inputs=inputs, size=target.stat().st_size, seconds=time.perf_counter() - begun)


def _check_roots(roots: list[str]) -> None:
    if not roots or STDIN in roots or is_more_than_files(roots):
        raise UsageError("an index is made of exported files and directories", next_step="name them; a fetched case and a bucket are asked as they are")
    for root in roots:
        if is_index(root):
            raise UsageError(f"{root} is an index already")
        if Path(root).exists() and not (Path(root).is_dir() or Path(root).is_file()):
            raise UsageError(f"{root} is not a file: what comes through a pipe cannot be looked at again")


def check_target(path: Path, roots: list[str]) -> None:
    """Refuses, before any work is done, a place that an index must not be written to."""
    if path.is_dir():
        raise UsageError(f"--to {path} is a directory")
    if not path.parent.is_dir():
        raise UsageError(f"--to {path}: there is no directory {path.parent}")
    if path.exists() and not (is_index(str(path)) and is_ours(path)):
        raise UsageError(f"--to {path} exists and is not an index; it is left as it is", next_step="choose another name")
    place = path.resolve()
    for root in map(Path, roots):
        if root.is_dir() and place.is_relative_to(root.resolve()):
            raise UsageError(f"--to {path} lies in {root}, where it would be evidence itself", next_step="choose a place outside of it")


def _made(roots: list[str], target: Path, folder: Path) -> tuple[int, int, int, int]:
    """How many files were added, are gone, and what the index then holds: records, and inputs that are read as they are."""
    place = folder / "index"
    before = _kept_of(target, roots, place)
    found = list(files_below(roots))
    now = {file.path: file for file in found if isinstance(file, FileOnDisk)}
    with IndexWriter(place, folder) as writer:
        same = {path for path, file in now.items() if path in before and is_same(before[path], file)}
        writer.take_out([path for path in before if path not in same])
        new = [file for path, file in now.items() if path not in same]
        _look_through(writer, [(os.fsdecode(file.path), file.size) for file in new])
        writer.add_files(new)
        about = About(FORMAT, reading_rules(), os.fsencode(Path.cwd()), list(map(os.fsencode, roots)), crowded=False)
        writer.finish(about, [one for one in found if isinstance(one, Skipped)])
    made = IndexFile(str(place))
    check_fresh(made, named=str(target))
    records, inputs = made.ask("SELECT (SELECT count(*) FROM rows), count(*) FROM files WHERE log = 0 AND NOT gone")[0]
    made.close()
    return len(new), len(before) - len(same), records, inputs


def _kept_of(target: Path, roots: list[str], place: Path) -> dict[bytes, FileKnown]:
    """The files of an older index of the same paths, by the same rules, which is copied to the place; nothing where there is none."""
    if not target.exists():
        return {}
    old = IndexFile(str(target))
    about, files = old.about, old.files
    old.close()
    if about.rules != reading_rules() or about.base != os.fsencode(Path.cwd()) or old.roots != roots:
        return {}
    shutil.copyfile(target, place)
    return {file.path: file for file in files}


def _look_through(writer: IndexWriter, files: list[tuple[str, int]]) -> None:
    progress = Progress(sum(size for _, size in files))
    ordered = sorted(files, key=lambda file: label(file[0]))
    units = [unit for path, size in ordered for unit in units_of(path, size)]
    found = (rows for chunk in run(rows_of, chunks_of(units), progress.add, forget) for rows in chunk)
    for path, of_file in groupby(found, key=lambda rows: rows.unit.path):
        _take(writer, path, of_file)
    progress.end()


def _take(writer: IndexWriter, path: str, of_file: Iterator[UnitRows]) -> None:
    """The units of a file, one after another: none of them is held, so that a file may be of any size."""
    log = None
    for rows in of_file:
        if log is None:
            facts = rows.facts or facts_of(path)
            log = writer.begin(path, facts)
        if log.open and not rows.readable:
            writer.give_up(path, log)
        elif log.open:
            writer.add(log, rows)
