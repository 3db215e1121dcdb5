"""Records in a Parquet file: what Athena's CTAS, tailpipe, DuckDB and pandas write. Read with pyarrow where it is installed (extra `parquet`)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module

from trailsleuth.ingest.documents import Break, Document
from trailsleuth.ingest.rows import TableRow

MOST = 2048 * 1024 * 1024  # bytes that its columns unpack to
_BATCH = 1000
NO_READER = (
    "a Parquet file, which needs pyarrow to be read: pip install 'trailsleuth[parquet]', or turn it into JSON: duckdb -c \"copy (from 'F') to 'F.json'\""
)


def read_parquet(data: bytes) -> Iterator[Document | Break]:
    """Each row as a document; what cannot be read is a break."""
    try:
        parquet, errors = import_module("pyarrow.parquet"), import_module("pyarrow.lib").ArrowException
    except ImportError:
        yield Break(reason=NO_READER, cut=True)
        return
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        size = sum(file.metadata.row_group(index).total_byte_size for index in range(file.metadata.num_row_groups))
        if size > MOST:
            yield Break(reason=f"a Parquet file that unpacks to more than {MOST} bytes", cut=True)
            return
        for batch in file.iter_batches(batch_size=_BATCH):
            yield from (Document(value=TableRow({name: _plain(cell) for name, cell in row.items()})) for row in batch.to_pylist())
    except (errors, OSError, ValueError, RecursionError) as error:
        yield Break(reason=f"the Parquet file cannot be read: {' '.join(str(error).split())[:200]}", cut=True)


def _plain(value: object) -> object:
    """The value as JSON would have it: no member that is absent, times as text, maps as objects."""
    match value:
        case dict():
            return {str(name): _plain(member) for name, member in value.items() if member is not None}
        case list():
            pairs = bool(value) and all(isinstance(member, tuple) and len(member) == 2 for member in value)
            return {str(name): _plain(member) for name, member in value} if pairs else [_plain(member) for member in value]
        case str() | int() | float() | None:
            return value
        case datetime():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "replace")
        case _:
            return str(value)
