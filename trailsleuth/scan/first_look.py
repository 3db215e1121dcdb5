"""The first look at a log file: everything is counted, what was refused is kept, and who called is noted. Nothing else stays in memory.

The decoder reads all of the JSON, so shuffled keys, white space, escapes and any Unicode are no matter; what it does not take whole, or what a look at
single records could get wrong (repeated keys, notices of other services, deep nesting), is left to the careful reader: `glance_at` gives None.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zlib import crc32

from msgspec import Struct

from trailsleuth.catalog.action_kinds import policy_changes
from trailsleuth.catalog.issuing import ISSUING
from trailsleuth.ingest.coverage import NO_ACCOUNT
from trailsleuth.model import session_name_of
from trailsleuth.patterns import late
from trailsleuth.scan.identity import Identities, Seen, mark, packed, role_mark
from trailsleuth.scan.index_shapes import Span
from trailsleuth.scan.needles import Buffer, find
from trailsleuth.scan.plain import is_issuing, plain_records
from trailsleuth.scan.quick_denial import may_be_denial
from trailsleuth.scan.shapes import AssumedUser, Brief, Glance, Issued, NotThisShape, decode_asked, decode_issued
from trailsleuth.scan.slices import Slices, in_order

S3 = "s3.amazonaws.com"
_OPENING = struct.Struct("<6I")
_ROLE_WITH_PATH = late(rb'"(arn:[a-z-]+:iam::[0-9]+:role/[^"/\\]+/[^"\\]+)"')


class Glimpse(Struct, frozen=True, kw_only=True):
    """What is known of a file after the first look. `kept`: (position, record as bytes). `callers` and `openings` are packed checksums.

    `numbers`: eight bytes for each record, equal for copies of one. `calls` are (event source, event name) pairs; `buckets`: a record names an S3
    bucket among its resources.
    """

    records: int
    spans: tuple[Span, ...]
    numbers: bytes
    kept: tuple[tuple[int, bytes], ...]
    callers: bytes
    openings: bytes
    calls: frozenset[tuple[str, str]]
    buckets: bool


def glance_at(data: Buffer, identities: Identities, ids: frozenset[str] = frozenset()) -> Glimpse | None:
    """The first look at one file; `ids` are records asked for by name. None: read it the careful way."""
    records = plain_records(data)
    if records is None:
        return None
    calls = frozenset({(record.eventSource, record.eventName) for record in records})
    slices = Slices(data, records)
    try:
        raws = [bytes(record.userIdentity) for record in records]
        callers = {raw: identities.of(raw) for raw in set(raws)}
        issuing = issuing_among(records)
        kept = tuple([(index, slices.of(index)) for index in kept_among(records, raws, issuing, identities, ids)])
        openings = b"".join([_opening(records[index], callers[raws[index]]) for index in issuing])
    except NotThisShape:
        return None
    return Glimpse(
        records=len(records),
        spans=_spans(records, raws, callers),
        numbers=array("q", _numbers([(record.eventID, record.recipientAccountId) for record in records])).tobytes(),
        kept=kept,
        callers=packed({seen.who for seen in callers.values()}),
        openings=openings,
        calls=calls,
        buckets=find(data, b":s3:::") >= 0,
    )


def kept_among(records: list[Glance], raws: list[bytes], issuing: list[int], identities: Identities, ids: frozenset[str] = frozenset()) -> list[int]:
    """Where the records stand that every question looks at; `raws` are their callers, `issuing` the calls that handed out credentials."""
    calls = frozenset({(record.eventSource, record.eventName) for record in records})
    callers = {raw: identities.of(raw) for raw in set(raws)}
    return in_order([*_kept(records, calls, ids), *_showing_callers(raws, callers, identities), *_showing_roles(records, issuing, identities)])


def _kept(records: list[Glance], calls: frozenset[tuple[str, str]], ids: frozenset[str]) -> list[int]:
    """Refused calls, changes of policies, starts of pipelines, the records asked for, and one S3 data event: it tells that there are some."""
    found = [i for i, r in enumerate(records) if (r.errorCode or r.errorMessage) and may_be_denial(r.errorCode or "", r.errorMessage or "")]
    wanted = policy_changes() | {"StartPipelineExecution"}
    if not wanted.isdisjoint([name for _, name in calls]):
        found += [i for i, r in enumerate(records) if r.eventName in wanted]
    if ids:
        found += [i for i, r in enumerate(records) if r.eventID in ids]
    objects = {name for source, name in calls if source == S3 and "Object" in name}
    if objects or "Data" in {record.eventCategory for record in records}:
        found.append(next(i for i, r in enumerate(records) if r.eventCategory == "Data" or (r.eventSource == S3 and r.eventName in objects)))
    return found


def _showing_callers(raws: list[bytes], callers: dict[bytes, Seen], identities: Identities) -> list[int]:
    """Records whose caller shows a role's path for the first time: messages and session ARNs leave it out."""
    new = [raw for raw, seen in sorted(callers.items()) if seen.issuer is not None and identities.new_path(seen.issuer)]
    return [raws.index(raw) for raw in new]


def _showing_roles(records: list[Glance], issuing: list[int], identities: Identities) -> Iterator[int]:
    """The same of roles that a call opened."""
    for index in issuing:
        if (found := _ROLE_WITH_PATH.search(bytes(records[index].requestParameters))) and identities.new_path(found.group(1).decode()):
            yield index


def issuing_among(records: Sequence[Brief]) -> list[int]:
    """Where the calls stand that handed out credentials."""
    asked = [index for index, record in enumerate(records) if record.eventName in ISSUING]
    return [index for index in asked if is_issuing(records[index])]


class Opened(NamedTuple):
    """Checksums of what a call handed out: the access key, the role id, the role and the session name."""

    key: int
    owner: int
    role: int
    session: int


def issued_marks(record: Glance) -> Opened:
    """What a call that hands out credentials handed out; role and name from the request where the answer lacks them."""
    raw, request = bytes(record.responseElements), bytes(record.requestParameters)
    answer = decode_issued(raw) if raw.startswith(b"{") else Issued()
    user = answer.assumedRoleUser or answer.federatedUser or AssumedUser()
    role, session = user.arn, session_name_of(user.arn)
    if session is None and request.startswith(b"{"):
        asked = decode_asked(request)
        role, session = role or asked.roleArn, asked.roleSessionName
    key = answer.credentials.accessKeyId if answer.credentials else None
    return Opened(mark(key), mark(user.assumedRoleId or user.federatedUserId), role_mark(role), mark(session))


def _opening(record: Glance, caller: Seen) -> bytes:
    return _OPENING.pack(*issued_marks(record), caller.who.key, caller.who.owner)


def unpacked_openings(data: bytes) -> Iterator[tuple[int, ...]]:
    """(issued key, role id, role, session, the caller's key and id) of every call that handed out credentials."""
    return _OPENING.iter_unpack(data)


def record_number(event_id: str, account: str | None) -> int:
    """A number below 2**63 for a record, the same in every process: equal for copies, and hardly ever for others."""
    return _numbers([(event_id, account)])[0]


def _numbers(records: list[tuple[str, str | None]]) -> list[int]:
    begun = {account: crc32(account.encode("utf-8", "surrogatepass")) if account else 0 for account in {account for _, account in records}}
    texts = [(event_id.encode("utf-8", "surrogatepass"), begun[account]) for event_id, account in records]
    return [crc32(text, start) << 31 ^ crc32(text[len(text) // 2 :]) for text, start in texts]


def _spans(records: list[Glance], raws: list[bytes], callers: dict[bytes, Seen]) -> tuple[Span, ...]:
    named = {record.recipientAccountId for record in records}
    if len(named) == 1 and (account := next(iter(named))):
        return (_span(account, records),)
    accounts = [record.recipientAccountId or callers[raw].account or NO_ACCOUNT for record, raw in zip(records, raws, strict=True)]
    return tuple(_span(name, [r for r, account in zip(records, accounts, strict=True) if account == name]) for name in sorted(set(accounts)))


def _span(account: str, records: list[Glance]) -> Span:
    times = [record.eventTime for record in records]
    regions = {record.awsRegion for record in records}
    return Span(account=account, regions=tuple(sorted(r for r in regions if r)), first=min(times), last=max(times), records=len(records))
