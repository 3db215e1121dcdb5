"""The bytes of single records in a log file, found without reading the others, and checked against what the reading of the whole file gave."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from trailsleuth.ingest.decode import NotJson, decode, may_repeat_keys
from trailsleuth.ingest.needles import count, find, positions
from trailsleuth.ingest.scan_shapes import Glance, NotThisShape, decode_errors, decode_glance, decode_raw_log

START = b'{"eventVersion"'  # how CloudTrail starts a record; a file that does otherwise costs one more pass
_BETWEEN = b',{"eventVersion"'
_ERRORS = (b'"errorCode"', b'"errorMessage"')
_ESCAPE = b"\\u00"
_ESCAPED = re.compile(rb"\\u00([4-7][0-9a-fA-F])")
_LETTERS = b"errorCodeMessage"


class Slices:
    """The records of one file as bytes."""

    def __init__(self, data: bytes, records: list[Glance]) -> None:
        self.data = data
        self.records = records
        self._all: list[bytes] | None = None
        self._at = 0

    def of(self, index: int) -> bytes:
        """The record at the index; asked for in ascending order, all of them together cost one pass over the file."""
        found = self._near(index) if self._all is None else None
        return found if found is not None else self._cut()[index]

    def _near(self, index: int) -> bytes | None:
        wanted = self.records[index]
        at = find(self.data, f'"{wanted.eventID}"'.encode(), self._at)
        start = self.data.rfind(START, 0, at) if at >= 0 else -1
        if start < 0:
            return None
        end = self.data.find(_BETWEEN, at)
        found = self.data[start:end] if end >= 0 else self.data[start : self.data.rfind(b"]", at)]
        try:
            same = decode_glance(found)
        except NotThisShape:
            return None
        if same.eventID != wanted.eventID or same.eventTime != wanted.eventTime or same.eventName != wanted.eventName:
            return None
        self._at = start
        return found

    def _cut(self) -> list[bytes]:
        if self._all is None:
            self._all = [bytes(raw) for raw in decode_raw_log(self.data).Records]
        return self._all


def hides_an_error(data: bytes, records: list[Glance]) -> bool:
    """An object has errorCode or errorMessage twice: the decoder then takes the last one, which may hide a refusal."""
    if _escapes_letters(data):
        return True
    codes = sum([record.errorCode is not None for record in records])
    messages = sum([record.errorMessage is not None for record in records])
    suspicious = [name for name, told in zip(_ERRORS, (codes, messages), strict=True) if count(data, name) > told]
    return any(_repeated(data, name) for name in suspicious)


def _escapes_letters(data: bytes) -> bool:
    """A letter of the names of errors is written as an escape: they are not found by their bytes."""
    return find(data, _ESCAPE) >= 0 and any(bytes.fromhex(digits.decode()) in _LETTERS for digits in _ESCAPED.findall(data))


def _repeated(data: bytes, name: bytes) -> bool:
    """One of the records that hold the name below their top, or more than once, has it twice in one object."""
    starts = [data.rfind(START, 0, at) for at in positions(data, name)]
    if -1 in starts:
        return True
    twice = {start for start, following in pairwise(starts) if start == following}
    return any(_repeats(data, start) for start in dict.fromkeys(starts) if start in twice or _inside_only(data, start, name))


def _record_at(data: bytes, start: int) -> bytes:
    end = data.find(_BETWEEN, start + 1)
    return data[start:end] if end >= 0 else data[start : data.rfind(b"]")]


def _inside_only(data: bytes, start: int, name: bytes) -> bool:
    try:
        errors = decode_errors(_record_at(data, start))
    except NotThisShape:
        return True
    return (errors.errorCode if name == _ERRORS[0] else errors.errorMessage) is None


def _repeats(data: bytes, start: int) -> bool:
    record = _record_at(data, start)
    try:
        return may_repeat_keys(record, decode(record))
    except NotJson:
        return True


def in_order(indexes: Iterable[int]) -> list[int]:
    """Each once, ascending."""
    return sorted(set(indexes))
