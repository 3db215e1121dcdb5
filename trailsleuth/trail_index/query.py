"""An index asked in SQL, by people who know it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from trailsleuth.errors import UsageError
from trailsleuth.trail_index.store import IndexFile, duckdb

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

_MEMORY = "1GB"
_PAGE = 1_000


class Index:
    """An index made by `index`. `sql` asks it; `trailsleuth.load` takes it as evidence."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._file = IndexFile(self.path, _MEMORY)

    def __repr__(self) -> str:
        return f"Index({self.path!r})"

    def sql(self, statement: str) -> pd.DataFrame:
        """What the statement gives: `ts.index("trail.duckdb").sql("SELECT event_name, count(*) FROM records WHERE denied GROUP BY 1")`.

        It can read the index alone: no file, no network. Raises UsageError where DuckDB does not take it.
        """
        return self._run(statement).df()

    def rows(self, statement: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """The same as the names of the columns and the rows, which come as they are read."""
        found = self._run(statement)
        return [name for name, *_ in found.description or ()], (row for page in iter(lambda: found.fetchmany(_PAGE), []) for row in page)

    def _run(self, statement: str) -> DuckDBPyConnection:
        try:
            return self._file.connection.execute(statement)
        except duckdb().Error as cause:
            raise UsageError("DuckDB does not take the statement", why=str(cause), next_step="trailsleuth sql --help names the columns of records") from cause
