"""What files are known by."""

from __future__ import annotations

PARQUET = b"PAR1"  # both ends of a Parquet file: https://parquet.apache.org/docs/file-format/
DUCKDB = b"DUCK"  # the ninth byte of a DuckDB database and the next three: https://duckdb.org/docs/stable/internals/storage
