"""What is written beside its target until it is complete. A run that was killed leaves it there; the next one with the same target clears it away."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SUFFIX = ".trailsleuth"


@contextmanager
def folder_beside(target: Path) -> Iterator[Path]:
    """A hidden folder in the target's directory, gone afterwards."""
    clear_left_behind(target)
    with tempfile.TemporaryDirectory(prefix=_prefix(target), suffix=_SUFFIX, dir=target.parent) as folder, _held(Path(folder)):
        yield Path(folder)


def file_beside(target: Path) -> tuple[int, str]:
    """A hidden file in the target's directory, open for writing, and its name; it is its owner's as long as it is open."""
    clear_left_behind(target)
    handle, name = tempfile.mkstemp(prefix=_prefix(target), suffix=_SUFFIX, dir=target.parent)
    _lock(handle)
    return handle, name


def clear_left_behind(target: Path) -> None:
    """Removes what killed runs left beside the target. What a run that still lives holds open stays."""
    prefix = _prefix(target)
    with contextlib.suppress(OSError):
        for left in [path for path in target.parent.iterdir() if path.name.startswith(prefix) and path.name.endswith(_SUFFIX)]:
            with _held(left) as free:
                if free and left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                elif free:
                    left.unlink(missing_ok=True)


def _prefix(target: Path) -> str:
    return f".{target.name[:100]}."


@contextmanager
def _held(path: Path) -> Iterator[bool]:
    """Whether it could be locked, which it is meanwhile."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        yield _lock(handle)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Whether the lock is ours now; without locks (Windows, some network file systems) nothing is known to be left behind."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True
