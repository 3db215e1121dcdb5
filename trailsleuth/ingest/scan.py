"""The first look at a log file: everything is counted, what was refused is kept, and who called is noted. Nothing else stays in memory.

The decoder reads all of the JSON, so shuffled keys, white space, escapes and any Unicode are no matter; what it does not take whole, or what a look at
single records could get wrong (repeated keys, notices of other services, deep nesting), is left to the careful reader: `glance_at` gives None.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import NamedTuple

from trailsleuth.catalog.changes import policy_changes
from trailsleuth.catalog.issuing import ISSUING, STS
from trailsleuth.ingest.coverage import NO_ACCOUNT
from trailsleuth.ingest.needles import count, find
from trailsleuth.ingest.scan_denials import may_be_denial
from trailsleuth.ingest.scan_identity import Identities, Who, mark, packed, role_mark
from trailsleuth.ingest.scan_shapes import AssumedUser, Glance, Issued, NotThisShape, decode_asked, decode_issued, decode_log
from trailsleuth.ingest.scan_slices import Slices, hides_an_error, in_order
from trailsleuth.model import session_name_of

TIME_LENGTH = len("2026-03-04T09:00:00Z")
_OPENING = struct.Struct("<6I")
_ROLE_WITH_PATH = re.compile(rb'"(arn:[a-z-]+:iam::[0-9]+:role/[^"/\\]+/[^"\\]+)"')

# Where one of these stands, the file is no plain log of API calls, or nested deeper than real records are.
_NOT_PLAIN = (b'"insightDetails"', b"AwsCloudTrailInsight", b'"acsRegion"', b'"addendum"', b'"eventSource":"aws:', b"}}}}}}}}}}}}", b"]]]]]]]]", b"[[[[[[[[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What a file holds of one account."""

    account: str
    regions: tuple[str, ...]
    first: str
    last: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """What is known of a file after the first look. `kept`: (position, record as bytes). `callers` and `openings` are packed checksums.

    `calls` are (event source, event name) pairs; `buckets`: a record names an S3 bucket among its resources.
    """

    records: int
    spans: tuple[Span, ...]
    ids: str
    accounts: tuple[str | None, ...]
    kept: tuple[tuple[int, bytes], ...]
    callers: bytes
    openings: bytes
    calls: frozenset[tuple[str, str]]
    buckets: bool


def glance_at(data: bytes, identities: Identities, ids: frozenset[str] = frozenset()) -> Glimpse | None:
    """The first look at one file; `ids` are records asked for by name. None: read it the careful way."""
    records = plain_records(data)
    if records is None:
        return None
    slices = Slices(data, records)
    try:
        callers = {raw: identities.of(raw)[1] for raw in {bytes(record.userIdentity) for record in records}}
        kept = tuple((index, slices.of(index)) for index in in_order([*_kept(records, ids), *_showing_paths(records, callers, identities)]))
        openings = b"".join(_openings(records, callers))
    except NotThisShape:
        return None
    return Glimpse(
        records=len(records),
        spans=_spans(records, identities),
        ids="\n".join(record.eventID for record in records),
        accounts=_accounts(records),
        kept=kept,
        callers=packed(callers.values()),
        openings=openings,
        calls=frozenset((record.eventSource, record.eventName) for record in records),
        buckets=find(data, b":s3:::") >= 0,
    )


def plain_records(data: bytes) -> list[Glance] | None:
    """The records of a file that is a plain CloudTrail log throughout, else None."""
    if data[:1] not in (b"{", b" ", b"\n") or any(find(data, sign) >= 0 for sign in _NOT_PLAIN) or count(data, b'"Records"') != 1:
        return None
    try:
        records = decode_log(data).Records
    except NotThisShape:
        return None
    if not records or not _whole(records) or hides_an_error(data, records):
        return None
    return records


def _whole(records: list[Glance]) -> bool:
    """Every record has an id that stands once, a call, and a time in CloudTrail's own form."""
    times = [record.eventTime for record in records]
    if set(map(len, times)) != {TIME_LENGTH} or any(time[-1] != "Z" or time[10] != "T" for time in times):
        return False
    try:
        for _ in map(datetime.fromisoformat, times):
            pass
    except ValueError:
        return False
    ids = {record.eventID for record in records}
    odd = any("\n" in name for name in ids) or "" in ids or not all(record.eventSource and record.eventName for record in records)
    return not odd and len(ids) == len(records) and not any(record.eventSource.startswith("aws:") for record in records)


def _kept(records: list[Glance], ids: frozenset[str]) -> list[int]:
    """Refused calls, changes of policies, starts of pipelines, the records asked for, and one S3 data event: it tells that there are some."""
    changes = policy_changes()
    wanted = changes | {"StartPipelineExecution"}
    found = [i for i, r in enumerate(records) if r.errorCode or r.errorMessage or r.eventName in wanted]
    found = [i for i in found if records[i].eventName in wanted or may_be_denial(records[i].errorCode or "", records[i].errorMessage or "")]
    found += [i for i, r in enumerate(records) if r.eventID in ids] if ids else []
    data_event = next(
        (i for i, r in enumerate(records) if r.eventCategory == "Data" or (r.eventSource == "s3.amazonaws.com" and "Object" in r.eventName)), None
    )
    return in_order(found if data_event is None else [*found, data_event])


def _showing_paths(records: list[Glance], callers: Iterable[bytes], identities: Identities) -> Iterator[int]:
    """Records that show a role's path for the first time: messages and session ARNs leave it out."""
    new = {raw for raw in callers if (issuer := identities.of(raw)[0].issuer) is not None and identities.new_path(issuer.arn)}
    if new:
        at = {bytes(record.userIdentity): index for index, record in enumerate(records)}
        yield from (at[raw] for raw in new)
    for index, record in enumerate(records):
        if is_issuing(record) and (found := _ROLE_WITH_PATH.search(bytes(record.requestParameters))) and identities.new_path(found.group(1).decode()):
            yield index


def is_issuing(record: Glance) -> bool:
    """The call handed out credentials."""
    return record.eventSource == STS and record.eventName in ISSUING and not record.failed


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


def _openings(records: Iterable[Glance], callers: dict[bytes, Who]) -> Iterator[bytes]:
    for record in records:
        if is_issuing(record):
            who = callers[bytes(record.userIdentity)]
            yield _OPENING.pack(*issued_marks(record), who.key, who.owner)


def unpacked_openings(data: bytes) -> Iterator[tuple[int, ...]]:
    """(issued key, role id, role, session, the caller's key and id) of every call that handed out credentials."""
    return _OPENING.iter_unpack(data)


def _accounts(records: list[Glance]) -> tuple[str | None, ...]:
    """The account of every record, or one for all."""
    accounts = tuple(record.recipientAccountId or None for record in records)
    return accounts[:1] if len(set(accounts)) == 1 else accounts


def _spans(records: list[Glance], identities: Identities) -> tuple[Span, ...]:
    accounts = [record.recipientAccountId or identities.of(bytes(record.userIdentity))[0].account or NO_ACCOUNT for record in records]
    by_account: dict[str, Iterable[Glance]] = {accounts[0]: records}
    if len(set(accounts)) > 1:
        by_account = {name: [r for r, account in zip(records, accounts, strict=True) if account == name] for name in sorted(set(accounts))}
    return tuple(_span(account, list(found)) for account, found in by_account.items())


def _span(account: str, records: list[Glance]) -> Span:
    times = [record.eventTime for record in records]
    regions = {record.awsRegion for record in records}
    return Span(account=account, regions=tuple(sorted(r for r in regions if r)), first=min(times), last=max(times), records=len(records))


def hashes(glimpse: Glimpse) -> Iterator[int]:
    """A number for every record by id and account: equal for copies of one record."""
    accounts = repeat(glimpse.accounts[0], glimpse.records) if len(glimpse.accounts) == 1 else glimpse.accounts
    return map(hash, zip(glimpse.ids.split("\n"), accounts, strict=True))
