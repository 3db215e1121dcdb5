"""Log files and rows for the tests of the engines."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from tests.scan.test_equal_to_reading_everything import WAYS, some_files
from trailsleuth.model import Inquiry
from trailsleuth.query.engines import MANNERS, Engine
from trailsleuth.query.selection import Place, selection, written

CASES = Path(__file__).parents[2] / "fixtures" / "cases"
FOUNDING = CASES / "founding-first-snapshot" / "evidence"
ONE_DOCUMENT = ("compact", "shuffled", "spaced", "indented", "escaped", "unicode", "nested", "twice in one file", "gzip", "two members")
STRUCTS = ("useridentity", "resources", "addendum")


def write_tree(folder: Path, way: str) -> Path:
    """Three files of made-up records, written in that way."""
    for number, records in enumerate(some_files("engines")):
        data = WAYS[way](records)
        place = folder / f"day{number}"
        place.mkdir(parents=True)
        (place / ("log.json.gz" if data[:2] == b"\x1f\x8b" else "log.json")).write_bytes(data)
    return folder


def by_duckdb(folder: Path, inquiry: Inquiry | None = None, **place) -> list[dict]:
    """The selected records as DuckDB gives them back."""
    where = Place(files=f"{folder}/**/*.json*", **place)
    with duckdb.connect() as engine:
        engine.execute("SET threads = 1")
        rows = engine.execute(written(Engine.DUCKDB, selection(Engine.DUCKDB, where, inquiry or Inquiry()))).fetchall()
    return [json.loads(row[0]) for row in rows]


def athena_row(record: dict) -> dict[str, str]:
    """The record as Athena gives it back: lower-case columns, structs as JSON with lower-case names, requests and answers as JSON texts."""
    lower = {key.lower(): value for key, value in record.items()}
    row = {}
    for column in MANNERS[Engine.ATHENA].columns:
        value = lower.get(column)
        if value is None:
            continue
        value = lowered(value) if column in STRUCTS else value
        row[column] = value if isinstance(value, str) else json.dumps(value)
    return row


def lowered(value):
    if isinstance(value, dict):
        return {key.lower(): lowered(member) for key, member in value.items()}
    return [lowered(member) for member in value] if isinstance(value, list) else value


def ids_of(records) -> set[str]:
    return {record["eventID"] for record in records}
