"""Exported evidence: files, directory trees, archives and standard input, as unread bytes.

What a file is, its content decides; names are never looked at. Archives are opened in memory, within limits (docs/reference/limits.md).
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.model import RawInput, Skipped
from trailsleuth.sources.base import Budget, Limits
from trailsleuth.sources.files.archives import archive_of, label, members_of
from trailsleuth.sources.files.compressed import compression_of, unpack
from trailsleuth.sources.files.kinds import STDIN


def read_inputs(paths: Sequence[str], *, stdin: bytes | None = None, limits: Limits | None = None) -> Iterator[RawInput | Skipped]:
    """Every file and archive member under the paths, unread, and what was skipped with the reason.

    A path that does not exist raises EvidenceUnreadable before anything is read; in a tree, what cannot be read is skipped. Each file ends with one RawInput
    at least, an empty one where nothing in it could be read, so that its hash is on record.
    """
    check_paths(paths)
    return _read_all(paths, stdin, limits or Limits())


def check_paths(paths: Sequence[str]) -> None:
    """Raises EvidenceUnreadable for a path that does not exist."""
    for path in paths:
        if path != STDIN and not Path(path).exists():
            raise EvidenceUnreadable(
                f"cannot read {label(path)}", why="there is no such file or directory", next_step="check the path; '-' reads standard input"
            )


def _read_all(paths: Sequence[str], stdin: bytes | None, limits: Limits) -> Iterator[RawInput | Skipped]:
    for path in paths:
        if path == STDIN:
            yield from _read_bytes(stdin or b"", path=STDIN, limits=limits)
        elif Path(path).is_dir():
            yield from _read_tree(path, limits)
        else:
            yield from _read_named(path, limits)


def _read_named(path: str, limits: Limits) -> Iterator[RawInput | Skipped]:
    """A file that the user named: not being able to read it is an error, a pipe or a link is what the user meant."""
    found = _load(path, limits)
    if isinstance(found, OSError):
        raise EvidenceUnreadable(f"cannot read {label(path)}", why=found.strerror or str(found), next_step="check the rights of the file") from found
    yield from _hand_over(found, path, limits)


def _read_tree(root: str, limits: Limits) -> Iterator[RawInput | Skipped]:
    for found in walk_tree(root):
        if isinstance(found, Skipped):
            yield found
        else:
            yield from read_file(found.path, limits)


def read_file(path: str, limits: Limits | None = None) -> Iterator[RawInput | Skipped]:
    """One file of a tree; that it cannot be read is said, and no error."""
    limits = limits or Limits()
    yield from _hand_over(_load(path, limits), path, limits)


def walk_tree(root: str) -> Iterator[os.DirEntry[str] | Skipped]:
    """The files of a tree in the order of its names; links and devices in it are not followed: a tree may come from anywhere."""
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield Skipped(source=label(folder), reason=f"the directory cannot be read: {error.strerror}")
            continue
        folders.extend(entry.path for entry in reversed(entries) if entry.is_dir(follow_symlinks=False))
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                yield _entry(entry)


def _entry(entry: os.DirEntry[str]) -> os.DirEntry[str] | Skipped:
    if entry.is_symlink():
        return Skipped(source=label(entry.path), reason="a symbolic link in a tree is not followed", lost=False)
    if not entry.is_file(follow_symlinks=False):
        return Skipped(source=label(entry.path), reason="no plain file (a pipe, a socket or a device) in a tree", lost=False)
    return entry


def _load(path: str, limits: Limits) -> bytes | str | OSError:
    """The bytes of the file; the reason as text where a limit keeps it out; the error where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_size > limits.file_bytes:
                return f"larger than {limits.file_bytes} bytes"
            data = file.read(limits.file_bytes + 1) if not stat.S_ISREG(status.st_mode) else file.read()
    except OSError as error:
        return error
    except MemoryError:
        return "not enough memory to read it"
    return f"larger than {limits.file_bytes} bytes" if len(data) > limits.file_bytes else data


def _hand_over(found: bytes | str | OSError, path: str, limits: Limits) -> Iterator[RawInput | Skipped]:
    match found:
        case bytes():
            yield from _read_bytes(found, path=path, limits=limits)
        case str():
            yield Skipped(source=label(path), reason=found)
        case OSError():
            yield Skipped(source=label(path), reason=f"cannot be read: {found.strerror or found}")


def _read_bytes(data: bytes, *, path: str, limits: Limits) -> Iterator[RawInput | Skipped]:
    """One file: its members where it is an archive, else its (unpacked) content."""
    name, digest, handed_over = label(path), hashlib.sha256(data).hexdigest(), False
    opener = _Opener(limits)
    for piece in opener.open(data, name):
        if isinstance(piece, Skipped):
            yield piece
        else:
            source, content = piece
            handed_over = True
            yield RawInput(source=source, data=content, sha256=digest, path=name, size=len(data))
    if not handed_over:
        yield RawInput(source=name, data=b"", sha256=digest, path=name, size=len(data))


class _Opener:
    """Unpacks and opens one file until plain bytes are left, within one budget."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.budget = Budget(limits)

    def open(self, data: bytes, source: str, depth: int = 0) -> Iterator[tuple[str, bytes] | Skipped]:
        compression, archive = compression_of(data), archive_of(data)
        if not data:
            yield Skipped(source=source, reason="empty", lost=False)
        elif not compression and not archive:
            yield source, data
        elif depth >= self.limits.depth:
            yield Skipped(source=source, reason=f"archives nested deeper than {self.limits.depth}")
        elif compression:
            yield from self._unpack(data, compression, source=source, depth=depth)
        elif archive:
            yield from self._members(data, archive, source=source, depth=depth)

    def _unpack(self, data: bytes, compression: str, *, source: str, depth: int) -> Iterator[tuple[str, bytes] | Skipped]:
        unpacked = unpack(data, compression, self.limits)
        spent = len(unpacked.data) if not unpacked.refused else self.limits.ratio_from
        reason = self.budget.spend(spent) or unpacked.refused
        if reason or unpacked.broke:
            yield Skipped(source=source, reason=reason or unpacked.broke)
        if not reason and (unpacked.data or not unpacked.broke):
            yield from self.open(unpacked.data, source, depth + 1)

    def _members(self, data: bytes, archive: str, *, source: str, depth: int) -> Iterator[tuple[str, bytes] | Skipped]:
        empty = True
        for member in members_of(data, archive, source=source, limits=self.limits):
            empty = False
            size = 0 if isinstance(member, Skipped) else len(member[1])
            if reason := self.budget.spend(size, members=1):
                yield Skipped(source=source, reason=reason)
                return
            if isinstance(member, Skipped):
                yield member
            else:
                yield from self.open(member[1], member[0], depth + 1)
        if empty:
            yield Skipped(source=source, reason=f"a {archive} without files", lost=False)
