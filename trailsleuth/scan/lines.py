"""The records of plain log files as lines: what a row shows of each is decoded and nothing else; the record itself where a question needs more of it."""

from __future__ import annotations

from collections.abc import Iterator
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
from trailsleuth.scan.plain import MESSAGE, are_times, is_issuing, plain_log, repeats
from trailsleuth.scan.quick_denial import is_beyond_doubt, is_denial
from trailsleuth.scan.shapes import Line, decode_lines


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


def is_denied(line: Line, raw: msgspec.Raw) -> bool:
    """Whether the whole record tells of a denial."""
    code, text = line.errorCode or "", line.errorMessage or ""
    if not code or not is_denial(code, text, (line.eventSource, line.eventName)):
        return False
    return is_beyond_doubt(code, text) or Placed(line, raw, b"", "", 0).record().denial is not None


class Lines(NamedTuple):
    """All records of a plain log file."""

    source: str
    lines: list[Line]
    raws: list[msgspec.Raw]
    callers: list[bytes]

    def placed(self) -> Iterator[Placed]:
        """One after another."""
        for position, (line, raw, caller) in enumerate(zip(self.lines, self.raws, self.callers, strict=True)):
            yield Placed(line, raw, caller, self.source, position)


def lines_in(data: bytes, source: str) -> Lines | None:
    """The lines of an input that is a plain log file throughout; None: read it the careful way, since a row might differ from what that one shows."""
    log = plain_log(data, decode_lines) if is_bare(data) else None
    if log is None or not are_times([line.eventTime for line in log.records]):
        return None
    told = sum(line.errorMessage is not None for line in log.records)
    if count(data, MESSAGE) > told and any(raw.count(MESSAGE) > 1 and repeats(raw) for raw in map(bytes, log.raws)):
        return None  # a text of an error stands twice in an object: the last one is not the one to believe
    callers = [bytes(line.userIdentity) for line in log.records]
    if not all(caller.startswith(b"{") for caller in {*callers}) or any("E+" in (account or "") for account in {one.recipientAccountId for one in log.records}):
        return None  # a caller that is no object, or an account that a spreadsheet made a number
    if b"\n" in data and any(raw.count(b"{") + raw.count(b"[") > MAX_DEPTH for raw in map(bytes, log.raws)):
        return None  # brackets that close one after the other are no sign of the depth where each has a line of its own
    return Lines(source, log.records, log.raws, callers)
