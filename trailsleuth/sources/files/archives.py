"""Archives, opened in memory: their members as (name, bytes), and what was left closed with the reason.

Nothing is written to disk, so a member's path or link can lead nowhere; names are labels only.
"""

from __future__ import annotations

import io
import stat
import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from trailsleuth.model import Skipped
from trailsleuth.sources.base import Limits
from trailsleuth.sources.files.compressed import over_limit
from trailsleuth.sources.files.office import is_mail, is_sheet, own_sheet_as_csv, paragraphs, parts_of, rtf_text, sheet_as_csv

if TYPE_CHECKING:
    import tarfile
    import zipfile

Member = tuple[str, bytes]
_OFFICE = {"mimetype", "[Content_Types].xml"}  # what lies beside the content of a document

# A local file header: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT section 4.3.7
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")


def archive_of(data: bytes) -> str | None:
    """The kind of archive that the bytes are, or None."""
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "zip"
    if data[257:262] == b"ustar":
        return "tar"
    return "rtf" if data.startswith(b"{\\rtf") else "mail" if is_mail(data) else None


def members_of(data: bytes, kind: str, *, source: str, limits: Limits) -> Iterator[Member | Skipped]:
    """The files in the archive, in its order; each within the limits for one member."""
    yield from _OPENERS[kind](data, source, limits)


def _zip_members(data: bytes, source: str, limits: Limits) -> Iterator[Member | Skipped]:
    import zipfile

    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
        if not entries and data.startswith(b"PK\x03\x04"):
            raise zipfile.BadZipFile("it lists no member")
    except Exception as error:
        # A hostile directory raises BadZipFile, struct.error, IndexError, OSError, ValueError, NotImplementedError, …
        yield Skipped(source=source, reason=f"the zip directory is unreadable ({error}): members read up to the break")
        yield from _zip_without_directory(data, source, limits)
        return
    if "xl/workbook.xml" in archive.NameToInfo:
        yield from _sheets(archive, source, limits)
        return
    if held := next((name for name in ("word/document.xml", "content.xml") if name in archive.NameToInfo and _OFFICE & archive.NameToInfo.keys()), None):
        text = _part(archive, held, source, limits)
        yield text if isinstance(text, Skipped) else (f"{source}!{held}", own_sheet_as_csv(text) if "<table:table-row" in text else paragraphs(text).encode())
        return
    for entry in entries:
        name = label(entry.filename)
        if name.endswith("/"):
            continue
        if stat.S_ISLNK(entry.external_attr >> 16):
            yield Skipped(source=f"{source}!{name}", reason="a link in an archive is not followed", lost=False)
        elif entry.flag_bits & 1:
            yield Skipped(source=f"{source}!{name}", reason="encrypted")
        else:
            yield _zip_member(archive, entry, source=f"{source}!{name}", limits=limits)


def _sheets(archive: zipfile.ZipFile, source: str, limits: Limits) -> Iterator[Member | Skipped]:
    """Each sheet of a workbook as CSV."""
    beside = {name: _part(archive, name, source, limits) for name in ("xl/sharedStrings.xml", "xl/styles.xml")}
    for entry in archive.infolist():
        if is_sheet(entry.filename):
            sheet = _part(archive, entry.filename, source, limits)
            if refused := next((part for part in (sheet, *beside.values()) if isinstance(part, Skipped)), None):
                yield refused
                return
            yield f"{source}!{label(entry.filename)}", sheet_as_csv(str(sheet), *map(str, beside.values()))


def _part(archive: zipfile.ZipFile, name: str, source: str, limits: Limits) -> str | Skipped:
    """The text of a member; "" where there is none."""
    if name not in archive.NameToInfo:
        return ""
    member = _zip_member(archive, archive.NameToInfo[name], source=f"{source}!{name}", limits=limits)
    return member if isinstance(member, Skipped) else member[1].decode("utf-8", "replace")


def _zip_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, *, source: str, limits: Limits) -> Member | Skipped:
    if refused := over_limit(entry.file_size, entry.compress_size, limits):
        return Skipped(source=source, reason=refused)
    try:
        with archive.open(entry) as stream:
            data = stream.read(limits.unpacked_bytes + 1)
    except Exception as error:
        # zipfile raises BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError on a hostile member.
        return Skipped(source=source, reason=f"the member is unreadable: {error}")
    if refused := over_limit(len(data), entry.compress_size, limits):
        return Skipped(source=source, reason=refused)
    return source, data


def _zip_without_directory(data: bytes, source: str, limits: Limits) -> Iterator[Member | Skipped]:
    """The members of a zip file that was cut before its directory, by their local headers."""
    position = 0
    while len(data) - position >= _LOCAL_HEADER.size and data[position : position + 4] == b"PK\x03\x04":
        _, _, _, method, _, _, _, packed, _, name_length, extra_length = _LOCAL_HEADER.unpack_from(data, position)
        start = position + _LOCAL_HEADER.size + name_length + extra_length
        name = f"{source}!{label(data[start - extra_length - name_length : start - extra_length].decode('utf-8', 'replace'))}"
        if method == 8:
            content, position, reason = _inflate(data, start, limits)
            if reason:
                yield Skipped(source=name, reason=reason)
            if content:
                yield name, content
            if reason:
                return
            position = data.find(b"PK\x03\x04", position)
        elif method == 0 and packed:
            yield name, data[start : start + packed]
            position = start + packed
        else:
            yield Skipped(source=name, reason="cannot be read without the zip directory")
            return
        if position < 0:
            return


def _inflate(data: bytes, start: int, limits: Limits) -> tuple[bytes, int, str]:
    """The deflated bytes from `start` on: content, end, and the reason why it ended early."""
    engine = zlib.decompressobj(wbits=-15)
    try:
        content = engine.decompress(memoryview(data)[start:], limits.unpacked_bytes + 1)
    except zlib.error as error:
        return b"", len(data), f"the member is unreadable: {error}"
    if refused := over_limit(len(content), len(data) - start, limits):
        return b"", len(data), refused
    return content, len(data) - len(engine.unused_data), "" if engine.eof else "the member is cut short"


def _tar_members(data: bytes, source: str, limits: Limits) -> Iterator[Member | Skipped]:
    import tarfile

    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for entry in archive:
                if entry.isdir():
                    continue
                yield _tar_member(archive, entry, source=f"{source}!{label(entry.name)}", limits=limits)
    except Exception as error:
        # tarfile raises its own errors, OSError, ValueError, EOFError, OverflowError, … on hostile headers.
        yield Skipped(source=source, reason=f"tar is cut short: {error}")


def _tar_member(archive: tarfile.TarFile, entry: tarfile.TarInfo, *, source: str, limits: Limits) -> Member | Skipped:
    if not entry.isreg() or entry.issparse():
        return Skipped(source=source, reason="no plain file (a link, a device or a sparse file) in an archive", lost=False)
    if entry.size > limits.unpacked_bytes:
        return Skipped(source=source, reason=f"holds more than {limits.unpacked_bytes} bytes")
    stream = archive.extractfile(entry)
    return source, stream.read() if stream else b""


def _mail_parts(data: bytes, source: str, limits: Limits) -> Iterator[Member | Skipped]:
    try:
        for name, content in parts_of(data):
            refused = over_limit(len(content), len(data), limits)
            yield Skipped(source=f"{source}!{label(name)}", reason=refused) if refused else (f"{source}!{label(name)}", content)
    except Exception as error:
        # A hostile header raises ValueError, LookupError, TypeError, binascii.Error, …
        yield Skipped(source=source, reason=f"the mail is unreadable: {error}")


def label(name: str) -> str:
    """A member's or file's name that can be written as UTF-8, whatever bytes it was made of."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _rtf(data: bytes, source: str, limits: Limits) -> Iterator[Member | Skipped]:
    del limits  # it unpacks to less than it is
    yield source, rtf_text(data)


_OPENERS = {"zip": _zip_members, "tar": _tar_members, "mail": _mail_parts, "rtf": _rtf}
