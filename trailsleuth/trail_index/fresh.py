"""Are the files that an index was made from still as they were?"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.model import Skipped
from trailsleuth.scan.quick import facts_of
from trailsleuth.sources.files.archives import label
from trailsleuth.sources.files.exports import walk_tree
from trailsleuth.trail_index.rules import reading_rules
from trailsleuth.trail_index.store import FileKnown, IndexFile

_SHOWN = 3


class FileOnDisk(Struct, frozen=True, kw_only=True):
    """A file as it lies on disk; the path as bytes, since it need be no text."""

    path: bytes
    size: int
    modified: int


def files_below(roots: list[str]) -> Iterator[FileOnDisk | Skipped]:
    """The files as they lie there now, and what is no file, in the order of the roots and of their names."""
    for root in roots:
        if not Path(root).is_dir():
            status = Path(root).stat()
            yield FileOnDisk(path=os.fsencode(root), size=status.st_size, modified=status.st_mtime_ns)
            continue
        for found in walk_tree(root):
            if isinstance(found, Skipped):
                yield found
            else:
                status = found.stat(follow_symlinks=False)
                yield FileOnDisk(path=os.fsencode(found.path), size=status.st_size, modified=status.st_mtime_ns)


def places_of(index: IndexFile) -> dict[str, str] | None:
    """Each root as it was given, and where it is now; None where none of them is here."""
    found = {}
    for root in index.roots:
        absolute = str(Path(os.fsdecode(index.about.base)) / root)
        found[root] = absolute if Path(absolute).exists() or not Path(root).exists() else root
    return found if any(Path(place).exists() for place in found.values()) else None


def check_fresh(index: IndexFile, named: str | None = None) -> dict[str, str] | None:
    """Where the roots are now. Raises EvidenceUnreadable where the index does not tell what they hold now, or was made by other rules than those in force.

    None: they are not here, so nothing can be said of them.
    """
    path = label(named or index.path)
    again = f"trailsleuth index {shlex.join(map(label, index.roots))} --to {shlex.quote(path)}"
    if index.about.rules != reading_rules():
        raise EvidenceUnreadable(f"the index {path} is stale", why="it was made by another version of trailsleuth", next_step=f"build it again: {again}")
    places = places_of(index)
    changes = list(_changes(index, places)) if places is not None else []
    if changes:
        more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
        raise EvidenceUnreadable(f"the index {path} is stale", why="; ".join(changes[:_SHOWN]) + more, next_step=f"bring it up to date: {again}")
    return places


def _changes(index: IndexFile, places: dict[str, str]) -> Iterator[str]:
    known = {os.fsdecode(file.path): file for file in index.files}
    odd = {source: reason for source, reason, _ in index.skipped}
    for root, place in places.items():
        if not Path(place).exists():
            yield f"{label(root)} is gone"
            known = {path: file for path, file in known.items() if path != root and not path.startswith(f"{root.rstrip('/')}/")}
            continue
        for found in files_below([place]):
            if isinstance(found, Skipped):
                named = root + found.source.removeprefix(label(place))
                if odd.pop(label(named), None) != found.reason:
                    yield f"{label(named)}: {found.reason}"
                continue
            path = root + os.fsdecode(found.path).removeprefix(place)
            before = known.pop(path, None)
            if before is None:
                yield f"{label(path)} is new"
            elif not is_same(before, found):
                yield f"{label(path)} has changed"
    yield from (f"{label(path)} is gone" for path in (*known, *odd))


def is_same(before: FileKnown, now: FileOnDisk) -> bool:
    """The size and the time of change agree, or the content does."""
    if before.size != now.size:
        return False
    return before.modified == now.modified or facts_of(os.fsdecode(now.path)).sha256 == before.sha256
