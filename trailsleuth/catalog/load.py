"""The tables under `data/`, read when they are asked for and kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from trailsleuth.patterns import late
from trailsleuth.tables import read_toml

Row = Mapping[str, Any]
DATA = Path(__file__).parent / "data"
_NAME = late(r"[a-z0-9_-]{1,64}(?:/[a-z0-9_-]{1,64})?")


@cache
def read_table(name: str) -> Mapping[str, tuple[Row, ...]]:
    """The row lists of `data/<name>.toml`, by their heading; empty where there is no such table.

    The name may come from a record (`operations/` and its event source), so one that is no plain name opens nothing.
    TOML is slow to read, so the tables are cut by service and nobody reads one that the evidence does not ask for.
    """
    path = DATA / f"{name}.toml"
    if not _NAME.fullmatch(name) or not path.is_file():
        return {}
    table = read_toml(path)
    return {heading: tuple(rows) for heading, rows in table.items() if isinstance(rows, list)}


def resource_rows(prefix: str) -> tuple[Row, ...]:
    """How requests of a service name resources: from its own file where it has one, else from the table of all."""
    return rows_of(f"resources/{prefix}", "resource") or rows_of("resources", prefix)


def rows_of(name: str, heading: str) -> tuple[Row, ...]:
    """The rows `[[heading]]` of a table, in the order of the file."""
    return read_table(name).get(heading, ())
