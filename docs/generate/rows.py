"""The catalogue's rows, file by file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from trailsleuth.catalog.load import DATA

Row = Mapping[str, Any]


def files(folder: str = "") -> list[str]:
    """The tables of a folder by name, in order."""
    return sorted(path.stem for path in (DATA / folder).glob("*.toml"))


def rows(name: str, heading: str) -> list[Row]:
    """The rows `[[heading]]` of one table."""
    return [row for row in _table(name).get(heading, []) if isinstance(row, dict)]


def words(name: str) -> list[str]:
    """The plain texts of a table that is a list of names."""
    return [word for listed in _table(name).values() if isinstance(listed, list) for word in listed if isinstance(word, str)]


@cache
def _table(name: str) -> Row:
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


def headings(name: str) -> list[str]:
    """What kinds of rows a table has."""
    return [heading for heading, listed in _table(name).items() if isinstance(listed, list)]


def every_row() -> Iterator[tuple[str, Row]]:
    """All rows of all tables, each with its table's name."""
    for folder in ("", "operations", "resources"):
        for name in files(folder):
            path = f"{folder}/{name}" if folder else name
            for heading in headings(path):
                yield from ((path, row) for row in rows(path, heading))
