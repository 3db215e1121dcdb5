"""The refused calls of a log file and the calls that handed out credentials, in one look: of any other record hardly more than the error is read."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator
from zlib import crc32

from msgspec import ValidationError

from trailsleuth.catalog.issuing import ISSUING, STS
from trailsleuth.ingest.fields import is_blanked
from trailsleuth.ingest.needles import Buffer, count, searcher
from trailsleuth.ingest.scan import are_times, brief_records, is_issuing
from trailsleuth.ingest.scan_denials import is_denial
from trailsleuth.ingest.scan_identity import FOREIGN, mark
from trailsleuth.ingest.scan_parts import HEAD, TAIL
from trailsleuth.ingest.scan_shapes import AssumedUser, Brief, Caller, NotThisShape, Picked, decode_picked
from trailsleuth.ingest.scan_slices import BETWEEN, ERRORS, START, Slices, escapes_letters

_ERROR = b'"error'  # how both names of an error begin
_CREDENTIALS = b'"credentials"'  # in the answer of every call of ISSUING
_NO_LINE = bytes({*range(0x20), 0x7F} - {0x0A})
_UNUSUAL = re.compile(r"[^ -~\n]+")
_TOKEN = re.compile(rb'("sessionToken"\s*:\s*)"[^"\\]*"')
_BLANKS = str.maketrans("\r\t", "  ")
Raw = Buffer | memoryview


class Pile:
    """Records as lines, and a row of numbers for each: what the record is known by, then the offset and the length of its line in a file.

    `at` is where the first line is going to stand in that file.
    """

    def __init__(self, at: int = 0) -> None:
        self.rows: array[int] = array("Q")
        self._lines: list[Raw] = []
        self._end = at

    def add(self, raw: Raw, *known_by: int) -> None:
        """Puts a record on the pile."""
        self.rows.extend((*known_by, self._end, len(raw) + 1))
        self._lines += (raw, b"\n")
        self._end += len(raw) + 1

    def content(self) -> bytes:
        """All lines."""
        content = b"".join(self._lines)
        if content.count(b"\n") == len(self._lines) // 2:
            return content
        return b"".join(line if line == b"\n" else bytes(line).replace(b"\n", b" ") for line in self._lines)


class RefusedIn:
    """What is refused in one file, and who was let in.

    A refused call is known by (a number of its id, its session), one that handed out credentials by (the number, the session that its key makes, the one
    that its principal id makes, the session that called). Sessions are numbers: see `session_number`.
    """

    def __init__(self, refused_at: int = 0, openings_at: int = 0) -> None:
        self.records = 0
        self.refused = Pile(refused_at)
        self.openings = Pile(openings_at)
        self._times: list[str] = []
        self._sessions: dict[tuple[str | None, ...], int] = {}

    def take(self, raw: Raw, record: Picked) -> None:
        """The record is refused, or hands out credentials, or is none of ours."""
        code, message = record.errorCode, record.errorMessage
        if code or message:
            if is_denial(code or "", message or "", (record.eventSource, record.eventName)):
                self.refused.add(raw, number_of(record.eventID), self._session(record.userIdentity))
                self._times.append(record.eventTime)
        elif record.eventName in ISSUING and record.eventSource == STS and (answer := record.responseElements) is not None and answer.credentials is not None:
            key, user = mark_of(answer.credentials.accessKeyId), answer.assumedRoleUser or answer.federatedUser or _NOBODY
            owner = mark_of(user.assumedRoleId) or mark_of(user.federatedUserId)
            self.openings.add(raw, number_of(record.eventID), key << 32, owner, self._session(record.userIdentity))
            self._times.append(record.eventTime)

    def check_times(self) -> None:
        """Raises ValidationError where a record that was taken has no time as CloudTrail writes it."""
        if self._times and not are_times(self._times):
            raise ValidationError("no time as CloudTrail writes it")

    def _session(self, caller: Caller | None) -> int:
        if caller is None:
            return 0
        told = (caller.type, caller.accessKeyId, caller.principalId, caller.arn)
        found = self._sessions.get(told)
        if found is None:
            key = 0 if caller.type in FOREIGN else mark_of(caller.accessKeyId)
            found = self._sessions[told] = session_number(key, mark_of(caller.principalId) or mark_of(caller.arn))
        return found


_NOBODY = AssumedUser()


def mark_of(name: str | None) -> int:
    """The checksum of a name; 0 for none, and for one that was blanked."""
    return mark(name) if name and not is_blanked(name) else 0


def session_number(key: int, owner: int) -> int:
    """A session by the checksum of its key, else by that of its principal id, as one number; 0 for none."""
    return key << 32 if key else owner


def number_of(event_id: str) -> int:
    """Equal for copies of a record, and hardly ever for others."""
    return crc32(event_id.encode("utf-8", "surrogatepass"))


def refused_in(data: Buffer, refused_at: int = 0, openings_at: int = 0) -> RefusedIn | None:
    """The look at one file; the lines are going to stand at these places of two files. None: read it the careful way."""
    try:
        return _by_needles(data, RefusedIn(refused_at, openings_at)) or _by_decoding(data, RefusedIn(refused_at, openings_at))
    except NotThisShape:
        return None


def _by_decoding(data: Buffer, found: RefusedIn) -> RefusedIn | None:
    """All of the JSON is decoded."""
    records = brief_records(data)
    if records is None:
        return None
    slices = Slices(data, records)
    found.records = len(records)
    for index, record in enumerate(records):
        if record.failed or is_issuing(record):
            found.take(*slices.with_value(index, decode_picked))
    found.check_times()
    return found


def _by_needles(data: Buffer, found: RefusedIn) -> RefusedIn | None:
    """Only the records are decoded in which the bare name of an error's key or of the credentials handed out stands.

    None where the file is not written as CloudTrail writes it: a record cut out between two usual beginnings then decodes as a whole, or all has to be.
    """
    if not data.startswith(HEAD) or not data.endswith(TAIL) or escapes_letters(data):
        return None
    view = memoryview(data)
    found.records = count(data, START)
    try:
        for start, (end, errors) in sorted(_slices(data).items()):
            raw = view[start:end]
            record = decode_picked(raw)
            if errors > _errors_told(record) and any(data.count(name, start, end) > 1 for name in ERRORS):
                return None  # a key of an error twice, or one inside the request or the answer
            found.take(raw, record)
        found.check_times()
    except NotThisShape:
        return None
    return found


def _errors_told(record: Brief) -> int:
    return (record.errorCode is not None) + (record.errorMessage is not None)


def _slices(data: Buffer) -> dict[int, tuple[int, int]]:
    """Where the records lie in which a needle stands: by its beginning, the end of each, and how often an error's name stands in it."""
    find = searcher().find
    found: dict[int, tuple[int, int]] = {}
    last = len(data) - len(TAIL)
    for needle, counts in ((_CREDENTIALS, 0), (_ERROR, 1)):
        start = end = errors = 0
        at = find(data, needle, 0)
        while at >= 0:
            if at >= end:
                start, end, errors = data.rfind(START, 0, at), data.find(BETWEEN, at), 0
                end = end if end >= 0 else last
            errors += counts
            found[start] = end, errors
            at = find(data, needle, at + len(needle))
    return found


def as_text(lines: bytes) -> str:
    """Lines of JSON in ASCII, without the session tokens that were handed out: the access key alone identifies a session."""
    if b"sessionToken" in lines:
        lines = _TOKEN.sub(rb'\1"taken out"', lines)
    if lines.isascii() and len(lines.translate(None, _NO_LINE)) == len(lines):
        return lines.decode()
    return _UNUSUAL.sub(_escaped, lines.decode("utf-8", "replace").translate(_BLANKS))


def _escaped(found: re.Match[str]) -> str:
    """Signs as JSON escapes: log content never reaches a terminal as it is."""
    return json.dumps(found.group())[1:-1].replace("\x7f", "\\u007f")
