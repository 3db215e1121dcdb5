"""What a path is, seen without reading what lies there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trailsleuth.model.marks import DUCKDB

MANIFEST = "manifest.json"
SCHEMA = "trailsleuth.manifest/1"
STDIN = "-"


def is_trail_bucket(path: str) -> bool:
    """Whether a piece of evidence is named as a bucket."""
    return path.startswith("s3://")


def is_case_folder(path: Path) -> bool:
    """Whether the directory holds a fetched case."""
    try:
        return (path / MANIFEST).is_file() and f'"{SCHEMA}"'.encode() in (path / MANIFEST).read_bytes()
    except OSError:
        return False


def is_case(path: str) -> bool:
    """Whether the path names a fetched case."""
    return path != STDIN and not is_trail_bucket(path) and is_case_folder(Path(path))


def is_more_than_files(paths: Iterable[str]) -> bool:
    """Whether a trail bucket or a fetched case is among the paths."""
    return any(is_trail_bucket(path) or is_case(path) for path in paths)


def is_index(path: str) -> bool:
    """The file is a DuckDB database, as an index of ours is; no other evidence is. Needs no duckdb."""
    try:
        with Path(path).open("rb") as file:
            return Path(path).is_file() and file.read(12)[8:] == DUCKDB
    except (OSError, ValueError):
        return False
