"""Evidence as files carry it: compressed, archived, in each other, and broken on the way."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import zstandard

from fuzz.choices import Choices, chance, pick
from fuzz.values import damaged

NAMES = ("a.json", "../../a", "/etc/passwd", "a\\b", "n" * 120, "d/", "é.json", "a\x01b")


def _zip(choose: Choices, contents: list[bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", pick(choose, (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}{pick(choose, NAMES)}", content)
    return held.getvalue()


def _tar(choose: Choices, contents: list[bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=pick(choose, (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))) as archive:
        for content in contents:
            member = tarfile.TarInfo(pick(choose, NAMES)[:90])
            member.size = len(content)
            member.type = pick(choose, (tarfile.REGTYPE, tarfile.REGTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE))
            archive.addfile(member, io.BytesIO(content))
    return held.getvalue()


ZSTD = zstandard.ZstdCompressor(level=1)
PACKERS: tuple[Callable[[Choices, list[bytes]], bytes], ...] = (
    lambda _choose, contents: b"".join(contents),
    lambda _choose, contents: b"\n".join(contents),
    lambda _choose, contents: b"".join(gzip.compress(content, 1) for content in contents),
    lambda _choose, contents: zlib.compress(b"".join(contents)),
    lambda _choose, contents: bz2.compress(b"\n".join(contents), 1),
    lambda _choose, contents: lzma.compress(b"\n".join(contents), preset=0),
    lambda _choose, contents: b"".join(ZSTD.compress(content) for content in contents),
    _zip,
    _tar,
)


def packed(choose: Choices, contents: list[bytes]) -> bytes:
    """All of it in one file."""
    data = PACKERS[0](choose, contents) if chance(choose, 50) else pick(choose, PACKERS)(choose, contents)
    for _ in range(choose.number(0, 6) if chance(choose, 8) else 0):
        data = pick(choose, PACKERS)(choose, [data])
    return damaged(choose, data) if chance(choose, 15) else data
