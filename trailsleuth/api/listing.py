"""Evidence as it lies on disk, before any of it is read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trailsleuth.fetch.base import MIB
from trailsleuth.fetch.exports import STDIN, check_paths, walk_tree
from trailsleuth.model import Skipped

SCAN_FROM = 4 * MIB  # bytes on disk; below, reading everything is as fast


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The evidence as it lies on disk: files with their sizes, what was skipped, and what can only be read as it comes (named pipes, `-`)."""

    paths: tuple[str, ...]
    files: tuple[tuple[str, int], ...]
    skipped: tuple[Skipped, ...]
    other: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(size for _, size in self.files)


def list_evidence(paths: Sequence[str]) -> Listing:
    """What is below the paths, without reading any of it."""
    check_paths(paths)
    files: list[tuple[str, int]] = []
    skipped: list[Skipped] = []
    other: list[str] = []
    for path in paths:
        if path != STDIN and Path(path).is_dir():
            for found in walk_tree(path):
                if isinstance(found, Skipped):
                    skipped.append(found)
                else:
                    files.append((found.path, _size(found)))
        elif path != STDIN and Path(path).is_file() and os.access(path, os.R_OK):
            files.append((path, Path(path).stat().st_size))
        else:
            other.append(path)
    return Listing(paths=tuple(paths), files=tuple(files), skipped=tuple(skipped), other=tuple(other))


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0
