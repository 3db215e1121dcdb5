"""A downloaded CloudTrail bucket, or a part of one, as unread bytes: digests and their saved metadata first, then all other files.

Only what is found by walking the directory is opened: regular files below it, no links, no devices, nothing that a file's content names.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.model.coverage import Skipped
from trailsleuth.model.record import RawInput

FILE_LIMIT = 1 << 28
METADATA_SUFFIX = ".metadata.json"
DIGEST_MARK = "_CloudTrail-Digest_"
NOT_REGULAR = "a symbolic link or a device: not followed"


class DigestTree(Struct, frozen=True, kw_only=True):
    """The files of a directory by their paths relative to it, sorted, with `/` between the parts. `unread` are those that were passed by."""

    root: Path
    digest_paths: tuple[str, ...]
    other_paths: tuple[str, ...]
    unread: tuple[Skipped, ...]

    def digests(self) -> Iterator[RawInput | Skipped]:
        """Digest files and the metadata saved beside them, read one at a time."""
        yield from (item for item in self.unread if DIGEST_MARK in item.source)
        yield from (_read(self.root, path) for path in self.digest_paths)

    def others(self) -> Iterator[RawInput | Skipped]:
        """All other files, read one at a time: hold one, not all."""
        yield from (item for item in self.unread if DIGEST_MARK not in item.source)
        yield from (_read(self.root, path) for path in self.other_paths)


def read_digest_tree(directory: str | os.PathLike[str]) -> DigestTree:
    """The tree of a directory, nothing read yet; EvidenceUnreadable where there is none or it is empty."""
    root = Path(directory)
    if not root.is_dir():
        why = "it is a file" if root.exists() else "there is no such directory"
        raise EvidenceUnreadable(f"cannot verify {root}", why=why, next_step="give the directory that `aws s3 sync s3://BUCKET DIR` filled")
    digests: list[str] = []
    others: list[str] = []
    unread: list[Skipped] = []
    for path in _walk(root, unread):
        (digests if DIGEST_MARK in path.rpartition("/")[2] else others).append(path)
    if not digests and not others and not unread:
        raise EvidenceUnreadable(f"cannot verify {root}", why="the directory is empty", next_step="fill it with `aws s3 sync s3://BUCKET DIR`")
    return DigestTree(
        root=root,
        digest_paths=tuple(sorted(digests)),
        other_paths=tuple(sorted(others)),
        unread=tuple(sorted(unread, key=lambda item: item.source)),
    )


def read_key_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a saved `list-public-keys` output."""
    try:
        return Path(path).read_bytes()
    except OSError as fault:
        why = fault.strerror or type(fault).__name__
        raise EvidenceUnreadable(f"cannot read the keys in {path}", why=why, next_step="save the output of `aws cloudtrail list-public-keys`") from fault


def _walk(root: Path, unread: list[Skipped]) -> Iterator[str]:
    """Regular files; what is passed by goes to `unread`."""

    def note(fault: OSError) -> None:
        name = os.path.relpath(os.fsdecode(fault.filename), root) if fault.filename else "."
        unread.append(Skipped(source=Path(name).as_posix(), reason=fault.strerror or type(fault).__name__))

    for folder, folders, names in os.walk(root, onerror=note, followlinks=False):
        here = Path(folder)
        for name in [*folders, *names]:
            path = here / name
            relative = path.relative_to(root).as_posix()
            try:
                mode = path.lstat().st_mode
            except OSError as fault:
                unread.append(Skipped(source=relative, reason=fault.strerror or type(fault).__name__))
                continue
            if stat.S_ISREG(mode):
                yield relative
            elif not stat.S_ISDIR(mode):
                unread.append(Skipped(source=relative, reason=NOT_REGULAR))


def _read(root: Path, relative: str) -> RawInput | Skipped:
    """The bytes of one file. It is looked at again once open, since it may have been swapped after the walk."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(root / relative, flags), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                return Skipped(source=relative, reason=NOT_REGULAR)
            data = file.read(FILE_LIMIT + 1)
    except OSError as fault:
        return Skipped(source=relative, reason=fault.strerror or type(fault).__name__)
    if len(data) > FILE_LIMIT:
        return Skipped(source=relative, reason=f"larger than {FILE_LIMIT >> 20} MiB")
    return RawInput(source=relative, data=data)
