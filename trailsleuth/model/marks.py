"""What files of our own are known by."""

from __future__ import annotations

INDEX_MARK = b"trailsleuth.index"  # the key in a Parquet file's metadata that makes it an index
