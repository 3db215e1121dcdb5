"""The second look at a log file: the calls of sessions in question, and what bears on a refusal (a later success, an earlier registration, an upload)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

from trailsleuth.catalog.things import is_making, missing_noun
from trailsleuth.ingest.fields import map_of
from trailsleuth.model.texts import words_in
from trailsleuth.patterns import late
from trailsleuth.scan.first_look import issued_marks, issuing_among
from trailsleuth.scan.identity import Identities
from trailsleuth.scan.needles import Buffer, find
from trailsleuth.scan.plain import PlainLog, list_in
from trailsleuth.scan.selection import KMS, S3, Named, Pursuit, Selection, Wanted
from trailsleuth.scan.shapes import Glance, NotThisShape, decode_raws, decode_records

FAMILY_KEYS = ("family", "functionName", "stackName", "projectName", "name", "jobName", "jobDefinitionName")
_BUCKET = late(r"[\w.-]+", re.ASCII)
_MISSING = late(r"NoSuch|NotFound|DoesNotExist")


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


def select_from(data: Buffer, selection: Selection, identities: Identities, positions: frozenset[int] = frozenset()) -> Selected | None:
    """The records of one file that the selection names, and those at the positions; None where the file is no longer what the first look saw."""
    listed = list_in(data)
    try:
        log = PlainLog(decode_records(listed), decode_raws(listed)) if listed is not None else None
    except NotThisShape:
        return None
    if log is None:
        return None
    look = _Look(log, selection, identities)
    look.whole += positions
    look.take_all()
    return look.result()


class _Look:
    """One file being gone through."""

    def __init__(self, log: PlainLog[Glance], selection: Selection, identities: Identities) -> None:
        self.selection = selection
        self.records, self.raws = log
        callers = [bytes(record.userIdentity) for record in self.records]
        one = {raw: raw for raw in callers}  # each is handed over once
        self.callers = [one[raw] for raw in callers]
        self.who = {raw: identities.of(raw).who for raw in one}
        self.mine = {raw for raw, who in self.who.items() if selection.of_session(who)}
        self.whole: list[int] = []
        self.light: list[int] = []
        self.firsts: dict[tuple[object, ...], tuple[tuple[str, str], LightCall]] = {}
        self.lasts: dict[tuple[object, ...], tuple[tuple[str, str], int]] = {}

    def take_all(self) -> None:
        """Goes through the records; the question is asked of most of them, so nothing is worked out twice."""
        selection, mine = self.selection, self.mine
        entire = {raw for raw in mine if not selection.whole.isdisjoint((self.who[raw].key, self.who[raw].owner))}
        named = self._named(mine)
        calls = [(record.eventSource, record.eventName) for record in self.records]
        wishes = {call: selection.calls.get(call) for call in set(calls)}
        for index, (record, raw, call) in enumerate(zip(self.records, self.callers, calls, strict=True)):
            wanted = wishes[call]
            if index in named or self._is_wanted(index, record, raw, wanted):
                self.whole.append(index)
            elif raw in mine:
                if raw in entire or (wanted is not None and wanted.reads_request):
                    self.whole.append(index)
                else:
                    self.light.append(index)
        if selection.buckets:
            self._owners()
        if selection.called_as:
            self._called_as()

    def _is_wanted(self, index: int, record: Glance, raw: bytes, wanted: Wanted | None) -> bool:
        if record.failed:
            return record.eventSource in self.selection.missing and self._says_missing(index, record, raw)
        return wanted is not None and self._bears_on(index, record, raw, wanted)

    def _named(self, mine: set[bytes]) -> set[int]:
        """Records that the selection names one by one: by time, by id, by the error text, or by the session that was opened or that opened one."""
        selection, records = self.selection, self.records
        named = {index for index, record in enumerate(records) if record.eventTime in selection.edges}
        if selection.ids:
            named.update(index for index, record in enumerate(records) if record.eventID in selection.ids)
        if selection.text:
            named.update(index for index, record in enumerate(records) if self._may_explain(record))
        for index in issuing_among(records):
            if self.callers[index] in mine or not selection.opened.isdisjoint(issued_marks(records[index])[:2]):
                named.add(index)
        return named

    def _may_explain(self, record: Glance) -> bool:
        """The call failed with a message or a code that the text repeats, or did not find something."""
        if record.errorCode and record.errorCode in self.selection.text:
            return True
        said = " ".join((record.errorMessage or "").split()).rstrip(".")
        return record.failed and ((bool(said) and said in self.selection.text) or _MISSING.search(record.errorCode or "") is not None)

    def _says_missing(self, index: int, record: Glance, raw: bytes) -> bool:
        """The call of a session in question failed because something is not there. Of other callers the last one about each thing is kept, and the last try
        to make it."""
        missing = missing_noun(record.errorCode or "", record.errorMessage or "") is not None
        told = (missing or is_making(record.eventName)) and self._of_things(index, record, raw, self.selection.named)
        return told or (missing and raw in self.mine)

    def _of_things(self, index: int, record: Glance, raw: bytes, named: tuple[Named, ...]) -> bool:
        """A session in question tells of one of the things; of other callers the last record between two denials is kept, for each call, caller and request
        (S3's and KMS's requests are of objects, and as many as those)."""
        request = bytes(record.requestParameters)
        told = request + bytes(record.responseElements)
        things = [thing for thing in named if record.eventSource in thing.sources and thing.stands_in(told)]
        which = (record.failed, b"" if record.eventSource in (KMS, S3) else request, self.who[raw].role)
        for thing in things if raw not in self.mine else ():
            self._last((thing.mark, record.eventSource, record.eventName, which, thing.slot(record.eventTime)), index, record)
        return bool(things) and raw in self.mine

    def _bears_on(self, index: int, record: Glance, raw: bytes, wanted: Wanted) -> bool:
        if wanted.anybody:
            return True
        pursuit = wanted.successes.get((self.who[raw].role, record.awsRegion or ""))
        if pursuit is not None and self._cures(index, record, raw, pursuit):
            return True
        times = wanted.templates.get((record.recipientAccountId, record.awsRegion))
        if wanted.named and self._of_things(index, record, raw, wanted.named):
            return True
        if not (times or wanted.uploads or wanted.things):
            return False
        request = bytes(record.requestParameters)
        if times:
            self._template(index, record, request, times)
        if wanted.uploads and _upload(request) in wanted.uploads:
            return True
        return bool(wanted.things) and b"role" in request.lower() and not wanted.things.isdisjoint(words_in(_parsed(request)))

    def _cures(self, index: int, record: Glance, raw: bytes, pursuit: Pursuit) -> bool:
        request = bytes(record.requestParameters) if pursuit.role or pursuit.texts else b""
        if pursuit.role and b":role/" in request:
            return True
        if pursuit.texts and pursuit.stands_in(request + bytes(record.resources)):
            return True
        if pursuit.first:
            slot = pursuit.slot(record.eventTime)
            kind = (record.eventSource, record.eventName, self.who[raw].role, record.awsRegion, record.vpcEndpointId, slot)
            order = (record.eventTime, record.eventID)
            if kind not in self.firsts or order < self.firsts[kind][0]:
                self.firsts[kind] = (order, light_call(index, record, raw))
        return False

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
        for index, raw in enumerate(self.callers):
            if raw in has:
                self._last(("called as", has[raw], self.who[raw].role), index, self.records[index])

    def _owners(self) -> None:
        for index, record in enumerate(self.records):
            raw = bytes(record.resources)
            for member in msgspec.json.decode(raw) if b":s3:::" in raw else ():
                arn = (member.get("ARN") or member.get("arn")) if isinstance(member, dict) else None
                bucket = arn.rpartition(":::")[2].partition("/")[0] if isinstance(arn, str) and ":s3:::" in arn else None
                if bucket in self.selection.buckets and member.get("accountId"):
                    self._last(("bucket", bucket), index, record)

    def _last(self, kind: tuple[object, ...], index: int, record: Glance) -> None:
        order = (record.eventTime, record.eventID)
        if kind not in self.lasts or order > self.lasts[kind][0]:
            self.lasts[kind] = (order, index)

    def result(self) -> Selected:
        lasts = {index for _, index in self.lasts.values()}
        self.whole += [index for index in self.light if index in lasts]  # a light copy would stand in its way
        return Selected(
            whole=[(index, bytes(self.raws[index])) for index in sorted({*self.whole})],
            light=[light_call(index, self.records[index], self.callers[index]) for index in self.light if index not in lasts],
            firsts=[Ranked(kind, order, light.position, light, b"") for kind, (order, light) in self.firsts.items()],
            lasts=[Ranked(kind, order, index, None, bytes(self.raws[index])) for kind, (order, index) in self.lasts.items()],
        )


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
