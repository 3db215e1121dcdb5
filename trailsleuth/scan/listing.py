"""Evidence as it lies on disk, before any of it is read.

Names of log files: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html#cloudtrail-log-filename-format
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.model import RawInput, Skipped
from trailsleuth.patterns import late
from trailsleuth.sources.base import MIB
from trailsleuth.sources.files.exports import check_paths, read_file, read_inputs, walk_tree
from trailsleuth.sources.files.kinds import STDIN

BEFORE = timedelta(hours=13)  # a role session lives for twelve hours; the name tells when the file was begun or delivered
AFTER = timedelta(hours=26)  # how late a record was delivered; three hours lost some, twenty-six none
PRUNED = "their names are of more than 13 hours before the window, or more than 26 hours after it"
_NAMED = late(r"_(\d{8}T\d{4})Z_[^/\\]*$")  # AccountID_CloudTrail_Region_YYYYMMDDTHHmmZ_Unique.json.gz
SCAN_FROM = 4 * MIB  # bytes on disk; below, reading everything is as fast


class Listing(Struct, frozen=True, kw_only=True):
    """The evidence as it lies on disk: files with their sizes, what was skipped, and what can only be read as it comes (named pipes, `-`)."""

    paths: tuple[str, ...]
    files: tuple[tuple[str, int], ...]
    skipped: tuple[Skipped, ...]
    other: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(size for _, size in self.files)

    def within(self, since: datetime | None, until: datetime | None) -> Listing:
        """Without the log files that cannot hold records of the window by the time in their names; a remark says how many are left out.

        A file may hold any earlier record, and a session may be older than the window: so the margins.
        """
        first = f"{since - BEFORE:%Y%m%dT%H%M}" if since is not None else ""
        last = f"{until + AFTER:%Y%m%dT%H%M}" if until is not None else "9"
        kept = tuple((path, size) for path, size in self.files if (named := _NAMED.search(path)) is None or first <= named.group(1) <= last)
        left = len(self.files) - len(kept)
        if not left:
            return self
        remark = Skipped(source=", ".join(self.paths), reason=f"{left:,} log files were not read: {PRUNED}", lost=False)
        paths = tuple(path for path, _ in kept) + self.other
        return replace(self, paths=paths, files=kept, skipped=(*self.skipped, remark))

    def inputs(self, paths: Iterable[str]) -> Iterator[RawInput | Skipped]:
        """What lies at some of its files, read the careful way: one that the user named has to be readable, one found in a tree is skipped where it is not."""
        named = frozenset(self.paths)
        for path in paths:
            yield from read_inputs([path]) if path in named else read_file(path)

    def other_inputs(self, stdin: bytes | None) -> Iterator[RawInput | Skipped]:
        """What can only be read as it comes."""
        return read_inputs(self.other, stdin=stdin)


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
