"""Where an answer goes: stdout, or a file that is written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from trailsleuth.errors import SourceError, UsageError

STDIN = "-"
Content = str | bytes | Iterable[str]


def write_stdout(text: str) -> None:
    """The answer, alone. A reader that went away (`| head`) is no error: what is left is not wanted."""
    if sys.stdout is None:
        raise SourceError("cannot write the answer", why="stdout is closed", next_step="choose an --output-file")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()


def silence_stdout() -> None:
    """Sends what is still buffered to nowhere, so that the interpreter does not complain of the closed pipe at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def check_output_file(path: Path | None, *, force: bool, option: str = "--output-file", inputs: Iterable[str | Path] = ()) -> None:
    """Refuses, before any work is done, a file that could not be written afterwards, and one that is among the inputs, `force` or not."""
    if path is None:
        return
    for given in inputs:
        if _is_read_with(path, given):
            raise UsageError(f"{option} {path} is read as evidence ({given}): an answer never takes an input's place", next_step="name another file")
    if path.is_dir():
        raise UsageError(f"{option} {path} is a directory", next_step="name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"{option} {path}: there is no directory {path.parent}", next_step="make it first, or name another place")
    if path.exists() and not force and not _is_special(path):
        raise UsageError(f"{option} {path} exists already; --force overwrites it")


def _is_read_with(path: Path, given: str | Path) -> bool:
    """Whether the file that is there is the input, or lies in it."""
    if not path.is_file():
        return False
    with contextlib.suppress(OSError, ValueError, AttributeError):  # an input that is no path, or a stdin that is no file
        if str(given) == STDIN:
            return os.path.samestat(path.stat(), os.fstat(sys.stdin.fileno()))
        return path.samefile(given) or (Path(given).is_dir() and path.resolve().is_relative_to(Path(given).resolve()))
    return False


def write_pieces(pieces: Iterable[str], path: Path | None, *, force: bool = False) -> None:
    """A stream: to stdout as it comes, or to the file that is named, whole or not at all."""
    if path is not None:
        write_file(pieces, path, force=force)
        return
    try:
        for piece in pieces:
            sys.stdout.write(piece)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()


def write_file(text: Content, path: Path, *, force: bool) -> None:
    """Writes beside the target and moves it there when it is complete; without `force` an existing file stays as it is."""
    if _is_special(path):
        _write_into(text, path)
        return
    from trailsleuth.sources.files.beside import file_beside  # loaded where a file is written: help and tables need none of it

    target = path.resolve() if force and path.is_symlink() else path
    temporary: str | None = None
    try:
        handle, temporary = file_beside(target)
        with os.fdopen(handle, "wb") as out:
            _pour(text, out)
            os.fsync(out.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        _move(Path(temporary), target, force=force)
        temporary = None
    except FileExistsError as cause:
        raise UsageError(f"{path} exists already; --force overwrites it") from cause
    except OSError as cause:
        raise SourceError(f"cannot write {path}", why=cause.strerror or str(cause), next_step="free some space or choose another path") from cause
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _is_special(path: Path) -> bool:
    """A device or a pipe: it is written into, since a file moved there would take its place."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _write_into(text: Content, path: Path) -> None:
    try:
        with path.open("wb") as out:
            _pour(text, out)
    except BrokenPipeError:
        return  # the reader went away, as with stdout
    except OSError as cause:
        raise SourceError(f"cannot write {path}", why=cause.strerror or str(cause), next_step="choose another path") from cause


def _pour(text: Content, out: BinaryIO) -> None:
    """Writes it down to the disk."""
    pieces = (text,) if isinstance(text, str | bytes) else text
    out.writelines(piece if isinstance(piece, bytes) else piece.encode("utf-8", "backslashreplace") for piece in pieces)
    out.flush()


def _move(temporary: Path, target: Path, *, force: bool) -> None:
    if force:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)  # unlike rename, fails where the target came into being meanwhile
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise FileExistsError(target) from None
        temporary.replace(target)
        return
    temporary.unlink()


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def write_answer(text: str | bytes, path: Path | None, *, force: bool = False) -> None:
    """To the file where one is named, else to stdout."""
    if path is None:
        write_stdout(text if isinstance(text, str) else text.decode())
    else:
        write_file(text, path, force=force)
