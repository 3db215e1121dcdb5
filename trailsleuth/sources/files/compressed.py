"""Compressed bytes, unpacked in memory up to a limit; what was readable before a break is kept."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator

from trailsleuth.sources.base import MIB, Limits

READ_STEP = 4 * MIB
_GZIP_STEP = 256 * 1024
_ZSTD_STEP = 4096

# File signatures: RFC 1952 (gzip), RFC 8878 (Zstandard), bzip2 and xz by their format descriptions.
_SIGNATURES = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"\xfd7zXZ\x00", "xz"))


def compression_of(data: bytes) -> str | None:
    """The compression that the first bytes show, or None."""
    return next((name for signature, name in _SIGNATURES if data.startswith(signature)), None)


class Unpacked:
    """What came out of a compressed input, and why it ended early: `broke` (the part before the break is good) or `refused` (a limit)."""

    __slots__ = ("broke", "data", "refused")

    def __init__(self, data: bytes, *, broke: str = "", refused: str = "") -> None:
        self.data = data
        self.broke = broke
        self.refused = refused


def unpack(data: bytes, compression: str, limits: Limits) -> Unpacked:
    """The unpacked bytes: all members of a multi-member file, up to the limits; nothing at all of a bomb."""
    parts: list[bytes] = []
    size = 0
    try:
        for chunk in _READERS[compression](data):
            parts.append(chunk)
            size += len(chunk)
            if refused := over_limit(size, len(data), limits):
                return Unpacked(b"", refused=refused)
    except MemoryError:
        return Unpacked(b"", refused="not enough memory to unpack it")
    except Exception as error:
        # gzip, bz2, lzma and zstandard share no class of errors (EOFError, OSError, ValueError, zlib.error, LZMAError, ZstdError).
        return Unpacked(b"".join(parts), broke=f"{compression} is cut short after {size} unpacked bytes: {error}")
    return Unpacked(b"".join(parts))


def over_limit(size: int, packed: int, limits: Limits) -> str:
    """The limit that `size` unpacked bytes out of `packed` ones break, or ""."""
    if size > limits.unpacked_bytes:
        return f"unpacks to more than {limits.unpacked_bytes} bytes"
    if size > limits.ratio_from and size > packed * limits.ratio:
        return f"unpacks to more than {limits.ratio} times its size (a decompression bomb?)"
    return ""


def _gzip(data: bytes) -> Iterator[bytes]:
    """Member after member; zero padding between and after them is allowed, as gzip(1) does."""
    rest = memoryview(data)
    while len(rest):
        engine = zlib.decompressobj(wbits=31)
        taken = 0
        while not engine.eof and taken < len(rest):
            before = engine.copy()
            try:
                yield engine.decompress(rest[taken : taken + _GZIP_STEP])
            except zlib.error:
                yield from _byte_by_byte(before.decompress, rest[taken : taken + _GZIP_STEP])
            taken += _GZIP_STEP
        if not engine.eof:
            raise EOFError("the end of the member is missing")
        rest = rest[min(taken, len(rest)) - len(engine.unused_data) :]
        if len(rest) and not rest[0]:
            rest = memoryview(bytes(rest).lstrip(b"\0"))
        if len(rest) and bytes(rest[:2]) != b"\x1f\x8b":
            raise ValueError(f"the {len(rest)} bytes after the last member are not gzip")


def _byte_by_byte(decompress: Callable[[bytes], bytes], data: memoryview) -> Iterator[bytes]:
    """All that comes out before the byte at which the step fails: a wrong checksum fails at its very end."""
    for position in range(len(data)):
        yield decompress(bytes(data[position : position + 1]))


def _bzip2(data: bytes) -> Iterator[bytes]:
    import bz2

    with bz2.BZ2File(io.BytesIO(data)) as stream:
        yield from iter(lambda: stream.read1(READ_STEP), b"")


def _xz(data: bytes) -> Iterator[bytes]:
    import lzma

    with lzma.LZMAFile(io.BytesIO(data)) as stream:
        yield from iter(lambda: stream.read1(READ_STEP), b"")


def _zstd(data: bytes) -> Iterator[bytes]:
    """Frame after frame; `decompressobj` alone tells a cut frame from a whole one. Small steps bound what one step can unpack to."""
    import zstandard

    rest = memoryview(data)
    while len(rest):
        engine = zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj()
        taken = 0
        while not engine.eof and taken < len(rest):
            try:
                yield engine.decompress(rest[taken : taken + _ZSTD_STEP])
            except zstandard.ZstdError:
                again = zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj()
                again.decompress(rest[:taken])
                yield from _byte_by_byte(again.decompress, rest[taken : taken + _ZSTD_STEP])
            taken += _ZSTD_STEP
        if not engine.eof:
            raise EOFError("the end of the frame is missing")
        rest = rest[min(taken, len(rest)) - len(engine.unused_data) :]


_READERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {"gzip": _gzip, "bzip2": _bzip2, "xz": _xz, "zstd": _zstd}
