"""A trail, and an index of it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.scan.test_equal_to_reading_everything import compact, some_files
from trailsleuth import api


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    """A directory with three log files."""
    folder = tmp_path / "trail"
    folder.mkdir()
    for number, records in enumerate(some_files("index")):
        (folder / f"{number}.json.gz").write_bytes(gzip.compress(compact(records), mtime=0))
    return folder


@pytest.fixture
def index(trail: Path, tmp_path: Path) -> Path:
    api.index(trail, tmp_path / "trail.duckdb")
    return tmp_path / "trail.duckdb"
