"""Writes the rows of an index into a DuckDB database: beside the target, so that each piece may stand by itself and leave the memory."""

from __future__ import annotations

import os
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from msgspec import Struct

from trailsleuth.model import Skipped
from trailsleuth.scan.quick import FileFacts, facts_of
from trailsleuth.scan.two_passes import MOST_CONTESTED
from trailsleuth.sources.files.archives import label
from trailsleuth.trail_index.callers import identity_of, told_of
from trailsleuth.trail_index.fresh import FileOnDisk
from trailsleuth.trail_index.rows import UnitRows
from trailsleuth.trail_index.store import NO_LOG, SCHEMA, SETTINGS, About, duckdb

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

T = TypeVar("T")
_ROWS = """
INSERT INTO rows SELECT u, if(u::VARCHAR = id, NULL, id), time::TIMESTAMP_S, caller, call, place, error, denied, kept, log, gap, length
FROM (SELECT *, TRY_CAST(id AS UUID) AS u FROM given)
"""
_COLUMNS = ("id", "time", "caller", "call", "place", "error", "denied", "kept", "log", "gap", "length")
AT_ONCE = 40_000  # rows that are held
_OF_LOG = ("rows", "openings", "owners", "kept")  # tables whose rows belong to a log file
_UNUSED = {"callers": "caller", "calls": "call", "places": "place", "errors": "error"}  # and those that they name
_TWICE = "CREATE TEMP TABLE twice AS SELECT id, other_id FROM rows GROUP BY ALL HAVING count(*) > 1"
_COPIES = """
INSERT INTO copies SELECT log, position
FROM (SELECT id, other_id, log, row_number() OVER (PARTITION BY log ORDER BY rowid) - 1 AS position FROM rows) numbered SEMI JOIN twice
ON numbered.id IS NOT DISTINCT FROM twice.id AND numbered.other_id IS NOT DISTINCT FROM twice.other_id
"""


class Log(Struct):
    """A log file whose rows are being written, or a copy of one, which has its number and no rows of its own; `open`: more may come."""

    number: int
    open: bool
    records: int = 0
    end: int = 0


class IndexWriter:
    """The database being written, which is given up where the block ends early."""

    def __init__(self, place: Path, folder: Path) -> None:
        settings = SETTINGS | {"temp_directory": str(folder / "spilled"), "memory_limit": "64MB"}
        self._open: DuckDBPyConnection = duckdb().connect(str(place), config=settings)
        self._held: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._rows: list[tuple[Any, ...]] = []  # the columns of some units
        if not self._run("SELECT 1 FROM duckdb_tables() WHERE table_name = 'about'"):
            self._open.execute(SCHEMA)
            self._run("INSERT INTO errors VALUES (0, NULL, NULL)")
        self._logs: dict[str, int] = {}
        self._facts: dict[str, tuple[str, int]] = {}  # by path: the SHA-256, and the number of its rows
        self._forms = {form: number for number, form in self._run("FROM forms")}
        told = self._run("SELECT caller, identity, session_name, access_key, strftime(opened, '%Y-%m-%dT%H:%M:%SZ') FROM callers JOIN forms USING (form)")
        self._callers = {_digest(identity_of(*words)): number for number, *words in told}
        self._next_caller = 1 + max(self._callers.values(), default=0)
        self._calls = {(source, name): call for call, source, name in self._run("FROM calls")}
        self._places = {(account, region, endpoint): place for place, account, region, endpoint in self._run("FROM places")}
        self._next_log = 1 + self._run("SELECT coalesce(max(log), 0) FROM files")[0][0]
        self._next_error = 1 + self._run("SELECT coalesce(max(error), 0) FROM errors")[0][0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _run(self, statement: str, *values: object) -> list[Any]:
        return self._open.execute(statement, list(values)).fetchall()

    def _put(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Rows for a table, whose columns they have in order; they go in many at a time, since each statement costs as much as a thousand rows."""
        self._held[table] += rows

    def _flush(self, most: int = 0) -> None:
        """All that is held goes in, where it is more than so much."""
        if sum(len(columns[0]) for columns in self._rows) > most:
            self._insert(_ROWS, dict(zip(_COLUMNS, map(_joined, zip(*self._rows, strict=True)), strict=True)))
            self._rows.clear()
        for table in [table for table, rows in self._held.items() if len(rows) > most // 20]:  # some of these hold whole records
            columns = map(str, range(len(self._held[table][0])))
            self._insert(f"INSERT INTO {table} FROM given", dict(zip(columns, zip(*self._held.pop(table), strict=True), strict=True)))

    def _insert(self, statement: str, columns: Mapping[str, Any]) -> None:
        self._open.register("given", {name: _column(values) for name, values in columns.items()})
        self._open.execute(statement)
        self._open.unregister("given")

    def take_out(self, gone: Sequence[bytes]) -> None:
        """Files that are no longer what they were are marked, and their rows leave the index, unless a copy is still there."""
        if gone:
            self._run("UPDATE files SET gone = true WHERE path IN (SELECT unnest(?))", list(gone))
            for table in _OF_LOG:
                self._run(f"DELETE FROM {table} WHERE log NOT IN (SELECT log FROM files WHERE NOT gone)")  # noqa: S608
            for table, name in _UNUSED.items():
                self._run(f"DELETE FROM {table} WHERE {name} <> 0 AND {name} NOT IN (SELECT {name} FROM rows)")  # noqa: S608
        self._logs = dict(self._run("SELECT sha256, log FROM files WHERE log <> 0 AND NOT gone"))

    def begin(self, path: str, facts: FileFacts) -> Log:
        """A log file whose rows come next."""
        known = self._logs.get(facts.sha256)
        log = Log(known if known is not None else self._next_log, open=known is None)
        if known is None:
            self._next_log += 1
            self._logs[facts.sha256] = self._next_log - 1
        self._facts[path] = (facts.sha256, log.number)
        return log

    def give_up(self, path: str, log: Log) -> None:
        """It is no plain log: what was written of it is taken back, and it is read as it is at each question."""
        self._flush()
        for table in _OF_LOG:
            self._run(f"DELETE FROM {table} WHERE log = ?", log.number)  # noqa: S608
        sha256 = self._facts[path][0]
        del self._logs[sha256]
        self._facts[path] = (sha256, NO_LOG)
        log.open = False

    def add(self, log: Log, rows: UnitRows) -> None:
        """The rows of one more unit of it."""
        count, before = len(rows.ids), log.records
        errors = _column([0, *range(self._next_error, self._next_error + len(rows.errors) - 1)])
        self._put("errors", [(self._next_error + index, *error) for index, error in enumerate(list(rows.errors)[1:])])
        self._next_error += len(rows.errors) - 1
        gap = _column(rows.gap).copy()
        gap[0] -= log.end
        numbers = (
            self._caller_numbers(rows.callers)[_column(rows.caller)],
            self._numbers("calls", self._calls, rows.calls)[_column(rows.call)],
            self._numbers("places", self._places, rows.places)[_column(rows.place)],
            errors[_column(rows.error)],
        )
        of_log = _column([log.number] * count)
        self._rows.append((rows.ids, rows.times, *numbers, _column(rows.refused), _column(rows.whole), of_log, gap, _column(rows.length)))
        self._put("openings", [(log.number, before + position, *marks) for position, *marks in rows.openings])
        self._put("owners", [(bucket, log.number, before + position) for bucket, (_, position) in rows.owners.items()])
        self._put("kept", [(log.number, before + position, *more) for position, *more in rows.kept])
        log.records += count
        log.end = rows.end
        self._flush(AT_ONCE)

    def _numbers(self, table: str, known: dict[T, int], met: Iterable[T]) -> Any:  # noqa: ANN401
        """The numbers of what a unit names, the new ones written."""
        new = [value for value in met if value not in known]
        first = 1 + max(known.values(), default=0)
        known.update({value: first + index for index, value in enumerate(new)})
        self._put(table, [(known[value], *(value if isinstance(value, tuple) else (value,))) for value in new])
        return _column([known[value] for value in met])

    def _caller_numbers(self, met: Iterable[bytes]) -> Any:  # noqa: ANN401
        """The same of callers, of which only a digest stays in memory."""
        digests = [_digest(raw) for raw in met]
        new = [(digest, raw) for digest, raw in zip(digests, met, strict=True) if digest not in self._callers]
        self._callers.update({digest: self._next_caller + index for index, (digest, _) in enumerate(new)})
        self._next_caller += len(new)
        told = [(self._callers[digest], *told_of(raw)) for digest, raw in new]
        self._numbers("forms", self._forms, dict.fromkeys(form for *_, form in told))
        self._put("callers", [(*words, self._forms[form]) for *words, form in told])
        return _column([self._callers[digest] for digest in digests])

    def add_files(self, found: Iterable[FileOnDisk]) -> None:
        """The files that were looked through, and those that are read as they are."""
        rows = []
        for file in found:
            path = os.fsdecode(file.path)
            rows.append((file.path, label(path), file.size, file.modified, *(self._facts.get(path) or (facts_of(path).sha256, NO_LOG)), False))
        self._put("files", rows)

    def finish(self, about: About, skipped: Iterable[Skipped]) -> None:
        """All that is told of the whole; then it stands."""
        self._flush()
        self._run(_TWICE)
        self._run("DELETE FROM copies")
        crowded = self._run("SELECT count(*) FROM twice")[0][0] > MOST_CONTESTED
        if not crowded:
            self._run(_COPIES)
        self._run("DELETE FROM skipped")
        self._put("skipped", [(one.source, one.reason, one.lost) for one in skipped])
        self._flush()
        self._run("DELETE FROM about")
        self._run("INSERT INTO about VALUES (?, ?, ?, ?, ?)", about.format, about.rules, about.base, about.roots, crowded)
        self._run("CHECKPOINT")


def _digest(raw: bytes) -> bytes:
    return blake2b(raw, digest_size=12).digest()


def _column(values: Any) -> Any:  # noqa: ANN401
    """Values as DuckDB takes them fastest."""
    import numpy as np

    if isinstance(values, np.ndarray):
        return values
    if isinstance(values, array):
        return np.frombuffer(values, dtype=f"{'u' if values.typecode == 'I' else 'i'}{values.itemsize}")
    if isinstance(values, bytearray):
        return np.frombuffer(values, dtype=bool)
    values = list(values)
    if values and isinstance(values[0], int):
        return np.array(values)
    return np.array([*values, None], dtype=object)[:-1]  # never taken for texts of one length


def _joined(parts: Sequence[Any]) -> Any:  # noqa: ANN401
    """One column of many units."""
    import numpy as np

    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else [value for part in parts for value in part]
