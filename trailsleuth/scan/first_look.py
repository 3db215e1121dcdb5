"""The first look at a log file: everything is counted, what was refused is kept as bytes, and who called is noted. Nothing else stays in memory.

The decoder reads all of the JSON, so shuffled keys, white space, escapes and any Unicode are no matter; what it does not take whole, or what a look at
single records could get wrong (repeated keys, notices of other services, deep nesting), is left to the careful reader: `glance_at` gives None.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import compress, repeat
from operator import attrgetter, lshift, xor
from typing import NamedTuple
from zlib import adler32, crc32

from msgspec import Struct

from trailsleuth.catalog.action_kinds import policy_changes
from trailsleuth.catalog.issuing import ISSUING
from trailsleuth.ingest.coverage import NO_ACCOUNT
from trailsleuth.ingest.record import MAX_DEPTH
from trailsleuth.model import session_name_of
from trailsleuth.patterns import late
from trailsleuth.scan.identity import Identities, Seen, Who, mark, packed, role_mark
from trailsleuth.scan.needles import Buffer, find
from trailsleuth.scan.plain import PlainLog, are_times, is_issuing, plain_log
from trailsleuth.scan.quick_denial import is_beyond_doubt, may_be_denial
from trailsleuth.scan.shapes import AssumedUser, Brief, Glance, Issued, NotThisShape, decode_asked, decode_issued, decode_records
from trailsleuth.scan.things_named import absent_marks, told_marks

S3 = "s3.amazonaws.com"
_OPENING = struct.Struct("<6I")
_WITH_PATH = late(rb'"(arn:[a-z-]+:iam::[0-9]+:role/[^"/\\]+/[^"\\]+)"')
_NAMED_WITH_PATH = late(rb"arn:[a-z-]+:iam::[0-9]+:(?:role|user)/[\w+=,.@-]+/[\w+=,.@/-]+")
_USUAL = frozenset({None, "Management"})
_columns = attrgetter("eventID", "eventSource", "eventName", "eventTime", "awsRegion", "recipientAccountId", "eventCategory", "errorCode")
_caller = attrgetter("userIdentity")


class Span(Struct, frozen=True, kw_only=True):
    """What a part of a file holds of one account."""

    account: str
    regions: tuple[str, ...]
    first: str
    last: str
    records: int


class Refusal(NamedTuple):
    """A denied call beyond doubt, of a caller with a key: what tells whether a question has to do with it, and its bytes."""

    position: int
    time: str
    who: Who
    caller: str | None
    call: str
    code: str
    raw: bytes


class Glimpse(Struct, frozen=True, kw_only=True):
    """What is known of a file after the first look. `kept`: (position, record as bytes), what has to be read whatever is asked.
    `callers` (in the order in which they called first) and `openings` are packed checksums; so are those of what calls `told` of keys and tags, and of what
    they were told is `absent`.

    `numbers`: eight bytes for each record, equal for copies of one. `calls` are (event source, event name) pairs; `buckets`: a record names an S3
    bucket among its resources.
    """

    records: int
    spans: tuple[Span, ...]
    numbers: bytes
    kept: tuple[tuple[int, bytes], ...]
    refused: tuple[Refusal, ...] = ()
    callers: bytes
    openings: bytes
    calls: frozenset[tuple[str, str]]
    buckets: bool
    told: bytes
    absent: bytes


def glance_at(data: Buffer, identities: Identities, ids: frozenset[str] = frozenset()) -> Glimpse | None:
    """The first look at one file; `ids` are records asked for by name. None: read it the careful way."""
    log = plain_log(data, decode_records)
    return glimpse_of(data, log, identities, ids) if log is not None else None


def glimpse_of(data: Buffer, log: PlainLog[Glance], identities: Identities, ids: frozenset[str] = frozenset()) -> Glimpse | None:
    """The same of one that is decoded."""
    columns = Columns(*zip(*map(_columns, log.records), strict=True))
    if not are_times(columns.times):
        return None
    try:
        raws = list(map(bytes, map(_caller, log.records)))
        callers = {raw: identities.of(raw) for raw in dict.fromkeys(raws)}
        issuing = issuing_among(log.records)
        openings = b"".join([_opening(log.records[index], callers[raws[index]]) for index in issuing])
        failed = list(compress(range(len(log.records)), columns.codes))
        calls = list(zip(columns.sources, columns.names, strict=True))
        told, absent = told_marks(calls, log.records), absent_marks(log.records[index] for index in failed)
    except NotThisShape:
        return None
    kept = _shown(columns, log.records, raws, callers, issuing, identities) | {
        index for index, name in enumerate(columns.event_ids if ids else ()) if name in ids
    }
    refused: list[Refusal] = []
    for index in failed:
        if not may_be_denial(columns.codes[index] or "", log.records[index].errorMessage or ""):
            continue
        refusal = None if index in kept else _refusal(index, log.records[index], bytes(log.raws[index]), callers[raws[index]], identities)
        if refusal is None:
            kept.add(index)
        else:
            refused.append(refusal)
    return Glimpse(
        records=len(log.records),
        spans=_spans(columns.times, columns.regions, columns.accounts, lambda: [callers[raw].account for raw in raws]),
        numbers=_numbers(columns.event_ids, columns.accounts).tobytes(),
        kept=tuple([(index, bytes(log.raws[index])) for index in sorted(kept)]),
        refused=tuple(refused),
        callers=packed(seen.who for seen in callers.values()),
        openings=openings,
        calls=frozenset(calls),
        buckets=find(data, b":s3:::") >= 0,
        told=told,
        absent=absent,
    )


class Columns(NamedTuple):
    """The members of all records, each by itself."""

    event_ids: Sequence[str]
    sources: Sequence[str]
    names: Sequence[str]
    times: Sequence[str]
    regions: Sequence[str | None]
    accounts: Sequence[str | None]
    categories: Sequence[str | None]
    codes: Sequence[str | None]


def _shown(columns: Columns, records: Sequence[Glance], raws: list[bytes], callers: dict[bytes, Seen], issuing: list[int], identities: Identities) -> set[int]:
    """Records that tell of others than themselves."""
    shown = {*_changing(columns.names), *_of_new_kind(columns, identities)}
    return shown | {*_showing_callers(records, raws, callers, identities), *_showing_roles(records, issuing, identities)}


def _refusal(index: int, record: Glance, raw: bytes, seen: Seen, identities: Identities) -> Refusal | None:
    """None where the record has to be read to know what it is, whose it is, or what it shows of others."""
    code, message = record.errorCode or "", record.errorMessage or ""
    told = seen.who.key and seen.caller and record.recipientAccountId and record.recipientAccountId.isdecimal() and not record.sharedEventID
    if not told or not is_beyond_doubt(code, message) or raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        return None
    shown = [text.decode() for text in _NAMED_WITH_PATH.findall(raw)] if b":role/" in raw or b":user/" in raw else []
    if [text for text in shown if identities.is_new(text)] or ("uthorization" in message and identities.is_new(f"id {record.eventSource}")):
        return None
    return Refusal(index, record.eventTime, seen.who, seen.caller, f"{record.eventSource}:{record.eventName}", code, raw)


def _changing(names: Sequence[str]) -> Iterator[int]:
    """Changes of policies, and starts of pipelines."""
    wanted = policy_changes() | {"StartPipelineExecution"}
    return (index for index, name in enumerate(names) if name in wanted) if not wanted.isdisjoint(names) else iter(())


def _of_new_kind(columns: Columns, identities: Identities) -> Iterator[int]:
    """One record of each account, of each category, and of S3's calls for objects: they tell that there are some."""
    accounts, categories = columns.accounts, columns.categories
    yield from (accounts.index(account) for account in {*accounts} if identities.is_new(f"account {account}"))
    yield from (categories.index(category) for category in {*categories} - _USUAL if identities.is_new(f"category {category}"))
    objects = {name for source, name in {*zip(columns.sources, columns.names, strict=True)} if source == S3 and "Object" in name}
    if objects and identities.is_new("objects"):
        yield next(index for index, name in enumerate(columns.names) if name in objects and columns.sources[index] == S3)


def _showing_callers(records: Sequence[Glance], raws: list[bytes], callers: dict[bytes, Seen], identities: Identities) -> Iterator[int]:
    """Records whose caller shows a path for the first time (messages and session ARNs leave it out), or is let in from an account for the first time."""
    for raw, seen in sorted(callers.items()):
        if seen.caller is not None and seen.caller.count("/") > 1 and identities.is_new(seen.caller):
            yield raws.index(raw)
    accounts = {seen.account for seen in callers.values() if seen.account is not None and not identities.has(f"let in {seen.account}")}
    if accounts:
        for index, (record, raw) in enumerate(zip(records, raws, strict=True)):
            account = callers[raw].account
            if account in accounts and not record.failed and identities.is_new(f"let in {account}"):
                yield index


def _showing_roles(records: Sequence[Glance], issuing: list[int], identities: Identities) -> Iterator[int]:
    """The same of roles that a call opened."""
    for index in issuing:
        if (found := _WITH_PATH.search(bytes(records[index].requestParameters))) and identities.is_new(found.group(1).decode()):
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
    answer = decode_issued(record.responseElements) or Issued()
    user = answer.assumedRoleUser or answer.federatedUser or AssumedUser()
    role, session = user.arn, session_name_of(user.arn)
    if session is None and (asked := decode_asked(record.requestParameters)) is not None:
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
    return _numbers([event_id], [account])[0]


def _numbers(event_ids: Sequence[str], accounts: Sequence[str | None]) -> array[int]:
    begun = {account: crc32(account.encode("utf-8", "surrogatepass")) if account else 0 for account in {*accounts}}
    starts = repeat(begun[accounts[0]]) if len(begun) == 1 else map(begun.__getitem__, accounts)
    texts = [event_id.encode("utf-8", "surrogatepass") for event_id in event_ids]
    return array("q", map(xor, map(lshift, map(crc32, texts, starts), repeat(31)), map(adler32, texts)))


def _spans(times: Sequence[str], regions: Sequence[str | None], accounts: Sequence[str | None], callers: Callable[[], list[str | None]]) -> tuple[Span, ...]:
    """By account; of records that name none by that of their callers."""
    if len({*accounts}) == 1 and accounts[0]:
        return (_span(accounts[0], times, regions),)
    own = [account or called or NO_ACCOUNT for account, called in zip(accounts, callers() if not all(accounts) else accounts, strict=True)]
    each = ((name, list(map(name.__eq__, own))) for name in sorted({*own}))
    return tuple(_span(name, list(compress(times, is_own)), list(compress(regions, is_own))) for name, is_own in each)


def _span(account: str, times: Sequence[str], regions: Sequence[str | None]) -> Span:
    return Span(account=account, regions=tuple(sorted(region for region in {*regions} if region)), first=min(times), last=max(times), records=len(times))
