"""The records of plain log files as lines: what a row shows of each is decoded and nothing else; the record itself where a question needs more of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, cast

import msgspec

from trailsleuth.ingest.contents import is_bare
from trailsleuth.ingest.decode import decode
from trailsleuth.ingest.once import Key
from trailsleuth.ingest.record import MAX_DEPTH, parse_record
from trailsleuth.model import Origin, Record
from trailsleuth.scan.callers import Callers
from trailsleuth.scan.needles import count
from trailsleuth.scan.plain import MESSAGE, are_times, is_issuing, plain_log
from trailsleuth.scan.quick_denial import is_beyond_doubt, is_denial
from trailsleuth.scan.shapes import Line, decode_lines

_DOTTED = b'"userIdentity.'  # a member of a record that is named as one of its caller's


class Placed(NamedTuple):
    """A line with the bytes of its record and of the caller in it, and where it was found."""

    line: Line
    raw: msgspec.Raw
    caller: bytes
    source: str
    position: int

    @property
    def key(self) -> Key:
        """What copies of a record have in common."""
        return self.line.eventID, self.line.recipientAccountId or None

    def is_denied(self) -> bool:
        """What the whole record says."""
        code, text, line = self.line.errorCode or "", self.line.errorMessage or "", self.line
        return is_denial(code, text, (line.eventSource, line.eventName)) and (is_beyond_doubt(code, text) or self.record().denial is not None)

    def record(self) -> Record:
        """The whole record. It is readable: what makes one unreadable keeps a file from being a plain one."""
        payload = cast("dict[str, Any]", decode(bytes(self.raw)))
        return cast("Record", parse_record(payload, Origin(source=self.source, position=self.position), shallow=True))

    def bare_record(self, callers: Callers) -> Record:
        """The record without payload, request and answer where it neither failed nor handed out credentials, for a tenth of the time."""
        line = self.line
        if line.failed or is_issuing(line):
            return self.record()
        return Record(
            event_id=line.eventID,
            event_time=datetime.fromisoformat(line.eventTime),
            event_source=line.eventSource,
            event_name=line.eventName,
            region=line.awsRegion or "",
            identity=callers.of_bytes(self.caller),
            origin=Origin(source=self.source, position=self.position),
            recipient_account=line.recipientAccountId or None,
            shared_event_id=line.sharedEventID or None,
            source_ip=line.sourceIPAddress or None,
            read_only=line.readOnly,
        )


def lines_in(data: bytes, source: str) -> list[Placed] | None:
    """All records of an input that is a plain log file throughout; None: read it the careful way, since a row might differ from what that one shows."""
    log = plain_log(data, decode_lines) if _DOTTED not in data and is_bare(data) else None
    if log is None or not are_times([line.eventTime for line in log.records]):
        return None
    placed = [Placed(line, raw, bytes(line.userIdentity), source, position) for position, (line, raw) in enumerate(zip(log.records, log.raws, strict=True))]
    if count(data, MESSAGE) > sum(line.errorMessage is not None for line in log.records) and any(bytes(one.raw).count(MESSAGE) > 1 for one in placed):
        return None  # it may be told twice in one object
    if not all(one.caller.startswith(b"{") and "E+" not in (one.line.recipientAccountId or "") for one in placed):
        return None  # a caller that is no object, or an account that a spreadsheet made a number
    return placed if b"\n" not in data or all(_is_shallow(bytes(one.raw)) for one in placed) else None


def _is_shallow(raw: bytes) -> bool:
    return raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH
