"""From the refused records and the question to the records that the answer depends on.

What the later rooms look at, and so what has to be at hand: the calls of the sessions in question (their number, and what went on after a refusal), the
calls that opened them; later successes of a refused call; earlier registrations that show a role (passrole, actors); uploads of a refused object
(ownership); who owns a bucket; changes of policies and starts of pipelines (kept by the first pass).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from trailsleuth.catalog.actions import takes_resource
from trailsleuth.catalog.passed_roles import passed_roles, passing_rows
from trailsleuth.correlate.executions import AFTER, BEFORE
from trailsleuth.correlate.trail import WRAPPED
from trailsleuth.facts.wants import wants_beside, wants_of, wants_of_policies, wants_of_run
from trailsleuth.ingest.times import parse_time
from trailsleuth.model import ActionRun, Denial, Inquiry, Record, role_of_session, same_role, session_name_of
from trailsleuth.model.texts import texts_in
from trailsleuth.scan.facts_wanted import SHORTEST, FactsWanted, last_part, mark_of
from trailsleuth.scan.first_look import Glimpse
from trailsleuth.scan.identity import mark, role_mark, unpacked, who_of
from trailsleuth.scan.openings import Openings, Questioned
from trailsleuth.scan.reader import ScanReader
from trailsleuth.scan.selection import Call, Pursuit, Selection, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """The first pass over all log files. `span`: the times of the first and the last record of all evidence."""

    parts: list[Glimpse]
    span: tuple[datetime, datetime] | None


def plan(trail: Trail, reader: ScanReader, inquiry: Inquiry) -> Selection | None:
    """What the second pass has to fetch; None where the question needs so much that everything is better read."""
    records = list(reader.records.all())
    refused = [r for r in records if r.denial is not None]
    openings = Openings(trail.parts)
    runs = _runs(reader, inquiry)
    if runs is not None and (not runs or any(run.started is None for run in runs)):
        return None
    if _is_open(inquiry) or (_is_windowed(inquiry) and not any(_in_window(refused, inquiry))):
        return None
    asked = _asked(trail, openings, records, inquiry, runs)
    if _names_a_caller(inquiry) and not asked.any:
        return None  # what there is instead is the answer
    wrapping = [r.event_time for r in records if r.event_id == inquiry.event_id]
    pursued = [r for r in refused if runs or asked.has(who_of(r.identity)) or who_of(r.identity).key == 0 or _is_near(r, wrapping)]
    openings.with_ancestors(asked)
    facts = FactsWanted(frozenset().union(*(part.calls for part in trail.parts)))
    calls = _Calls(reader, refused)
    for record in refused:
        facts.take(wants_beside(record), record.event_time)
    for record in pursued:
        calls.look_for_cures(record)
        facts.take(wants_of(record), record.event_time)
    facts.take(wants_of_policies(reader.resources) if pursued else (), None)
    for run in runs or ():
        facts.take(wants_of_run(run), run.updated or run.started)
    entire = bool(runs or inquiry.error)  # the text is compared with what the calls name
    return Selection(
        keys=frozenset(asked.keys),
        owners=frozenset(asked.owners),
        keyless=frozenset(asked.keyless),
        opened=frozenset(asked.opened),
        whole=frozenset(asked.keys | asked.owners) if entire else frozenset(calls.whole),
        calls=calls.wanted(facts),
        buckets=frozenset(facts.buckets),
        named=facts.named,
        missing=facts.missing,
        called_as=tuple(sorted(facts.called_as)),
        edges=frozenset(moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in trail.span or ()),
        text=" ".join((inquiry.error or "").split()),
    )


def _asked(trail: Trail, openings: Openings, records: list[Record], inquiry: Inquiry, runs: list[ActionRun] | None) -> Questioned:
    """The sessions that the question is about, and what they opened where a focus follows them down."""
    asked = Questioned()
    refused = [r for r in records if r.denial is not None]
    if inquiry.everything:
        _add_callers(asked, refused)
    if runs is not None:
        _in_windows(asked, trail, runs)
        if not inquiry.names_more_than_the_error:
            _add_callers(asked, _in_window(refused, inquiry))
    elif inquiry.event_id:
        _add_callers(asked, (r for r in records if r.event_id == inquiry.event_id))
        return asked
    elif inquiry.role or inquiry.session or inquiry.access_key:
        _named(asked, openings, inquiry)
        role = role_of_session(inquiry.role) or inquiry.role
        _add_callers(asked, (r for r in refused if role and _aims_at(r, role)))
    else:
        _add_callers(asked, _in_window(refused, inquiry))
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


def _named(asked: Questioned, openings: Openings, inquiry: Inquiry) -> None:
    key, session = mark(inquiry.access_key), mark(session_name_of(inquiry.session) or inquiry.session)
    role = role_mark(inquiry.role)
    for who in (*openings.callers, *openings.opened):
        if (key and who.key == key) or (session and who.session == session) or (role and who.role == role):
            asked.add(who)


def _aims_at(record: Record, role: str | None) -> bool:
    denial = record.denial
    if denial is None:
        return False
    told = role_of_session(denial.principal) or denial.principal
    handed = texts_in(dict(record.request)) if denial.by_passed_role else ()
    return any(isinstance(text, str) and same_role(text, role) for text in (denial.resource, told, record.request.get("roleArn"), *handed))


def _in_window(records: Iterable[Record], inquiry: Inquiry) -> Iterator[Record]:
    for record in records:
        if (inquiry.since is None or record.event_time >= inquiry.since) and (inquiry.until is None or record.event_time <= inquiry.until):
            yield record


def _is_near(record: Record, wrapping: Iterable[datetime]) -> bool:
    """Made at the time of the record that is asked about: it may be what that one only reports."""
    return any(abs(time - record.event_time) <= WRAPPED for time in wrapping)


class _Calls:
    """What is looked for among the calls of each operation."""

    def __init__(self, reader: ScanReader, refused: Iterable[Record]) -> None:
        self.whole: set[int] = set()
        self._named = _named_resources(refused)
        self._broad = bool(reader.pages.accounts()) or bool(reader.decoded)
        self._decoded = [answer.resource for answer in reader.decoded if answer.resource]
        self._times: dict[Call, dict[tuple[int, str], list[str]]] = defaultdict(lambda: defaultdict(list))
        self._texts: dict[Call, dict[tuple[int, str], set[bytes]]] = defaultdict(lambda: defaultdict(set))
        self._flags: dict[Call, dict[tuple[int, str], set[str]]] = defaultdict(lambda: defaultdict(set))
        self._templates: dict[Call, dict[tuple[str | None, str | None], set[str]]] = defaultdict(lambda: defaultdict(set))

    def look_for_cures(self, record: Record) -> None:
        """Later successes of the refused call, earlier registrations of what it starts, and uploads of the object."""
        call, who = (record.event_source, record.event_name), who_of(record.identity)
        place, when = (who.role, record.region), record.event_time.strftime("%Y-%m-%dT%H:%M:%SZ")
        self._times[call][place].append(when)
        self._texts[call][place].update(self._marks(record))
        if self._first_counts(record):
            self._flags[call][place].add("first")
        if passing_rows(*call):
            roles = passed_roles(*call, record.request)
            self._texts[call][place].update(mark_of(role.role) for role in roles)
            if not roles:
                self._flags[call][place].add("role")
                self._templates[call][record.recipient_account, record.region].add(when)
                self.whole.add(who.key or who.owner)

    def _first_counts(self, record: Record) -> bool:
        denial = record.denial
        return self._broad or denial is None or denial.resource in (None, "*") or _without_resource(denial)

    def _marks(self, record: Record) -> Iterator[bytes]:
        """Texts of which a success of the same call on the same thing holds one at least. Of a call that takes no resource, the next success is enough.

        A refusal that does not say its resource may be put together with one of the same session, or of the same action, that does.
        """
        denial, who = record.denial, who_of(record.identity)
        yield from (mark_of(text) for text in self._decoded)
        if denial is None:
            return
        vague = denial.path_unknown or denial.wraps or denial.resource in (None, "*")
        if vague:
            yield from self._named[who.key or who.owner]
            yield from self._named[who.role, denial.iam_action]
        if denial.resource not in (None, "*"):
            yield mark_of(denial.resource or "")
        if self._broad or (denial.resource in (None, "*") and not _without_resource(denial)) or denial.other_actions or denial.path_unknown:
            shown = [*texts_in(dict(record.request)), *(ref.arn for ref in record.resources if ref.arn)]
            yield from (mark_of(text) for text in shown if len(last_part(text)) >= SHORTEST)

    def wanted(self, facts: FactsWanted) -> dict[Call, Wanted]:
        """All of it, by operation, with what facts look at."""
        beside = facts.wanted()
        return {
            call: replace(
                beside.get(call, Wanted()),
                successes={place: self._pursuit(call, place) for place in self._times.get(call, {})},
                templates={place: tuple(sorted(times)) for place, times in self._templates.get(call, {}).items()},
            )
            for call in {*self._times, *self._templates, *beside}
        }

    def _pursuit(self, call: Call, place: tuple[int, str]) -> Pursuit:
        flags = self._flags[call][place]
        return Pursuit(
            times=tuple(sorted(self._times[call][place])), texts=tuple(sorted(self._texts[call][place])), role="role" in flags, first="first" in flags
        )


def _without_resource(denial: Denial) -> bool:
    return denial.iam_action is not None and takes_resource(denial.iam_action) is False


def _named_resources(refused: Iterable[Record]) -> dict[object, set[bytes]]:
    """What was refused on, by session, and by principal and action."""
    found: dict[object, set[bytes]] = defaultdict(set)
    for record in refused:
        if record.denial is not None and record.denial.resource not in (None, "*"):
            who, mark_of_it = who_of(record.identity), mark_of(record.denial.resource or "")
            found[who.key or who.owner].add(mark_of_it)
            found[who.role, record.denial.iam_action].add(mark_of_it)
    return found
