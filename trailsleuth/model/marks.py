"""What files are known by."""

from __future__ import annotations

PARQUET = b"PAR1"  # both ends of a Parquet file: https://parquet.apache.org/docs/file-format/
INDEX_MARK = b"trailsleuth.index"  # the key in a Parquet file's metadata that makes it an index
