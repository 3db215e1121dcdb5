"""The records of one plain log file as rows of an index."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from trailsleuth.scan.first_look import Glimpse, Opened, glance_at, issued_marks
from trailsleuth.scan.identity import Identities
from trailsleuth.scan.index_shapes import IndexRow, Zone
from trailsleuth.scan.plain import is_issuing, plain_records
from trailsleuth.scan.shapes import Glance, decode_raw_log

_BUCKET = b":s3:::"
_NOTHING = Opened(0, 0, 0, 0)


class Indexed(Struct, kw_only=True):
    """A log file (or a part of one) as rows by zone. `owners`: of each bucket the order and position of the last record that tells its owner."""

    glimpse: Glimpse
    rows: list[tuple[Zone, IndexRow]]
    owners: dict[str, tuple[tuple[str, str], int]]


def index_of(data: bytes, identities: Identities, number: int, before: int, offset: int) -> Indexed | None:
    """The rows of a file, whose first record has the position `before`, and whose first byte is at `offset`. None: read it the careful way."""
    glimpse = glance_at(data, identities)
    records = plain_records(data) if glimpse is not None else None
    if glimpse is None or records is None:
        return None
    kept = {position for position, _ in glimpse.kept}
    rows: list[tuple[Zone, IndexRow]] = []
    for index, (record, (start, raw)) in enumerate(zip(records, _cut(data), strict=True)):
        opened = issued_marks(record) if is_issuing(record) else _NOTHING
        zone = Zone.KEPT if index in kept else _zone(record)
        rows.append((zone, _row(record, raw, opened, (number, before + index, offset + start))))
    return Indexed(glimpse=glimpse, rows=rows, owners=_owners(records, before))


def _zone(record: Glance) -> Zone:
    if is_issuing(record):
        return Zone.OPENING
    return Zone.FAILED if record.failed else Zone.CALL


def _cut(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every record as it stands in the file, and where."""
    at = 0
    for raw in map(bytes, decode_raw_log(data).Records):
        start = data.index(raw, at)
        yield start, raw
        at = start + len(raw)


def _row(record: Glance, raw: bytes, opened: Opened, place: tuple[int, int, int]) -> IndexRow:
    return IndexRow(
        *place,
        record.eventID,
        record.eventTime,
        record.recipientAccountId,
        record.awsRegion,
        record.eventSource,
        record.eventName,
        record.errorCode,
        record.errorMessage,
        record.vpcEndpointId,
        record.eventCategory,
        bytes(record.userIdentity),
        opened.key,
        opened.owner,
        raw,
    )


def _owners(records: list[Glance], before: int) -> dict[str, tuple[tuple[str, str], int]]:
    """Of each bucket the last record whose `resources` tell the account that owns it."""
    found: dict[str, tuple[tuple[str, str], int]] = {}
    for index, record in enumerate(records):
        raw = bytes(record.resources)
        if _BUCKET in raw:
            order = (record.eventTime, record.eventID)
            for bucket in _owned_buckets(raw):
                if bucket not in found or order > found[bucket][0]:
                    found[bucket] = (order, before + index)
    return found


def _owned_buckets(resources: bytes) -> Iterator[str]:
    members = msgspec.json.decode(resources)
    for member in members if isinstance(members, list) else ():
        arn = (member.get("ARN") or member.get("arn")) if isinstance(member, dict) else None
        if isinstance(arn, str) and ":s3:::" in arn and member.get("accountId"):
            yield arn.rpartition(":::")[2].partition("/")[0]
