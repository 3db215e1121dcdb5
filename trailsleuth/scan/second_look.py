"""The second look at a log file: the calls of sessions in question, and what bears on a refusal (a later success, an earlier registration, an upload)."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import compress
from operator import and_, attrgetter
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

from trailsleuth.catalog.issuing import ISSUING, STS
from trailsleuth.catalog.things import is_making
from trailsleuth.facts.presence import tells_absence
from trailsleuth.ingest.fields import map_of
from trailsleuth.model.texts import words_in
from trailsleuth.patterns import late
from trailsleuth.scan.first_look import issued_marks, unpacked_openings
from trailsleuth.scan.identity import Identities, Who, unpacked
from trailsleuth.scan.needles import Buffer, find
from trailsleuth.scan.plain import list_in
from trailsleuth.scan.selection import S3, Pursuit, Selection, Wanted
from trailsleuth.scan.shapes import Glance, NotThisShape, decode_raws, decode_records
from trailsleuth.scan.things_named import KMS, Call, Named, Things
from trailsleuth.scan.units import Known

FAMILY_KEYS = ("family", "functionName", "stackName", "projectName", "name", "jobName", "jobDefinitionName")
_BUCKET = late(r"[\w.-]+", re.ASCII)
_MISSING = late(r"NoSuch|NotFound|DoesNotExist")
_caller, _call, _time, _resources = attrgetter("userIdentity"), attrgetter("eventSource", "eventName"), attrgetter("eventTime"), attrgetter("resources")
_error = attrgetter("errorCode", "errorMessage")


class LightCall(NamedTuple):
    """A call of which only the fact counts: who, when, what, where and whether it failed. `caller` is `userIdentity` as bytes."""

    position: int
    event_id: str
    time: str
    source: str
    name: str
    region: str | None
    account: str | None
    code: str | None
    message: str | None
    endpoint: str | None
    caller: bytes


class Ranked(NamedTuple):
    """A record of which only the first or the last of its kind over all files is wanted; `light` or `whole` holds it."""

    kind: tuple[object, ...]
    order: tuple[str, str]
    position: int
    light: LightCall | None
    whole: bytes


class Selected(Struct):
    """What the second look found in one file."""

    whole: list[tuple[int, bytes]] = field(default_factory=list)
    light: list[LightCall] = field(default_factory=list)
    firsts: list[Ranked] = field(default_factory=list)
    lasts: list[Ranked] = field(default_factory=list)


class Look:
    """A selection, made ready to be asked of many files."""

    def __init__(self, selection: Selection, identities: Identities) -> None:
        self.selection = selection
        self.things = Things(selection.named)
        self.identities = identities
        self.pursuers = frozenset(role for wanted in selection.calls.values() for role, _ in wanted.successes)

    def at(self, data: Buffer, known: Known | None = None, positions: frozenset[int] = frozenset()) -> Selected | None:
        """The records of one file that the selection names, and those at the positions; None where the file is no longer what the first look saw."""
        listed = list_in(data)
        try:
            records = decode_records(listed) if listed is not None else None
            return _File(self, records, known).result(listed, positions) if records is not None and listed is not None else None
        except (*NotThisShape, ValueError):
            return None


class _File:
    """One file being gone through: column by column, and record by record only where one may be wanted."""

    def __init__(self, look: Look, records: list[Glance], known: Known | None) -> None:
        self.look, self.selection, self.records = look, look.selection, records
        callers = list(map(bytes, map(_caller, records)))
        one = dict(zip(callers, callers, strict=True))
        self.callers = list(map(one.__getitem__, callers))  # each is handed over once
        marks: Iterable[Who] = unpacked(known.callers) if known is not None else (look.identities.of(raw).who for raw in one)
        self.who = dict(zip(one, marks, strict=True))
        self.openings = list(unpacked_openings(known.openings)) if known is not None else None
        self.calls = list(map(_call, records))
        self.wishes = {call: wanted for call in {*self.calls} if (wanted := self.selection.calls.get(call)) is not None}
        self.told = known is None or known.told
        self.mine = {raw for raw, who in self.who.items() if self.selection.of_session(who)}
        self.failed = {*compress(range(len(records)), map(any, map(_error, records)))}
        self.firsts: dict[tuple[object, ...], tuple[tuple[str, str], LightCall]] = {}
        self.lasts: dict[tuple[object, ...], tuple[tuple[str, str], int]] = {}

    def result(self, listed: memoryview, positions: frozenset[int]) -> Selected:
        whole = {*positions, *self._named(), *self._missing(), *self._cures(), *self._shown()}
        light: list[int] = []
        if self.mine:
            entire = {raw for raw in self.mine if not self.selection.whole.isdisjoint((self.who[raw].key, self.who[raw].owner))}
            read = {call for call, wanted in self.wishes.items() if wanted.reads_request}
            for index in self._where(self.callers, self.mine):
                if index not in whole:
                    (whole.add if self.callers[index] in entire or self.calls[index] in read else light.append)(index)
        if self.selection.buckets:
            self._owners()
        if self.selection.called_as:
            self._called_as()
        lasts = {index for _, index in self.lasts.values()}
        whole.update(index for index in light if index in lasts)  # a light copy would stand in its way
        raws = decode_raws(listed) if whole or lasts else []
        return Selected(
            whole=[(index, bytes(raws[index])) for index in sorted(whole)],
            light=[light_call(index, self.records[index], self.callers[index]) for index in light if index not in lasts],
            firsts=[Ranked(kind, order, light.position, light, b"") for kind, (order, light) in self.firsts.items()],
            lasts=[Ranked(kind, order, index, None, bytes(raws[index])) for kind, (order, index) in self.lasts.items()],
        )

    def _where(self, column: Iterable[object], wanted: Iterable[object]) -> Iterator[int]:
        """Where one of the values stands."""
        return compress(range(len(self.records)), map(frozenset(wanted).__contains__, column))

    def _named(self) -> Iterator[int]:
        """Records that the selection names one by one: by time, by the error text, or by the session that was opened or that opened one."""
        selection, records = self.selection, self.records
        if not selection.edges.isdisjoint(times := list(map(_time, records))):
            yield from self._where(times, selection.edges)
        if selection.text:
            yield from (index for index in self.failed if self._may_explain(records[index]))
        issuing = [index for index in self._where(self.calls, ((STS, name) for name in ISSUING)) if index not in self.failed]
        opened = (marks[:2] for marks in self.openings) if self.openings is not None else (issued_marks(records[index])[:2] for index in issuing)
        for index, marks in zip(issuing, opened, strict=True):
            if self.callers[index] in self.mine or not selection.opened.isdisjoint(marks):
                yield index

    def _may_explain(self, record: Glance) -> bool:
        """The call failed with a message or a code that the text repeats, or did not find something."""
        if record.errorCode and record.errorCode in self.selection.text:
            return True
        said = " ".join((record.errorMessage or "").split()).rstrip(".")
        return (bool(said) and said in self.selection.text) or _MISSING.search(record.errorCode or "") is not None

    def _missing(self) -> Iterator[int]:
        """Calls of sessions in question that failed because something is not there. Of other callers the last one about each thing is kept, and the last try
        to make it."""
        for index in self.failed if self.selection.missing else ():
            record = self.records[index]
            if record.eventSource in self.selection.missing:
                absent = tells_absence(record.eventSource, record.eventName, record.errorCode or "", record.errorMessage or "")
                told = record.eventSource in self.look.things.absent and (absent or is_making(record.eventName))
                things = self.look.things.missing(record.eventSource, record) if told else []
                if self._is_of(index, things) or (absent and self.callers[index] in self.mine):
                    yield index

    def _is_of(self, index: int, things: list[Named]) -> bool:
        """A session in question tells of one of the things; of other callers the last record between two denials is kept, for each call, caller and request
        (S3's and KMS's requests are of objects, and as many as those)."""
        record, raw = self.records[index], self.callers[index]
        if not things or raw in self.mine:
            return bool(things)
        request = b"" if record.eventSource in (KMS, S3) else bytes(record.requestParameters)
        for thing in things:
            which = (thing.thing, record.eventSource, record.eventName, index in self.failed, request, self.who[raw].role)
            self._last((*which, bisect_left(thing.times, record.eventTime)), index, record)
        return False

    def _cures(self) -> Iterator[int]:
        """Successes of what was denied, by the same principal in the same Region."""
        pursued = {call: wanted.successes for call, wanted in self.wishes.items() if wanted.successes}
        pursuers = frozenset(raw for raw, who in self.who.items() if who.role in self.look.pursuers) if pursued else ()
        likely = map(and_, map(pursued.__contains__, self.calls), map(pursuers.__contains__, self.callers)) if pursuers else ()
        for index in compress(range(len(self.records)), likely):
            pursuit = pursued[self.calls[index]].get((self.who[self.callers[index]].role, self.records[index].awsRegion or ""))
            if pursuit is not None and index not in self.failed and self._is_cured(index, pursuit):
                yield index

    def _is_cured(self, index: int, pursuit: Pursuit) -> bool:
        record = self.records[index]
        request = bytes(record.requestParameters) if pursuit.role or pursuit.texts else b""
        if (pursuit.role and b":role/" in request) or (pursuit.texts and pursuit.stands_in(request + bytes(record.resources))):
            return True
        if pursuit.first:
            role = self.who[self.callers[index]].role
            kind = (record.eventSource, record.eventName, role, record.awsRegion, record.vpcEndpointId, pursuit.slot(record.eventTime))
            order = (record.eventTime, record.eventID)
            if kind not in self.firsts or order < self.firsts[kind][0]:
                self.firsts[kind] = (order, light_call(index, record, self.callers[index]))
        return False

    def _shown(self) -> Iterator[int]:
        """Successful calls of anybody that show what a denied one leaves out."""
        wishes = {call: wanted for call, wanted in self.wishes.items() if (wanted.of_anybody if self.told else wanted.beside_things)}
        for index in self._where(self.calls, wishes) if wishes else ():
            if index not in self.failed and self._bears_on(index, self.calls[index], wishes[self.calls[index]]):
                yield index

    def _bears_on(self, index: int, call: Call, wanted: Wanted) -> bool:
        record = self.records[index]
        if wanted.anybody:
            return True
        if wanted.told and self._is_of(index, self.look.things.told(call, record)):
            return True
        times = wanted.templates.get((record.recipientAccountId, record.awsRegion))
        if not (times or wanted.uploads or wanted.things):
            return False
        request = bytes(record.requestParameters)
        if times:
            self._template(index, record, request, times)
        if wanted.uploads and _upload(request) in wanted.uploads:
            return True
        return bool(wanted.things) and b"role" in request.lower() and not wanted.things.isdisjoint(words_in(_parsed(request)))

    def _template(self, index: int, record: Glance, request: bytes, times: tuple[str, ...]) -> None:
        parsed = _parsed(request)
        family = next((str(parsed[key]) for key in FAMILY_KEYS if isinstance(parsed.get(key), str)), "")
        before = bisect_right(times, record.eventTime)
        slot = before - 1 if before and times[before - 1] == record.eventTime else before  # a registration in the very second of the refusal counts
        kind = ("template", record.eventSource, record.eventName, record.recipientAccountId, record.awsRegion, family, slot)
        self._last(kind, index, record)

    def _called_as(self) -> None:
        """The last call of each principal that has one of the ids."""
        has = {raw: unique for raw in self.who for unique in self.selection.called_as if unique in raw}
        for index in self._where(self.callers, has):
            raw = self.callers[index]
            self._last(("called as", has[raw], self.who[raw].role), index, self.records[index])

    def _owners(self) -> None:
        for index, raw in enumerate(map(bytes, map(_resources, self.records))):
            for member in msgspec.json.decode(raw) if b":s3:::" in raw else ():
                arn = (member.get("ARN") or member.get("arn")) if isinstance(member, dict) else None
                bucket = arn.rpartition(":::")[2].partition("/")[0] if isinstance(arn, str) and ":s3:::" in arn else None
                if bucket in self.selection.buckets and member.get("accountId"):
                    self._last(("bucket", bucket), index, self.records[index])

    def _last(self, kind: tuple[object, ...], index: int, record: Glance) -> None:
        order = (record.eventTime, record.eventID)
        if kind not in self.lasts or order > self.lasts[kind][0]:
            self.lasts[kind] = (order, index)


def may_name(data: Buffer, buckets: Iterable[str]) -> bool:
    """One of the buckets stands in the file as an ARN names it, or may: a letter is escaped there, or the name holds what JSON writes otherwise."""
    if find(data, b"\\u") >= 0:
        return True
    return any(_BUCKET.fullmatch(bucket) is None or find(data, f":::{bucket}".encode()) >= 0 for bucket in buckets)


def light_call(index: int, record: Glance, raw: bytes) -> LightCall:
    """The call without what it asked for and what was answered."""
    return LightCall(
        index,
        record.eventID,
        record.eventTime,
        record.eventSource,
        record.eventName,
        record.awsRegion,
        record.recipientAccountId,
        record.errorCode,
        record.errorMessage,
        record.vpcEndpointId,
        raw,
    )


def _parsed(request: bytes) -> dict[str, Any]:
    try:
        return dict(map_of(msgspec.json.decode(request)))
    except NotThisShape:
        return {}


def _upload(request: bytes) -> tuple[str, str] | None:
    parsed = _parsed(request)
    bucket, key = parsed.get("bucketName"), parsed.get("key")
    return (bucket, key) if isinstance(bucket, str) and isinstance(key, str) else None
