"""The index file: a DuckDB database of our rows. DuckDB keeps them and finds them again; JSON is read by our own readers alone.

Storage: https://duckdb.org/docs/stable/internals/storage
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, convert

from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.sources.files.archives import label

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FORMAT = 1
NO_LOG = 0
SCHEMA = """
CREATE TABLE about (format INTEGER, rules VARCHAR, base BLOB, roots BLOB[], crowded BOOLEAN);
CREATE TABLE files (path BLOB, name VARCHAR, size BIGINT, modified BIGINT, sha256 VARCHAR, log INTEGER, gone BOOLEAN);
CREATE TABLE skipped (source VARCHAR, reason VARCHAR, lost BOOLEAN);
CREATE TABLE forms (form INTEGER, identity BLOB);
CREATE TABLE callers (
    caller INTEGER, key UINTEGER, owner UINTEGER, role UINTEGER, session UINTEGER,
    caller_account VARCHAR, principal VARCHAR, session_name VARCHAR, access_key VARCHAR, opened TIMESTAMP_S, form INTEGER);
CREATE TABLE calls (call INTEGER, event_source VARCHAR, event_name VARCHAR);
CREATE TABLE places (place INTEGER, account VARCHAR, region VARCHAR, vpc_endpoint VARCHAR);
CREATE TABLE errors (error INTEGER, error_code VARCHAR, error_message VARCHAR USING COMPRESSION zstd);
CREATE TABLE rows (
    id UUID, other_id VARCHAR, time TIMESTAMP_S, caller INTEGER, call INTEGER, place INTEGER, error INTEGER, denied BOOLEAN, kept BOOLEAN,
    log INTEGER, gap INTEGER, length INTEGER);
CREATE TABLE openings (log INTEGER, position INTEGER, key UINTEGER, owner UINTEGER, role UINTEGER, session UINTEGER, by_key UINTEGER, by_owner UINTEGER);
CREATE TABLE owners (bucket VARCHAR, log INTEGER, position INTEGER);
CREATE TABLE kept (log INTEGER, position INTEGER, record BLOB USING COMPRESSION zstd, beyond_doubt BOOLEAN);
CREATE TABLE copies (log INTEGER, position INTEGER);
CREATE VIEW records AS
    SELECT event_id, time, account, region, event_source, event_name, principal, session_name, access_key, opened, error_code, error_message, denied,
        vpc_endpoint, file, position, "offset", length
    FROM (SELECT coalesce(other_id, id::VARCHAR) AS event_id, *, row_number() OVER (PARTITION BY log ORDER BY rowid) - 1 AS position,
            (sum(gap + length) OVER (PARTITION BY log ORDER BY rowid ROWS UNBOUNDED PRECEDING) - length)::BIGINT AS "offset" FROM rows)
    JOIN callers USING (caller) JOIN calls USING (call) JOIN places USING (place) JOIN errors USING (error)
    JOIN (SELECT log, min(name) AS file FROM files WHERE log <> 0 AND NOT gone GROUP BY log) USING (log);
"""
PAGE = 2_000  # rows that are held
SETTINGS = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": "20MB",  # beyond that it spills to a folder beside the index
    "threads": "1",
    "default_block_size": "65536",  # a quarter of the usual one: the tables are many and small; below that, numbers are no longer packed
}


def duckdb() -> Any:  # noqa: ANN401 - a module
    """The engine."""
    try:
        return importlib.import_module("duckdb")
    except ImportError as missing:
        raise UsageError("an index needs duckdb, which is not installed", next_step="pip install 'trailsleuth[index]'") from missing


@contextmanager
def sound(path: str) -> Iterator[None]:
    """Turns what a damaged or made-up index can cause into an error that names it."""
    broken = duckdb().Error
    try:
        yield
    except (broken, OSError, ValueError, LookupError, TypeError, OverflowError) as cause:
        first = (str(cause).splitlines() or [type(cause).__name__])[0][:200]
        what = f"cannot read the index {label(path)}"
        raise EvidenceUnreadable(what, why=f"it is damaged, or none of ours: {first}", next_step="build it again: trailsleuth index") from cause


class FileKnown(Struct, frozen=True, array_like=True):
    """A file as it lay on disk when it was indexed; the path as bytes, since it need be no text. `log`: its rows; NO_LOG: it is read as it is."""

    path: bytes
    name: str
    size: int
    modified: int
    sha256: str
    log: int


class About(Struct, frozen=True, array_like=True):
    """By which rules an index was made, and of what: paths as they were given, relative ones from `base`. `crowded`: so many records stand there more
    than once that everything has to be read."""

    format: int
    rules: str
    base: bytes
    roots: list[bytes]
    crowded: bool


class IndexFile:
    """An index that is open for reading, in so much memory. Nothing that is asked of it can change it, or reach a file or the network."""

    def __init__(self, path: str, memory: str = SETTINGS["memory_limit"]) -> None:
        self.path = path
        settings = SETTINGS | {"memory_limit": memory, "lock_configuration": "true"}
        with sound(path):
            self.connection: DuckDBPyConnection = duckdb().connect(path, read_only=True, config=settings)
            self.about = convert(self.ask("SELECT * FROM about")[0], About)
            if self.about.format != FORMAT:
                raise ValueError(f"it has the format {self.about.format}, and this version reads {FORMAT}")

    def ask(self, statement: str, *values: object) -> list[Any]:
        """The rows of a statement of ours; what a question names goes in as a value, never as text of the statement."""
        return self.connection.execute(statement, list(values)).fetchall()

    def stream(self, statement: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The same, a page at a time."""
        found = self.connection.execute(statement, list(values))
        return (row for page in iter(lambda: found.fetchmany(PAGE), []) for row in page)

    def ask_with(self, statement: str, **values: object) -> list[Any]:
        """The same with names for the values."""
        return self.connection.execute(statement, values).fetchall()

    @cached_property
    def files(self) -> list[FileKnown]:
        """The files that were there."""
        found = self.ask("SELECT path, name, size, modified, sha256, log FROM files WHERE NOT gone ORDER BY name, path")
        return convert(found, list[FileKnown])

    @cached_property
    def skipped(self) -> list[tuple[str, str, bool]]:
        """What was no file: source, reason, and whether anything is lost."""
        return convert(self.ask("SELECT source, reason, lost FROM skipped"), list[tuple[str, str, bool]])

    @property
    def roots(self) -> Sequence[str]:
        """The paths that it was made from, as they were given."""
        return list(map(os.fsdecode, self.about.roots))

    def close(self) -> None:
        """The file is let go."""
        self.connection.close()


def is_ours(path: Path) -> bool:
    """The file is an index: a DuckDB database that says so."""
    try:
        IndexFile(str(path)).close()
    except EvidenceUnreadable:
        return False
    return True
