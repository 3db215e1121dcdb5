"""From the refused records and the question to the records that the answer depends on.

What the later rooms look at, and so what has to be at hand: the calls of the sessions in question (their number, and what went on after a refusal), the
calls that opened them; what the denials want to know of other records (`facts.wants`); changes of policies and starts of pipelines (kept by the first pass).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from trailsleuth.analyze.grouping import REPORTED_WITHIN
from trailsleuth.catalog.reduction import definition_makers
from trailsleuth.correlate.executions import AFTER, BEFORE
from trailsleuth.correlate.scope import refused_within, strangers_within
from trailsleuth.correlate.trail import WRAPPED
from trailsleuth.facts.kinds import Kind, is_aside, kind_of, likeliest, times_of
from trailsleuth.facts.presence import tells_absence
from trailsleuth.facts.wants import HandingOver, Want, wants_of, wants_of_policies, wants_of_retries, wants_of_run, wants_of_text
from trailsleuth.ingest.times import parse_time
from trailsleuth.model import ActionRun, Inquiry, Record, role_of_session, same_role, session_name_of
from trailsleuth.model.texts import repeats, texts_in
from trailsleuth.scan.facts_wanted import FactsWanted
from trailsleuth.scan.first_look import Glimpse
from trailsleuth.scan.identity import Who, mark, role_mark, unpacked, who_of
from trailsleuth.scan.openings import Openings, Questioned
from trailsleuth.scan.reader import ScanReader
from trailsleuth.scan.refusals import Held, Refusals, Spans, Wanted, around, moment_of
from trailsleuth.scan.selection import Selection
from trailsleuth.scan.selection import Wanted as WantedCalls
from trailsleuth.scan.things_named import marks_of, unpacked_marks

LATEST = datetime.max.replace(tzinfo=UTC)


class Trail(Struct, frozen=True, kw_only=True):
    """The first pass over all log files. `span`: the times of the first and the last record of all evidence."""

    parts: list[Glimpse]
    span: tuple[datetime, datetime] | None
    refusals: Refusals


def plan(trail: Trail, reader: ScanReader, inquiry: Inquiry, contested: frozenset[int] = frozenset()) -> Selection | None:
    """What the second pass has to fetch; None where the question needs so much that everything is better read.

    The denials that the question has to do with are read meanwhile, and copies of records with them.
    """
    openings = Openings(trail.parts)
    runs = _runs(reader, inquiry)
    if runs is not None and (not runs or any(run.started is None for run in runs)):
        return None
    if _is_open(inquiry) or _holds_no_denial(trail, reader, inquiry):
        return None
    kinds = _kinds(trail.refusals, reader, inquiry)
    trail.refusals.read(reader, _named(trail.refusals, reader, inquiry, runs, kinds, contested))
    if _is_windowed(inquiry) and not any(_in_window(_refused(reader), inquiry)):
        return None
    records = list(reader.records.all())
    asked = _asked(trail, openings, records, inquiry, runs, kinds)
    if _names_a_caller(inquiry) and not asked.any:
        return None  # what there is instead is the answer
    trail.refusals.read(reader, lambda one: one.who.key in asked.keys or one.who.owner in asked.owners)
    named = [r.event_time for r in reader.records.all() if r.event_id == inquiry.event_id or (r.denial is not None and asked.has(who_of(r.identity)))]
    near = around(named)
    trail.refusals.read(reader, lambda one: near.hold(one.time))
    unstopped = _is_unstopped(trail, reader, inquiry, asked)
    refused = _refused(reader)
    wrapping = [r.event_time for r in records if r.event_id == inquiry.event_id]
    pursued = [r for r in refused if runs or asked.has(who_of(r.identity)) or who_of(r.identity).key == 0 or _is_near(r, wrapping)]
    openings.with_ancestors(asked)
    facts = FactsWanted(frozenset().union(*(part.calls for part in trail.parts)), *_marks(trail, reader), pursue_makings=bool(reader.pages.accounts()))
    retries = Retries(reader, refused)
    for record in pursued:
        facts.take_of(record, (*retries.wants(record), *wants_of(record)))
    facts.take(wants_of_policies(reader.resources) if pursued else (), None)
    facts.take((*wants_of_text(inquiry.error), *((HandingOver(),) if unstopped else ())), None)
    for run in runs or ():
        facts.take(wants_of_run(run), run.updated or run.started)
    entire = bool(runs or inquiry.error) or unstopped  # the text is compared with what the calls name, and they may hand over roles
    own = frozenset(number for who in _callers_of(openings, inquiry.role) for number in (who.key, who.owner) if number) if inquiry.calls else frozenset()
    selection = Selection(
        keys=frozenset(asked.keys),
        owners=frozenset(asked.owners),
        keyless=frozenset(asked.keyless),
        opened=frozenset(asked.opened),
        whole=own | frozenset((asked.keys | asked.owners) if entire else facts.pursuits.whole),
        calls={**facts.wanted(), **(dict.fromkeys(definition_makers(), WantedCalls(anybody=True)) if inquiry.calls else {})},
        buckets=frozenset(facts.buckets),
        named=facts.named,
        missing=facts.missing,
        called_as=tuple(sorted(facts.called_as)),
        edges=frozenset(moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in trail.span or ()),
        text=" ".join((inquiry.error or "").split()),
    )
    trail.refusals.read(reader, lambda one: selection.of_session(one.who))  # of those who opened them, too: their calls are fetched
    return selection


def _is_unstopped(trail: Trail, reader: ScanReader, inquiry: Inquiry, asked: Questioned) -> bool:
    """Nothing but looks was denied to the sessions asked about: then those of roles that they handed over may be, and every denied session is looked at."""
    unstopped = inquiry.names_more_than_the_error and all(is_aside(r.call) for r in _refused(reader) if asked.has(who_of(r.identity)))
    if unstopped:
        trail.refusals.read(reader, lambda _: True)
        _add_callers(asked, _refused(reader))
    return unstopped


def of_failures(trail: Trail, reader: ScanReader, inquiry: Inquiry) -> Selection | None:
    """The sessions whose failures, no denials, the error text repeats, and who opened them: known only once those records are read."""
    text = " ".join((inquiry.error or "").split())
    asked = Questioned()
    _add_callers(asked, (record for record in reader.records.all() if repeats(text, record)))
    if not text or not asked.any:
        return None
    openings = Openings(trail.parts)
    openings.with_ancestors(asked)
    known = frozenset(asked.keys), frozenset(asked.owners)
    return Selection(keys=known[0], owners=known[1], keyless=frozenset(asked.keyless), opened=frozenset(asked.opened), whole=known[0] | known[1])


def _marks(trail: Trail, reader: ScanReader) -> tuple[frozenset[int], frozenset[int]]:
    """What calls told of keys and tags, and what they were told is absent: checksums."""
    told = {mark for part in trail.parts for mark in unpacked_marks(part.told)}
    absent = {mark for part in trail.parts for mark in unpacked_marks(part.absent)}
    for record in reader.records.all():
        if record.error_code and tells_absence(record.event_source, record.event_name, record.error_code, record.error_message or ""):
            absent |= marks_of(record.event_source, msgspec.json.encode(dict(record.request)))
    return frozenset(told), frozenset(absent)


def _refused(reader: ScanReader) -> list[Record]:
    return [r for r in reader.records.all() if r.denial is not None]


def _kinds(refusals: Refusals, reader: ScanReader, inquiry: Inquiry) -> frozenset[Kind] | None:
    """The kinds of denials that are worked out where nothing is asked; None: all that the question is about."""
    if inquiry.everything or inquiry.error or inquiry.calls or inquiry.names_more_than_the_error:
        return None
    own = refused_within(list(reader.records.all()), inquiry)
    return likeliest(times_of(own, strangers_within(refusals.counted(), inquiry)), inquiry.limit)


def _named(
    refusals: Refusals, reader: ScanReader, inquiry: Inquiry, runs: list[ActionRun] | None, kinds: frozenset[Kind] | None, contested: frozenset[int]
) -> Wanted:
    """The denials that belong to the question whoever made them, or that tell what it is about."""
    unknown = inquiry.event_id is not None and not any(r.event_id == inquiry.event_id for r in reader.records.all())
    if unknown or inquiry.everything or inquiry.error or inquiry.calls:
        return lambda _: True
    begun = ((run.started - BEFORE - REPORTED_WITHIN, run) for run in runs or () if run.started is not None)
    windows = Spans((start, run.updated + AFTER + REPORTED_WITHIN if run.updated else LATEST) for start, run in begun)
    role = (role_of_session(inquiry.role) or inquiry.role or "").rpartition("/")[2].encode()
    first = next((one for one in refusals if inquiry.covers(moment_of(one))), None) if _is_windowed(inquiry) else None

    def wanted(one: Held) -> bool:
        if one.number in contested or one.kind in (kinds or ()) or one is first or windows.hold(one.time):
            return True
        return bool(role) and any(sign in one.raw() for sign in (role, b"\\"))

    return wanted


def _asked(
    trail: Trail, openings: Openings, records: list[Record], inquiry: Inquiry, runs: list[ActionRun] | None, kinds: frozenset[Kind] | None
) -> Questioned:
    """The sessions that the question is about, and what they opened where a focus follows them down."""
    asked = Questioned()
    refused = [r for r in records if r.denial is not None]
    worked_out = (r for r in _in_window(refused, inquiry) if kinds is None or kind_of(r) in kinds)
    if inquiry.everything:
        _add_callers(asked, refused)
    if runs is not None:
        _in_windows(asked, trail, runs)
        if not inquiry.names_more_than_the_error:
            _add_callers(asked, worked_out)
    elif inquiry.event_id:
        _add_callers(asked, (r for r in records if r.event_id == inquiry.event_id))
        return asked
    elif inquiry.role or inquiry.session or inquiry.access_key:
        _called(asked, openings, inquiry)
        role = role_of_session(inquiry.role) or inquiry.role
        _add_callers(asked, (r for r in refused if role and _aims_at(r, role)))
    else:
        _add_callers(asked, worked_out)
        return asked
    openings.with_descendants(asked)
    return asked


def _add_callers(asked: Questioned, records: Iterable[Record]) -> None:
    for record in records:
        asked.add(who_of(record.identity))


def _runs(reader: ScanReader, inquiry: Inquiry) -> list[ActionRun] | None:
    """The failed runs that the question may be about; None where it is about no pipeline, [] where the trail itself has to tell of it."""
    failed = [run for run in reader.actions if run.failed]
    if inquiry.pipeline or inquiry.execution_id or inquiry.thing:
        return failed
    return None if inquiry.role or inquiry.session or inquiry.access_key or inquiry.event_id or not failed else failed


def _names_a_caller(inquiry: Inquiry) -> bool:
    return bool(inquiry.role or inquiry.session or inquiry.access_key)


def _is_open(inquiry: Inquiry) -> bool:
    """A role is asked for by a name or a pattern: who that is, only the records tell."""
    return inquiry.role is not None and (not inquiry.role.startswith("arn:") or "*" in inquiry.role)


def _holds_no_denial(trail: Trail, reader: ScanReader, inquiry: Inquiry) -> bool:
    """Nothing is asked, and nothing was denied: that is only said of what was read whole."""
    return not (inquiry.names_more_than_the_error or inquiry.error or _refused(reader) or any(True for _ in trail.refusals))


def _is_windowed(inquiry: Inquiry) -> bool:
    return inquiry.since is not None or inquiry.until is not None


def _in_windows(asked: Questioned, trail: Trail, runs: Iterable[ActionRun]) -> None:
    """Every session that called while a failed action ran."""
    windows = [(run.started - BEFORE, (run.updated or run.started) + AFTER) for run in runs if run.started is not None]
    for part in trail.parts:
        spans = [(parse_time(span.first), parse_time(span.last)) for span in part.spans]
        if any(first is not None and last is not None and first <= until and last >= since for first, last in spans for since, until in windows):
            for who in unpacked(part.callers):
                asked.add(who)


def _called(asked: Questioned, openings: Openings, inquiry: Inquiry) -> None:
    key, session = mark(inquiry.access_key), mark(session_name_of(inquiry.session) or inquiry.session)
    role = role_mark(inquiry.role)
    for who in openings.everybody():
        if (key and who.key == key) or (session and who.session == session) or (role and who.role == role):
            asked.add(who)


def _callers_of(openings: Openings, role: str | None) -> Iterator[Who]:
    """The role's own sessions: those that called, and those that were opened."""
    wanted = role_mark(role)
    yield from (who for who in openings.everybody() if who.role == wanted)


def _aims_at(record: Record, role: str | None) -> bool:
    denial = record.denial
    if denial is None:
        return False
    told = role_of_session(denial.principal) or denial.principal
    handed = texts_in(dict(record.request)) if denial.by_passed_role else ()
    return any(isinstance(text, str) and same_role(text, role) for text in (denial.resource, told, record.request.get("roleArn"), *handed))


def _in_window(records: Iterable[Record], inquiry: Inquiry) -> Iterator[Record]:
    return (record for record in records if inquiry.covers(record.event_time))


def _is_near(record: Record, wrapping: Iterable[datetime]) -> bool:
    """Made at the time of the record that is asked about: it may be what that one only reports."""
    return any(abs(time - record.event_time) <= WRAPPED for time in wrapping)


class Retries:
    """What the denials of a trail want to know of later calls."""

    def __init__(self, reader: ScanReader, refused: Iterable[Record]) -> None:
        self._broad = bool(reader.pages.accounts()) or bool(reader.decoded)
        self._answers = frozenset(answer.resource for answer in reader.decoded if answer.resource)
        self._things: dict[object, set[str]] = defaultdict(set)
        for record in refused:
            if record.denial is not None and record.denial.resource not in (None, "*"):
                for place in _places(record):
                    self._things[place].add(record.denial.resource or "")

    def wants(self, record: Record) -> Iterator[Want]:
        """A denial that does not say its resource may be put together with one of the same session, or of the same action, that does."""
        beside = (thing for place in _places(record) for thing in self._things.get(place, ()))
        return wants_of_retries(record, beside, self._answers, broad=self._broad)


def _places(record: Record) -> tuple[object, object]:
    who = who_of(record.identity)
    return who.key or who.owner, (who.role, record.denial.iam_action if record.denial is not None else None)
