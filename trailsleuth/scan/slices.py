"""The bytes of single records in a log file, found without reading the others, and checked against what the reading of the whole file gave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

from trailsleuth.ingest.decode import NotJson, decode, may_repeat_keys
from trailsleuth.patterns import late
from trailsleuth.scan.needles import Buffer, count, find, positions
from trailsleuth.scan.shapes import Brief, NotThisShape, Picked, decode_brief, decode_errors, decode_raw_log

V = TypeVar("V", Brief, Picked)
START = b'{"eventVersion"'  # how CloudTrail starts a record; a file that does otherwise costs one more pass
BETWEEN = b',{"eventVersion"'
ERRORS = (b'"errorCode"', b'"errorMessage"')
_ESCAPE = b"\\u00"
_ESCAPED = late(rb"\\u00([4-7][0-9a-fA-F])")
_LETTERS = bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B))


class Slices:
    """The records of one file as bytes."""

    def __init__(self, data: Buffer, records: Sequence[Brief]) -> None:
        self.data = data
        self.records = records
        self._all: list[bytes] | None = None
        self._at = 0

    def of(self, index: int) -> bytes:
        """The record at the index; asked for in ascending order, all of them together cost one pass over the file."""
        return self.with_value(index, decode_brief)[0]

    def with_value(self, index: int, decode: Callable[[bytes], V]) -> tuple[bytes, V]:
        """The same, and what it decodes to. Raises a NotThisShape error where it does not."""
        found = self._near(index, decode) if self._all is None else None
        if found is not None:
            return found
        raw = self._cut()[index]
        return raw, decode(raw)

    def _near(self, index: int, decode: Callable[[bytes], V]) -> tuple[bytes, V] | None:
        wanted = self.records[index]
        at = find(self.data, f'"{wanted.eventID}"'.encode(), self._at)
        start = self.data.rfind(START, 0, at) if at >= 0 else -1
        if start < 0:
            return None
        end = self.data.find(BETWEEN, at)
        found = bytes(self.data[start:end] if end >= 0 else self.data[start : self.data.rfind(b"]", at)])
        try:
            same = decode(found)
        except NotThisShape:
            return None
        if same.eventID != wanted.eventID or same.eventName != wanted.eventName:
            return None
        self._at = start
        return found, same

    def _cut(self) -> list[bytes]:
        if self._all is None:
            self._all = [bytes(raw) for raw in decode_raw_log(self.data).Records]
        return self._all


def hides_an_error(data: Buffer, records: Sequence[Brief]) -> bool:
    """An object has errorCode or errorMessage twice: the decoder then takes the last one, which may hide a refusal."""
    if escapes_letters(data):
        return True
    codes = sum([1 for record in records if record.errorCode is not None])
    messages = sum([1 for record in records if record.errorMessage is not None])
    suspicious = [name for name, told in zip(ERRORS, (codes, messages), strict=True) if count(data, name) > told]
    return any(_repeated(data, name) for name in suspicious)


def escapes_letters(data: Buffer) -> bool:
    """A letter of a name that is looked for is written as an escape: it is not found by its bytes."""
    return find(data, _ESCAPE) >= 0 and any(bytes.fromhex(digits.decode()) in _LETTERS for digits in _ESCAPED.findall(data))


def _repeated(data: Buffer, name: bytes) -> bool:
    """One of the records that hold the name below their top, or more than once, has it twice in one object."""
    starts = [data.rfind(START, 0, at) for at in positions(data, name)]
    if -1 in starts:
        return True
    twice = {start for start, following in pairwise(starts) if start == following}
    return any(_repeats(data, start) if start in twice else not _is_whole(data, start) for start in dict.fromkeys(starts))


def _record_at(data: Buffer, start: int) -> bytes:
    end = data.find(BETWEEN, start + 1)
    return bytes(data[start:end] if end >= 0 else data[start : data.rfind(b"]")])


def _is_whole(data: Buffer, start: int) -> bool:
    """What starts there is a whole record: a name that stands once in it stands once in every object of it."""
    try:
        decode_errors(_record_at(data, start))
    except NotThisShape:
        return False
    return True


def _repeats(data: Buffer, start: int) -> bool:
    record = _record_at(data, start)
    try:
        return may_repeat_keys(record, decode(record))
    except NotJson:
        return True


def in_order(indexes: Iterable[int]) -> list[int]:
    """Each once, ascending."""
    return sorted(set(indexes))
