"""The index file: a Parquet file with a mark of ours. What it is, its content decides; pyarrow is loaded only to read or write one.

Format: https://parquet.apache.org/docs/file-format/
"""

from __future__ import annotations

import importlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from trailsleuth.errors import UsageError
from trailsleuth.model.index import INDEX_MARK, Run

FORMAT = b"1"
CATALOGUE = "catalogue"
MAGIC = b"PAR1"
KIND = "kind"
_TAIL = struct.Struct("<I4s")
_MOST_FOOTER = 256 * 1024 * 1024
_RUN = struct.Struct("<7I")

# pyarrow is loaded late and has no types; these names say what is meant.
Module: TypeAlias = Any
Schema: TypeAlias = Any
Table: TypeAlias = Any
Column: TypeAlias = Any

TEXTS = ("account", "region", "event_source", "event_name", "error_code", "error_message", "vpc_endpoint", "category")
DICTIONARIES = (KIND, *TEXTS, "caller")
STATISTICS = [KIND, "source", "event_time", "account", "region", "event_source", "event_name", "error_code"]


def is_index(path: str) -> bool:
    """The file is an index of ours, as its last bytes show. Needs no pyarrow."""
    try:
        with Path(path).open("rb") as file:
            if not Path(path).is_file() or file.read(len(MAGIC)) != MAGIC:
                return False
            file.seek(-_TAIL.size, os.SEEK_END)
            length, magic = _TAIL.unpack(file.read(_TAIL.size))
            if magic != MAGIC or not 0 < length <= min(_MOST_FOOTER, file.tell() - _TAIL.size):
                return False
            file.seek(-_TAIL.size - length, os.SEEK_END)
            return INDEX_MARK in file.read(length)
    except (OSError, ValueError):
        return False


def arrow(name: str = "pyarrow") -> Module:
    """pyarrow, or one of its modules."""
    try:
        return importlib.import_module(name)
    except ImportError as missing:
        raise UsageError("an index needs pyarrow, which is not installed", next_step="pip install 'trailsleuth[index]'") from missing


def schema() -> Schema:
    """The columns of an index. Texts stand as in the log file, times too, so that nothing is lost."""
    pa = arrow()
    texts = [pa.field(name, pa.string()) for name in TEXTS]
    return pa.schema(
        [
            pa.field(KIND, pa.string(), nullable=False),
            pa.field("source", pa.int32()),
            pa.field("position", pa.int64()),
            pa.field("offset", pa.int64()),
            pa.field("event_id", pa.string()),
            pa.field("event_time", pa.string()),
            *texts,
            pa.field("caller", pa.binary()),
            pa.field("opened_key", pa.uint32()),
            pa.field("opened_owner", pa.uint32()),
            pa.field("raw", pa.large_binary()),
        ]
    )


def packed_runs(runs: list[Run]) -> bytes:
    """Runs as bytes, 28 for each."""
    return b"".join(_RUN.pack(*run) for run in runs)


def unpacked_runs(data: bytes) -> Iterator[Run]:
    """What `packed_runs` was given."""
    return map(Run._make, _RUN.iter_unpack(data))
