"""Log files as CloudTrail writes them, decoded into the few members that a scan looks at; of any other file there is nothing here."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Generic, NamedTuple, TypeVar

import msgspec

from trailsleuth.catalog.issuing import ISSUING, STS
from trailsleuth.ingest.decode import NotJson, decode, may_repeat_keys
from trailsleuth.patterns import late
from trailsleuth.scan.needles import Buffer, find, positions
from trailsleuth.scan.shapes import Brief, Glance, NotThisShape, decode_raws, decode_records

R = TypeVar("R", bound=Brief)
TIME_LENGTH = len("2026-03-04T09:00:00Z")
CODE, MESSAGE = b'"errorCode"', b'"errorMessage"'  # of an error
INSIGHT = "AwsCloudTrailInsight"  # counts calls and shows none
_NESTED = (b"}}}}}}}}}}}}", b"]]]]]]]]]]]]")  # deeper than real records are
_BEGIN, _END = late(rb'[ \t\r\n]*\{[ \t\r\n]*"Records"[ \t\r\n]*:[ \t\r\n]*(?=\[)'), late(rb"\][ \t\r\n]*\}[ \t\r\n]*\Z")
_LETTER = late(rb"\\u00(?:[46][1-9a-fA-F]|[57][0-9aA])")
_TIMES = late(r"(?:[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z)+")


class PlainLog(NamedTuple, Generic[R]):
    """The records of a log file, each also as the bytes that it is."""

    records: list[R]
    raws: list[msgspec.Raw]


def plain_log(data: Buffer, shape: Callable[[memoryview], list[R]]) -> PlainLog[R] | None:
    """The records of a file that is a plain CloudTrail log throughout, else None; whether their times are times is not looked at."""
    listed = list_in(data)
    if listed is None or any(find(data, deep) >= 0 for deep in _NESTED) or escapes_letters(data):
        return None
    try:
        log = PlainLog(shape(listed), decode_raws(listed))
    except NotThisShape:
        return None
    return log if log.records and _whole(log.records) and not _hides_an_error(data, len(listed), log) else None


def plain_records(data: Buffer) -> list[Glance] | None:
    """The records with all that a scan looks at, their times as CloudTrail writes them."""
    log = plain_log(data, decode_records)
    return log.records if log is not None and are_times([record.eventTime for record in log.records]) else None


def list_in(data: Buffer) -> memoryview | None:
    """The list that `Records` is, in a file that holds no other member; whether it is one list, its decoder says."""
    begin, end = _BEGIN.match(data), _END.search(data, max(0, len(data) - 64))
    return memoryview(data)[begin.end() : end.start() + 1] if begin and end else None


def _whole(records: Sequence[Brief]) -> bool:
    """Every record has an id that stands once, and is of a call."""
    ids = {record.eventID for record in records}
    if len(ids) != len(records) or "" in ids or "" in {record.eventName for record in records} or INSIGHT in {record.eventType for record in records}:
        return False
    return not any(not source or source.startswith("aws:") for source in {record.eventSource for record in records})


def are_times(times: Sequence[str]) -> bool:
    """All are times in CloudTrail's own form."""
    if {*map(len, times)} != {TIME_LENGTH} or _TIMES.fullmatch("".join(times)) is None:
        return False
    try:
        for hour in {time[:13] for time in times}:
            datetime.fromisoformat(hour)
    except ValueError:
        return False
    return True


def is_issuing(record: Brief) -> bool:
    """The call handed out credentials."""
    return record.eventName in ISSUING and record.eventSource == STS and not record.failed


def escapes_letters(data: Buffer) -> bool:
    """A letter of a name that is looked for is written as an escape: it is not found by its bytes."""
    at = data.find(b"\\")
    while at >= 0:
        if _LETTER.match(data, at):
            return True
        at = data.find(b"\\", at + 2)
    return False


def _hides_an_error(data: Buffer, length: int, log: PlainLog[R]) -> bool:
    """An object has errorCode twice, or one of a failed call errorMessage: the decoder then takes the last one, which may hide a refusal."""
    failed = [index for index, record in enumerate(log.records) if record.errorCode is not None]
    places = positions(data, CODE)
    twice = {index for index in failed if bytes(log.raws[index]).count(MESSAGE) > 1}
    if len(places) > len(failed):
        begin = data.index(b"[")
        ends = list(accumulate((len(memoryview(raw)) + 1 for raw in log.raws), initial=begin + 1))
        if ends[-1] != begin + length:
            return any(map(repeats, map(bytes, log.raws)))  # there is white space between them
        twice.update(at - 1 for at, count in Counter([bisect_right(ends, place) for place in places]).items() if count > 1)
    return any(repeats(bytes(log.raws[index])) for index in twice)


def repeats(record: bytes) -> bool:
    """A key may stand twice in an object."""
    try:
        return may_repeat_keys(record, decode(record))
    except NotJson:
        return True
