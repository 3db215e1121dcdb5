"""Are the files that an index was made from still as they were?"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.model import Skipped
from trailsleuth.scan.index_shapes import FileOnDisk, IndexCatalogue
from trailsleuth.scan.quick import facts_of
from trailsleuth.sources.files.archives import label
from trailsleuth.sources.files.exports import walk_tree

_SHOWN = 3


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


def places_of(catalogue: IndexCatalogue) -> dict[str, str] | None:
    """Each root as it was given, and where it is now; None where none of them is here."""
    found = {}
    for root in map(os.fsdecode, catalogue.roots):
        absolute = str(Path(os.fsdecode(catalogue.base)) / root)
        found[root] = absolute if Path(absolute).exists() or not Path(root).exists() else root
    return found if any(Path(place).exists() for place in found.values()) else None


def check_fresh(index: str, catalogue: IndexCatalogue, rules: str | None = None) -> bool:
    """Raises EvidenceUnreadable where the index does not tell what its sources hold now, or (`rules`) was made by others than those in force.

    False: the sources are not here, so nothing can be said of them.
    """
    again = f"trailsleuth index {shlex.join(map(label, map(os.fsdecode, catalogue.roots)))} --to {shlex.quote(label(index))}"
    if rules is not None and catalogue.rules != rules:
        raise EvidenceUnreadable(
            f"the index {label(index)} is stale", why="it was made by another version of trailsleuth", next_step=f"build it again: {again}"
        )
    places = places_of(catalogue)
    if places is None:
        return False
    changes = list(_changes(catalogue, places))
    if changes:
        more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
        raise EvidenceUnreadable(f"the index {label(index)} is stale", why="; ".join(changes[:_SHOWN]) + more, next_step=f"build it again: {again}")
    return True


def _changes(catalogue: IndexCatalogue, places: dict[str, str]) -> Iterator[str]:
    known = {os.fsdecode(file.path): file for file in catalogue.files}
    odd = {item.source: item.reason for item in catalogue.skipped}
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
            elif not _same(before, found):
                yield f"{label(path)} has changed"
    yield from (f"{label(path)} is gone" for path in (*known, *odd))


def _same(before: FileOnDisk, now: FileOnDisk) -> bool:
    """The size and the time of change agree, or the content does."""
    if before.size != now.size:
        return False
    return before.modified == now.modified or facts_of(os.fsdecode(now.path)).sha256 == before.sha256
