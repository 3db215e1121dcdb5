"""The index file: a Parquet file with a mark of ours. What it is, its content decides; pyarrow is loaded only to read or write one.

Format: https://parquet.apache.org/docs/file-format/
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Iterator
from typing import Any, TypeAlias

from trailsleuth.errors import UsageError
from trailsleuth.scan.index_shapes import Run

FORMAT = b"1"
CATALOGUE = "catalogue"
KIND = "kind"
_RUN = struct.Struct("<7I")

# pyarrow is loaded late and has no types; these names say what is meant.
Module: TypeAlias = Any
Schema: TypeAlias = Any
Table: TypeAlias = Any
Column: TypeAlias = Any

TEXTS = ("account", "region", "event_source", "event_name", "error_code", "error_message", "vpc_endpoint", "category")
DICTIONARIES = (KIND, *TEXTS, "caller")
STATISTICS = [KIND, "source", "event_time", "account", "region", "event_source", "event_name", "error_code"]


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
