"""The uncompressed content of a file that must be exactly one gzip member.

CloudTrail hashes uncompressed content. A reader that stops after the first member would call a file good to which another member was
added, and another reader would show its records: so anything after the first member is a fault.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator

GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 1 << 20
LOG_LIMIT = 1 << 29  # CloudTrail delivers log files of some megabytes
DIGEST_LIMIT = 1 << 24  # some 40,000 logs in an hour


class Unsound(Exception):
    """The file is not one whole gzip member within the limit; says why. Never leaves this room."""


def content_chunks(data: bytes, *, limit: int) -> Iterator[bytes]:
    """The content piece by piece; a file without gzip magic is its own content (browsers and `gunzip` unpack on the way)."""
    if not data.startswith(GZIP_MAGIC):
        yield data
        return
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    rest, total = data, 0
    while not inflater.eof:
        try:
            piece = inflater.decompress(rest, CHUNK)
        except zlib.error as fault:
            raise Unsound(f"damaged gzip member ({fault})") from fault
        rest = inflater.unconsumed_tail
        if not piece and not rest and not inflater.eof:
            raise Unsound("cut off: the gzip member has no end")
        total += len(piece)
        if total > limit:
            raise Unsound(f"inflates beyond {limit >> 20} MiB")
        yield piece
    if inflater.unused_data.startswith(GZIP_MAGIC):
        raise Unsound("another gzip member follows the first one")
    if inflater.unused_data:
        raise Unsound(f"{len(inflater.unused_data)} bytes follow the gzip member")


def content_of(data: bytes, *, limit: int) -> bytes:
    """The content in one piece."""
    return b"".join(content_chunks(data, limit=limit))


def head_of(data: bytes) -> bytes:
    """The first bytes of the content, b"" where they cannot be had: enough to see what kind of file it is."""
    try:
        return next(content_chunks(data[:CHUNK], limit=LOG_LIMIT), b"")[:4096]
    except Unsound:
        return b""


def content_sha256(data: bytes, *, limit: int = LOG_LIMIT) -> str:
    """SHA-256 of the content in hexadecimal, without holding the content."""
    digest = hashlib.sha256()
    for piece in content_chunks(data, limit=limit):
        digest.update(piece)
    return digest.hexdigest()
