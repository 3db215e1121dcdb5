"""Log files as CloudTrail writes them, decoded into the few members that a scan looks at; of any other file there is nothing here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from trailsleuth.catalog.issuing import ISSUING, STS
from trailsleuth.patterns import late
from trailsleuth.scan.needles import Buffer, count, find
from trailsleuth.scan.shapes import Brief, Glance, NotThisShape, decode_brief_log, decode_log
from trailsleuth.scan.slices import hides_an_error

R = TypeVar("R", bound=Brief)
TIME_LENGTH = len("2026-03-04T09:00:00Z")
# Where one of these stands, the file is no plain log of API calls, or nested deeper than real records are.
_NOT_PLAIN = (b"AwsCloudTrailInsight", b"}}}}}}}}}}}}")
_TIMES = late(r"(?:[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z)+")


def plain_records(data: Buffer) -> list[Glance] | None:
    """The records of a file that is a plain CloudTrail log throughout, else None."""
    records = _plain(data, decode_log)
    return records if records is not None and are_times([record.eventTime for record in records]) else None


def brief_records(data: Buffer) -> list[Brief] | None:
    """The same with less of each record, in less time; whether their times are times is not looked at."""
    return _plain(data, decode_brief_log)


class _Decoded(Protocol[R]):
    @property
    def Records(self) -> list[R]: ...


def _plain(data: Buffer, decode: Callable[[Buffer], _Decoded[R]]) -> list[R] | None:
    if data[:1] not in (b"{", b" ", b"\n") or any(find(data, sign) >= 0 for sign in _NOT_PLAIN) or count(data, b'"Records"') != 1:
        return None
    try:
        records = decode(data).Records
    except NotThisShape:
        return None
    return records if records and _whole(records) and not hides_an_error(data, records) else None


def _whole(records: Sequence[Brief]) -> bool:
    """Every record has an id that stands once, and a call."""
    ids = {record.eventID for record in records}
    if len(ids) != len(records) or "" in ids or "" in {record.eventName for record in records}:
        return False
    return not any(not source or source.startswith("aws:") for source in {record.eventSource for record in records})


def are_times(times: list[str]) -> bool:
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
