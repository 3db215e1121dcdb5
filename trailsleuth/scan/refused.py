"""The refused calls of a log file and the calls that handed out credentials, in one look: of any other record hardly more than the error is read."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Sequence
from itertools import accumulate

from msgspec import ValidationError

from trailsleuth.catalog.issuing import ISSUING, STS
from trailsleuth.ingest.fields import is_blanked
from trailsleuth.patterns import late
from trailsleuth.scan.identity import FOREIGN, mark
from trailsleuth.scan.needles import Buffer, count, holds_only, searcher
from trailsleuth.scan.parts import BETWEEN, HEAD, START, TAIL
from trailsleuth.scan.plain import CODE, MESSAGE, are_times, escapes_letters, is_issuing, plain_log
from trailsleuth.scan.quick_denial import is_denial
from trailsleuth.scan.shapes import AssumedUser, Brief, Caller, Credentials, Issued, NotThisShape, Picked, decode_brief_records, decode_picked

_ERROR = b'"error'  # how both names of an error begin
_CREDENTIALS = b'"credentials"'  # in the answer of every call of ISSUING
_PLAIN = bytes((*range(0x20, 0x7F), 0x0A))  # what lines of printable ASCII consist of
_UNUSUAL = late(r"[^ -~\n]+")
_NAME = b'"sessionToken"'
_TOKEN = late(rb'("sessionToken"\s*:\s*)"[^"\\]*(?:\\.[^"\\]*)*"')
_BLANKS = str.maketrans("\r\t", "  ")
Raw = Buffer | memoryview


class Pile:
    """Records as lines, and a row of numbers for each: what the record is known by, then the offset and the length of its line in a file.

    `at` is where the first line is going to stand in that file.
    """

    def __init__(self, at: int = 0) -> None:
        self._at = at
        self._lines: list[Raw] = []
        self._columns: tuple[Sequence[int], ...] = ()

    def put(self, raws: Sequence[Raw], *columns: Sequence[int]) -> None:
        """Records, and what they are known by: a column for each of the numbers."""
        lengths = [len(raw) + 1 for raw in raws]
        self._columns = (*columns, list(accumulate(lengths[:-1], initial=self._at)) if lengths else [], lengths)
        self._lines = [line for raw in raws for line in (raw, b"\n")]

    def rows(self) -> bytes:
        """The rows, eight bytes for each number."""
        return interleaved(*self._columns).tobytes() if self._lines else b""

    def content(self) -> bytes:
        """All lines."""
        content = b"".join(self._lines)
        if count(content, b"\n") == len(self._lines) // 2:
            return content
        return b"".join(line if line == b"\n" else bytes(line).replace(b"\n", b" ") for line in self._lines)


class RefusedIn:
    """What is refused in one file, and who was let in.

    A refused call is known by (a number of its id, its session), one that handed out credentials by (the number, the session that its key makes, the one
    that its principal id makes, the session that called). Sessions are numbers: see `session_number`. The piles are filled by `finish`. `denied` are the
    refused records with their positions.
    """

    def __init__(self, refused_at: int = 0, openings_at: int = 0) -> None:
        self.records = 0
        self.refused = Pile(refused_at)
        self.openings = Pile(openings_at)
        self.denied: list[tuple[int, Raw]] = []
        self._refused: list[tuple[Raw, Picked]] = []
        self._openings: list[tuple[Raw, Picked, Issued, Credentials]] = []

    def take(self, position: int, raw: Raw, record: Picked) -> None:
        """The record is refused, or hands out credentials, or is none of ours."""
        code, message = record.errorCode, record.errorMessage
        if code or message:
            if is_denial(code or "", message or "", (record.eventSource, record.eventName)):
                self._refused.append((raw, record))
                self.denied.append((position, raw))
        elif record.eventName in ISSUING and record.eventSource == STS and (answer := record.responseElements) and (credentials := answer.credentials):
            self._openings.append((raw, record, answer, credentials))

    def finish(self) -> None:
        """Puts all that was taken on the piles. Raises ValidationError where one of the records has no time as CloudTrail writes it."""
        records = [record for _, record in self._refused] + [record for _, record, _, _ in self._openings]
        if records and not are_times([record.eventTime for record in records]):
            raise ValidationError("no time as CloudTrail writes it")
        numbers, sessions = [mark(record.eventID) for record in records], _sessions([record.userIdentity for record in records])
        border = len(self._refused)
        self.refused.put([raw for raw, _ in self._refused], numbers[:border], sessions[:border])
        users = [answer.assumedRoleUser or answer.federatedUser or _NOBODY for _, _, answer, _ in self._openings]
        keys = _marks([credentials.accessKeyId for _, _, _, credentials in self._openings])
        owners = _marks([user.assumedRoleId or user.federatedUserId for user in users])
        self.openings.put([raw for raw, *_ in self._openings], numbers[border:], [key << 32 for key in keys], owners, sessions[border:])


_NOBODY = AssumedUser()


def _marks(names: Sequence[str | None]) -> list[int]:
    """Checksums of names; 0 for none, and for one that was blanked."""
    return [mark(name) if name and not is_blanked(name) else 0 for name in names]


def _sessions(callers: Sequence[Caller | None]) -> list[int]:
    """The sessions that called, 0 for none; in a file the same few stand again and again."""
    told = [(caller.type, caller.accessKeyId, caller.principalId, caller.arn) if caller is not None else None for caller in callers]
    known = {one: _session(*one) if one is not None else 0 for one in set(told)}
    return [known[one] for one in told]


def _session(kind: str | None, key: str | None, principal_id: str | None, arn: str | None) -> int:
    by_key, by_id, by_arn = _marks((None if kind in FOREIGN else key, principal_id, arn))
    return session_number(by_key, by_id or by_arn)


def interleaved(*columns: Sequence[int]) -> array[int]:
    """Rows of columns."""
    rows = array("Q", bytes(8 * len(columns) * len(columns[0])))
    for index, column in enumerate(columns):
        rows[index :: len(columns)] = array("Q", column)
    return rows


def session_number(key: int, owner: int) -> int:
    """A session by the checksum of its key, else by that of its principal id, as one number; 0 for none."""
    return key << 32 if key else owner


def refused_in(data: Buffer, refused_at: int = 0, openings_at: int = 0) -> RefusedIn | None:
    """The look at one file; the lines are going to stand at these places of two files. None: read it the careful way."""
    try:
        return _by_needles(data, RefusedIn(refused_at, openings_at)) or _by_decoding(data, RefusedIn(refused_at, openings_at))
    except NotThisShape:
        return None


def denied_in(data: Buffer) -> tuple[int, list[tuple[int, Raw]]] | None:
    """How many records a log file holds, and those that are denied, with their positions. None: read it the careful way."""
    found = refused_in(data)
    if found is None or (data.startswith(HEAD) and count(data, START) != count(data, BETWEEN) + 1):
        return None  # there is a record inside of a record
    return found.records, found.denied


def _by_decoding(data: Buffer, found: RefusedIn) -> RefusedIn | None:
    """All of the JSON is decoded."""
    log = plain_log(data, decode_brief_records)
    if log is None:
        return None
    found.records = len(log.records)
    for index, record in enumerate(log.records):
        if record.failed or is_issuing(record):
            raw = bytes(log.raws[index])
            found.take(index, raw, decode_picked(raw))
    found.finish()
    return found


def _by_needles(data: Buffer, found: RefusedIn) -> RefusedIn | None:
    """Only the records are decoded in which the bare name of an error's key or of the credentials handed out stands.

    None where the file is not written as CloudTrail writes it: a record cut out between two usual beginnings then decodes as a whole, or all has to be.
    """
    if not data.startswith(HEAD) or not data.endswith(TAIL) or escapes_letters(data):
        return None
    view = memoryview(data)
    position = counted = 0
    try:
        failed = _slices(data, _ERROR)
        for start, end in sorted((_slices(data, _CREDENTIALS) | failed).items()):
            position, counted = position + data.count(START, counted, start), start
            raw = view[start:end]
            record = decode_picked(raw)
            if start in failed and data.count(_ERROR, start, end) > _errors_told(record) and any(data.count(name, start, end) > 1 for name in (CODE, MESSAGE)):
                return None  # a key of an error twice, or one inside the request or the answer
            found.take(position, raw, record)
        found.records = position + data.count(START, counted)
        found.finish()
    except NotThisShape:
        return None
    return found


def _errors_told(record: Brief) -> int:
    return (record.errorCode is not None) + (record.errorMessage is not None)


def _slices(data: Buffer, needle: bytes) -> dict[int, int]:
    """Where the records begin and end in which the needle stands."""
    find, rfind = searcher().find, searcher().rfind
    found: dict[int, int] = {}
    at = find(data, needle, 0)
    while at >= 0:
        start, end = rfind(data, START, 0, at), find(data, BETWEEN, at)
        found[start] = end = end if end >= 0 else len(data) - len(TAIL)
        at = find(data, needle, end)
    return found


def as_text(lines: bytes) -> str:
    """Lines of JSON in ASCII, without the session tokens that were handed out: the access key alone identifies a session."""
    if _NAME in lines:
        lines = _TOKEN.sub(rb'\1"taken out"', lines)
    if holds_only(lines, _PLAIN):
        return lines.decode()
    return _UNUSUAL.sub(_escaped, lines.decode("utf-8", "replace").translate(_BLANKS))


def _escaped(found: re.Match[str]) -> str:
    """Signs as JSON escapes: log content never reaches a terminal as it is."""
    return json.dumps(found.group())[1:-1].replace("\x7f", "\\u007f")
