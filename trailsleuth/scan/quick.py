"""Trail files read as fast as the machine allows, and only where the result is beyond doubt: whatever is odd is left to `exports`.

libdeflate (the `deflate` package, optional) is three times as fast as zlib, and has traps: it refuses files of several members, and may return nothing
for a truncated one. So the size in the trailer has to agree, else the file is none of ours.
Format: https://www.rfc-editor.org/rfc/rfc1952
"""

from __future__ import annotations

import hashlib
import importlib
import os
import stat
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from msgspec import Struct

from trailsleuth.sources.base import MIB, Limits

GZIP = b"\x1f\x8b"
WHOLE_UP_TO = 48 * MIB  # unpacked bytes that are read in one piece; what is larger comes in parts
PART = MIB  # what is gone through several times had better stay in the processor's cache
_SMALLEST = 18  # bytes of an empty gzip member
_MOST_PACKED = 1100  # deflate cannot pack tighter than 1032 to 1


class Deflate(Protocol):
    """What is used of the `deflate` package."""

    def gzip_decompress(self, data: bytes, originalsize: int) -> bytearray | bytes: ...


class FileFacts(Struct, frozen=True, kw_only=True):
    """A file as it lies on disk: SHA-256 and size."""

    sha256: str
    size: int


@cache
def libdeflate() -> Deflate | None:
    """The fast decompressor, or None where it is not installed."""
    try:
        return cast(Deflate, importlib.import_module("deflate"))
    except ImportError:
        return None


def unpacked_size(path: str) -> int | None:
    """How many bytes a plain or gzip file holds, as far as it says itself; None for what is no plain file or cannot be read."""
    try:
        with Path(path).open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return None
            if file.read(2) != GZIP:
                return status.st_size
            if status.st_size < _SMALLEST:
                return None
            file.seek(-4, os.SEEK_END)
            return max(int.from_bytes(file.read(4), "little"), status.st_size)
    except OSError:
        return None


def read_whole(path: str, limits: Limits) -> tuple[bytes | bytearray, FileFacts] | None:
    """The unpacked content of a file with its facts; None where another way has to be taken."""
    data = _read(path)
    content = _unpacked(data, limits) if data is not None else None
    return None if data is None or content is None else (content, FileFacts(sha256=hashlib.sha256(data).hexdigest(), size=len(data)))


def read_quickly(path: str, limits: Limits) -> bytes | bytearray | None:
    """The same without the facts."""
    data = _read(path)
    return _unpacked(data, limits) if data is not None else None


def _read(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except (OSError, MemoryError):
        return None


def _unpacked(data: bytes, limits: Limits) -> bytes | bytearray | None:
    return gunzip(data, limits) if data.startswith(GZIP) else data


def gunzip(data: bytes, limits: Limits) -> bytes | bytearray | None:
    """What one whole gzip member holds; None for several members, a cut or damaged one, and what looks like a bomb."""
    if len(data) < _SMALLEST:
        return None
    size = int.from_bytes(data[-4:], "little")
    if size == 0 or size > min(WHOLE_UP_TO, limits.unpacked_bytes) or size > len(data) * _MOST_PACKED:
        return None
    if size > limits.ratio_from and size > len(data) * limits.ratio:
        return None
    fast = libdeflate()
    content = _zlib(data, size) if fast is None else _libdeflate(fast, data, size)
    return content if content is not None and len(content) == size else None


def _libdeflate(fast: Deflate, data: bytes, size: int) -> bytes | bytearray | None:
    try:
        return fast.gzip_decompress(data, size)
    except Exception:
        # The package documents no class of errors; whatever it refuses, the careful way reads or names.
        return None


def _zlib(data: bytes, size: int) -> bytes | None:
    engine = zlib.decompressobj(wbits=31)
    try:
        content = engine.decompress(data, size + 1)
    except zlib.error:
        return None
    return content if engine.eof and not engine.unused_data else None


def read_parts(path: str, limits: Limits) -> Iterator[bytes]:
    """The content of a large file in pieces of some megabytes, a gzip one unpacked. Raises ValueError where the careful way has to be taken."""
    with Path(path).open("rb") as file:
        packed = file.read(2) == GZIP
        file.seek(0)
        if not packed:
            yield from iter(lambda: file.read(PART), b"")
            return
        engine, total, taken = zlib.decompressobj(wbits=31), 0, 0
        while piece := file.read(PART // 8):
            taken += len(piece)
            content = _next(engine, piece, limits)
            total += len(content)
            if engine.unused_data or total > limits.unpacked_bytes or (total > limits.ratio_from and total > taken * limits.ratio):
                raise ValueError("several members, or a bomb")
            yield content
        if not engine.eof:
            raise ValueError("the member is cut short")


def _next(engine: zlib._Decompress, piece: bytes, limits: Limits) -> bytes:
    try:
        content = engine.decompress(piece, len(piece) * limits.ratio + limits.ratio_from)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if engine.unconsumed_tail:
        raise ValueError("a bomb")
    return content


def facts_of(path: str) -> FileFacts:
    """SHA-256 and size of a file of any size."""
    with Path(path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileFacts(sha256=digest, size=file.tell())
