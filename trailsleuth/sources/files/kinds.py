"""What a path is, seen without reading what lies there."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from pathlib import Path

from trailsleuth.model.marks import INDEX_MARK, PARQUET

MANIFEST = "manifest.json"
SCHEMA = "trailsleuth.manifest/1"
STDIN = "-"
_TAIL = struct.Struct("<I4s")
_MOST_FOOTER = 256 * 1024 * 1024


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
    """The file is an index of ours, as its last bytes show. Needs no pyarrow."""
    try:
        with Path(path).open("rb") as file:
            if not Path(path).is_file() or file.read(len(PARQUET)) != PARQUET:
                return False
            file.seek(-_TAIL.size, os.SEEK_END)
            length, magic = _TAIL.unpack(file.read(_TAIL.size))
            if magic != PARQUET or not 0 < length <= min(_MOST_FOOTER, file.tell() - _TAIL.size):
                return False
            file.seek(-_TAIL.size - length, os.SEEK_END)
            return INDEX_MARK in file.read(length)
    except (OSError, ValueError):
        return False
