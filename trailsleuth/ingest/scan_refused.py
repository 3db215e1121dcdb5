"""The refused calls of a log file and the calls that handed out credentials, in one look: of any other record hardly more than the error is read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import ValidationError

from trailsleuth.ingest.fields import unmasked
from trailsleuth.ingest.needles import Buffer, count, find
from trailsleuth.ingest.scan import brief_records, is_issuing, is_time
from trailsleuth.ingest.scan_denials import is_denial
from trailsleuth.ingest.scan_identity import FOREIGN, mark
from trailsleuth.ingest.scan_parts import HEAD, TAIL
from trailsleuth.ingest.scan_shapes import AssumedUser, Brief, NotThisShape, Picked, decode_picked
from trailsleuth.ingest.scan_slices import BETWEEN, ERRORS, START, Slices, escapes_letters

_NEEDLES = (*ERRORS, b'"AssumeRo', b'"GetSessionToken"', b'"GetFederationToken"')  # every name of ISSUING begins with one
_CONTROLS = bytes((*range(0x20), 0x7F))
_UNUSUAL = re.compile(r"[^ -~]+")
_TOKEN = re.compile(rb'("sessionToken"\s*:\s*)"[^"\\]*"')


class RefusedCall(NamedTuple):
    """A refused call: its id and account, the key and the id of its caller (checksums of `scan_identity`), and the record as bytes."""

    event_id: str
    account: str | None
    key: int
    owner: int
    raw: bytes


class OpeningCall(NamedTuple):
    """A call that handed out credentials: its id and account, the key and the id handed out, the key and the id of its caller, and the record as bytes."""

    event_id: str
    account: str | None
    key: int
    owner: int
    by_key: int
    by_owner: int
    raw: bytes


@dataclass(slots=True, kw_only=True)
class RefusedIn:
    """What is refused in one file, and who was let in."""

    records: int
    refused: list[RefusedCall] = field(default_factory=list)
    openings: list[OpeningCall] = field(default_factory=list)


def refused_in(data: Buffer) -> RefusedIn | None:
    """The look at one file. None: read it the careful way."""
    try:
        return _by_needles(data) or _by_decoding(data)
    except NotThisShape:
        return None


def _by_decoding(data: Buffer) -> RefusedIn | None:
    """All of the JSON is decoded."""
    records = brief_records(data)
    if records is None:
        return None
    slices = Slices(data, records)
    found = RefusedIn(records=len(records))
    for index, record in enumerate(records):
        opening = is_issuing(record)
        if opening or (record.failed and _is_refused(record)):
            _take(found, *slices.with_value(index, decode_picked), opening=opening)
    return found


def _by_needles(data: Buffer) -> RefusedIn | None:
    """Only the records are decoded in which the bare name of an error's key or of a call that hands out credentials stands.

    None where the file is not written as CloudTrail writes it: a record cut out between two usual beginnings then decodes as a whole, or all has to be.
    """
    if not data.startswith(HEAD) or not data.endswith(TAIL) or escapes_letters(data):
        return None
    found = RefusedIn(records=count(data, START))
    for start, end in _slices(data):
        raw = bytes(data[start:end])
        if raw.count(ERRORS[0]) > 1 or raw.count(ERRORS[1]) > 1:
            return None  # a key of an error twice, or one inside the request or the answer
        try:
            record = decode_picked(raw)
        except NotThisShape:
            return None
        opening = is_issuing(record)
        if opening or (record.failed and _is_refused(record)):
            _take(found, raw, record, opening=opening)
    return found


def _slices(data: Buffer) -> list[tuple[int, int]]:
    """Where the records lie in which a needle stands, in order."""
    found: dict[int, int] = {}
    for needle in _NEEDLES:
        at = find(data, needle)
        while at >= 0:
            start, end = data.rfind(START, 0, at), data.find(BETWEEN, at)
            end = end if end >= 0 else len(data) - len(TAIL)
            found[start] = end
            at = find(data, needle, end)
    return sorted(found.items())


def _is_refused(record: Brief) -> bool:
    return is_denial(record.errorCode or "", record.errorMessage or "", (record.eventSource, record.eventName))


def _take(found: RefusedIn, raw: bytes, record: Picked, *, opening: bool) -> None:
    caller = record.userIdentity
    by_key = mark(unmasked(caller.accessKeyId)) if caller is not None and caller.type not in FOREIGN else 0
    by_owner = mark(unmasked(caller.principalId) or unmasked(caller.arn)) if caller is not None else 0
    if not is_time(record.eventTime):
        raise ValidationError("no time as CloudTrail writes it")
    if not opening:
        found.refused.append(RefusedCall(record.eventID, record.recipientAccountId, by_key, by_owner, raw))
        return
    answer = record.responseElements
    user = (answer.assumedRoleUser or answer.federatedUser if answer is not None else None) or AssumedUser()
    key = mark(unmasked(answer.credentials.accessKeyId)) if answer is not None and answer.credentials is not None else 0
    owner = mark(unmasked(user.assumedRoleId) or unmasked(user.federatedUserId))
    found.openings.append(OpeningCall(record.eventID, record.recipientAccountId, key, owner, by_key, by_owner, raw))


def as_line(raw: bytes) -> str:
    """The record on one line of ASCII, without the session token that was handed out: the access key alone identifies a session."""
    if b"sessionToken" in raw:
        raw = _TOKEN.sub(rb'\1"taken out"', raw)
    if raw.isascii() and len(raw.translate(None, _CONTROLS)) == len(raw):
        return raw.decode()
    return _UNUSUAL.sub(_escaped, " ".join(raw.decode("utf-8", "replace").split("\n")).replace("\r", " "))


def _escaped(found: re.Match[str]) -> str:
    """Signs as JSON escapes: log content never reaches a terminal as it is."""
    return json.dumps(found.group())[1:-1].replace("\x7f", "\\u007f")
