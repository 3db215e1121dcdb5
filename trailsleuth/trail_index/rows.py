"""The records of log files as rows: what a worker reads out of them. It knows no question."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from trailsleuth.scan.first_look import glimpse_of, issued_marks, issuing_among
from trailsleuth.scan.identity import Identities, Who
from trailsleuth.scan.needles import Buffer
from trailsleuth.scan.parts import HEAD
from trailsleuth.scan.plain import plain_log
from trailsleuth.scan.quick import FileFacts, read_whole
from trailsleuth.scan.quick_denial import is_denial
from trailsleuth.scan.shapes import Glance, NotThisShape, decode_records
from trailsleuth.scan.units import LIMITS, STREAMED, Unit, parts_in

T = TypeVar("T")
_IDENTITIES = Identities()
_BUCKET = b":s3:::"


class UnitRows(Struct):
    """The records of a unit, a number for each in every column; `readable` is false where the file is no plain log throughout.

    `caller`, `call`, `place` and `error` are places in the lists of what there is. Positions count from the start of the unit. `openings`: (position,
    issued key, role id, role, session, and by whom: key and id). `owners`: of each bucket the time, id and position of the last record that tells its owner.
    `kept` are the records that are in the index whole, with their positions and whether they are denials beyond doubt.
    `gap`: bytes between the end of the record before and the start of the record.
    """

    unit: Unit
    facts: FileFacts | None = None
    readable: bool = True
    ids: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    caller: array[int] = field(default_factory=lambda: array("I"))
    call: array[int] = field(default_factory=lambda: array("I"))
    place: array[int] = field(default_factory=lambda: array("I"))
    error: array[int] = field(default_factory=lambda: array("I"))
    refused: bytearray = field(default_factory=bytearray)
    whole: bytearray = field(default_factory=bytearray)
    gap: array[int] = field(default_factory=lambda: array("q"))
    length: array[int] = field(default_factory=lambda: array("I"))
    callers: dict[bytes, int] = field(default_factory=dict)
    calls: dict[tuple[str, str], int] = field(default_factory=dict)
    places: dict[tuple[str | None, str | None, str | None], int] = field(default_factory=dict)
    errors: dict[tuple[str | None, str | None], int] = field(default_factory=lambda: {(None, None): 0})
    openings: list[tuple[int, ...]] = field(default_factory=list)
    owners: dict[str, tuple[tuple[str, str], int]] = field(default_factory=dict)
    kept: list[tuple[int, bytes, bool]] = field(default_factory=list)
    end: int = 0


def forget() -> None:
    """Another index is made: no role's path was met yet."""
    _IDENTITIES.forget()


def rows_of(chunk: list[Unit]) -> list[UnitRows]:
    """The rows of some units."""
    return [_rows_of(unit) for unit in chunk]


def _rows_of(unit: Unit) -> UnitRows:
    rows = UnitRows(unit)
    try:
        for data, offset in _pieces(rows):
            _add(rows, data, offset)
    except (OSError, ValueError, MemoryError, *NotThisShape):
        return UnitRows(unit, facts=rows.facts, readable=False)
    return rows


def _pieces(rows: UnitRows) -> Iterator[tuple[Buffer, int]]:
    """The content in parts, each a log file of its own, with the byte of the file that its first byte would be."""
    unit = rows.unit
    if unit.end == 0:
        found = read_whole(unit.path, LIMITS)
        if found is None:
            raise ValueError("to be read the careful way")
        rows.facts = found[1]
        yield found[0], 0
    else:
        offset = 0 if unit.end == STREAMED else unit.start - len(HEAD)
        for data in parts_in(unit):
            yield data, offset
            offset += len(data) - len(HEAD) - 1  # what follows is wrapped anew: without the end `]}`, but with the comma between


def _add(rows: UnitRows, data: Buffer, offset: int) -> None:
    """The records of a part. Raises ValueError where it is no plain log."""
    log = plain_log(data, decode_records)
    glimpse = glimpse_of(data, log, _IDENTITIES) if log is not None else None
    if log is None or glimpse is None:
        raise ValueError("no plain log")
    records, before = log.records, len(rows.ids)
    raws = [bytes(record.userIdentity) for record in records]
    cut = [memoryview(raw) for raw in log.raws]
    rows.gap.extend(_gaps(rows, data, cut, offset))
    rows.length.extend(map(len, cut))
    rows.ids += [record.eventID for record in records]
    rows.times += [record.eventTime for record in records]
    rows.caller.extend(_numbered(raws, rows.callers))
    rows.call.extend(_numbered([(record.eventSource, record.eventName) for record in records], rows.calls))
    rows.place.extend(_numbered([(record.recipientAccountId, record.awsRegion, record.vpcEndpointId) for record in records], rows.places))
    rows.error.extend(_numbered([(record.errorCode, record.errorMessage) if record.failed else (None, None) for record in records], rows.errors))
    rows.refused += bytes([record.errorCode is not None and _refused(record) for record in records])
    kept = sorted([(index, raw, False) for index, raw in glimpse.kept] + [(one.position, one.raw, True) for one in glimpse.refused])
    rows.kept += [(before + index, raw, sure) for index, raw, sure in kept]
    whole = {index for index, *_ in kept}
    rows.whole += bytes([index in whole for index in range(len(records))])
    rows.openings += [_opening(before + index, records[index], _IDENTITIES.of(raws[index]).who) for index in issuing_among(records)]
    for bucket, order, index in _owners(records):
        if bucket not in rows.owners or order > rows.owners[bucket][0]:
            rows.owners[bucket] = (order, before + index)


def _numbered(values: Iterable[T], known: dict[T, int]) -> list[int]:
    """A number for each value: its place among those met so far."""
    return [known.setdefault(value, len(known)) for value in values]


def _gaps(rows: UnitRows, data: Buffer, cut: Iterable[memoryview], offset: int) -> Iterator[int]:
    at = 0
    for raw in cut:
        at = data.index(raw, at)
        yield offset + at - rows.end
        at += len(raw)
        rows.end = offset + at


def _refused(record: Glance) -> bool:
    return is_denial(record.errorCode or "", record.errorMessage or "", (record.eventSource, record.eventName))


def _opening(position: int, record: Glance, caller: Who) -> tuple[int, ...]:
    return (position, *issued_marks(record), caller.key, caller.owner)


def _owners(records: list[Glance]) -> Iterator[tuple[str, tuple[str, str], int]]:
    """The records whose `resources` tell the account that owns a bucket."""
    for index, record in enumerate(records):
        raw = bytes(record.resources)
        members = msgspec.json.decode(raw) if _BUCKET in raw else ()
        for member in members if isinstance(members, list) else ():
            arn = (member.get("ARN") or member.get("arn")) if isinstance(member, dict) else None
            if isinstance(arn, str) and ":s3:::" in arn and member.get("accountId"):
                yield arn.rpartition(":::")[2].partition("/")[0], (record.eventTime, record.eventID), index
