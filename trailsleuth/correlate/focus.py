"""Which sessions and which refused records a question is about; everything else in the window is background."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from trailsleuth.catalog.messages import opaque_error
from trailsleuth.catalog.pipeline_actions import acting_services, needs_of_action
from trailsleuth.catalog.services import prefix_of
from trailsleuth.correlate.executions import AFTER, BEFORE, failed_attempts
from trailsleuth.correlate.likeness import MATCH, likeness, named_operation
from trailsleuth.model import ActionRun, Evidence, Execution, Inquiry, Policy, Record, Session, same_role
from trailsleuth.model.names import role_of
from trailsleuth.model.texts import words_in

MILLISECONDS = re.compile(r"^\d{13}$")
BESIDE = timedelta(minutes=10)  # refusals of one session this near to a matched one belong to the same attempt
UNIQUE = 8  # a build or execution id shorter than this is no mark of its own
WRAPPED = timedelta(seconds=10)  # a wrapper and the call that it reports
INSTANCES = "ec2.amazonaws.com"
HANDFUL = 3  # calls that any session may still make after what ended it
PERMISSION_WORDS = re.compile(r"den(y|ied|ial)|permission|authoriz|forbidden|cannot be assumed|unable to assume|access", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """The sessions (by id) and the refused records that are asked about."""

    sessions: frozenset[str]
    asked: tuple[Record, ...]
    matched_error: bool = False


class Trail:
    """Sessions and refused records with the look-ups that choosing a focus needs."""

    def __init__(self, evidence: Evidence, sessions: tuple[Session, ...], refused: tuple[Record, ...]) -> None:
        self.evidence = evidence
        self.sessions = sessions
        self.refused = refused
        self.session_of = {(r.event_id, r.account): s.id for s in sessions for r in s.calls if r.denial is not None}
        self._children: dict[str, list[Session]] = {}
        for session in sessions:
            if session.parent:
                self._children.setdefault(session.parent, []).append(session)

    def home(self, record: Record) -> str | None:
        """The session that made a refused call."""
        return self.session_of.get((record.event_id, record.account))

    def with_descendants(self, roots: Iterable[Session]) -> list[Session]:
        """The sessions and all that were opened out of them, however deep the role chain."""
        found: dict[str, Session] = {}
        queue = list(roots)
        while queue:
            session = queue.pop()
            if session.id not in found:
                found[session.id] = session
                queue += self._children.get(session.id, [])
        return list(found.values())

    def refused_in(self, sessions: Iterable[Session], keep: Callable[[Record], bool] = lambda _: True) -> tuple[Record, ...]:
        ids = {s.id for s in sessions}
        return tuple(r for r in self.refused if self.home(r) in ids and keep(r))


def choose_focus(trail: Trail, inquiry: Inquiry, execution: Execution | None) -> Focus:
    """The narrowest entry decides: record, access key, session, role, execution, error text; none: every denied chain."""
    if inquiry.event_id:
        return _by_record(trail, inquiry.event_id)
    if inquiry.access_key or inquiry.session:
        return _by_sessions(trail, [s for s in trail.sessions if inquiry.access_key in (None, s.access_key_id) and inquiry.session in (None, s.session_name)])
    if inquiry.role:
        return _by_role(trail, inquiry.role)
    if execution is not None:
        return _by_execution(trail, execution)
    if inquiry.error:
        return _by_error(trail, inquiry)
    return _everything(trail)


def _by_record(trail: Trail, event_id: str) -> Focus:
    named = [r for r in trail.evidence.records if r.event_id == event_id]
    homes = frozenset({(r.event_id, r.account): s.id for s in trail.sessions for r in s.calls if r.event_id == event_id}.values())
    wrapping = [r for r in named if r.denial is not None and r.denial.wraps]
    inner = [r for r in trail.refused if any(trail.home(r) == trail.home(w) and abs(r.event_time - w.event_time) <= WRAPPED for w in wrapping)]
    return Focus(sessions=homes, asked=_in_order([*(r for r in named if r.denial is not None), *inner]))


def _by_sessions(trail: Trail, roots: list[Session]) -> Focus:
    chosen = trail.with_descendants(roots)
    return Focus(sessions=frozenset(s.id for s in chosen), asked=trail.refused_in(chosen))


def _by_role(trail: Trail, role: str) -> Focus:
    focus = _by_sessions(trail, [s for s in trail.sessions if s.principal == role or same_role(s.principal, role)])
    if focus.asked:
        return focus
    onto = [r for r in trail.refused if _aims_at(r, role)]
    homes = frozenset(h for h in map(trail.home, onto) if h)
    return Focus(sessions=focus.sessions | homes, asked=_in_order(onto))


def _by_execution(trail: Trail, execution: Execution) -> Focus:
    attempts = failed_attempts(trail.evidence, execution)
    if not attempts:
        return _by_codepipeline_sessions(trail, execution)
    chosen: dict[str, Session] = {}
    asked: list[Record] = []
    for attempt in attempts:
        sessions, refused = _of_attempt(trail, execution, attempt)
        chosen.update((s.id, s) for s in sessions)
        asked += refused
    return Focus(sessions=frozenset(chosen), asked=_in_order(asked))


def _by_codepipeline_sessions(trail: Trail, execution: Execution) -> Focus:
    """Without action executions: what CodePipeline opened (for the pipeline's own role where it is known), from the start on."""
    since = execution.started - BEFORE if execution.started else None
    roots = [
        s
        for s in trail.sessions
        if (s.assumed_by == "codepipeline.amazonaws.com" or _named_by_codepipeline(s))
        and (execution.service_role is None or same_role(s.principal, execution.service_role) or s.parent is not None or s.opened_by is None)
        and (since is None or (s.last is not None and s.last >= since))
    ]
    return _by_sessions(trail, roots)


def _of_attempt(trail: Trail, execution: Execution, attempt: ActionRun) -> tuple[list[Session], tuple[Record, ...]]:
    start = attempt.started or execution.started or datetime.min.replace(tzinfo=UTC)
    end = attempt.updated or start
    window = (start - BEFORE if attempt.started else start, end + AFTER)
    role = attempt.role_arn or execution.service_role
    roots = [s for s in trail.sessions if _overlaps(s, window) and (same_role(s.principal, role) if role else _named_by_codepipeline(s))]
    roots = _of_this_run(trail, roots, execution, attempt)
    chosen = trail.with_descendants(roots)
    chosen += _driven(trail, chosen, attempt, window)
    inside = trail.refused_in(trail.with_descendants(chosen), lambda r: window[0] <= r.event_time <= window[1])
    hops = [s for s in trail.sessions if execution.service_role and same_role(s.principal, execution.service_role) and _overlaps(s, window)]
    onto = trail.refused_in(hops, lambda r: _assumes(r, role) and window[0] <= r.event_time <= window[1]) if role != execution.service_role else ()
    chosen += [s for s in hops if onto and any(trail.home(r) == s.id for r in onto)]
    return chosen, (*inside, *onto)


def _of_this_run(trail: Trail, roots: list[Session], execution: Execution, attempt: ActionRun) -> list[Session]:
    """Of several sessions of one role in one window, those of this execution: by the pipeline role behind them, by CodePipeline's millisecond name,
    and by what their calls name of the action's configuration."""
    by_id = {s.id: s for s in trail.sessions}
    service_role = execution.service_role
    if service_role:
        kept = [s for s in roots if s.parent is None or same_role(by_id[s.parent].principal, service_role) or same_role(s.principal, service_role)]
        roots = kept or roots
    named = [s for s in roots if _named_by_codepipeline(s)]
    roots = named or roots
    if len(roots) > 1:
        values = {v for v in attempt.configuration.values() if isinstance(v, str) and len(v) > 3}
        services = {n.iam_action.partition(":")[0] for n in needs_of_action(attempt.provider or "", attempt.category or "")}
        points = {s.id: _fits_action(s, values, services) for s in roots}
        roots = [s for s in roots if points[s.id] == max(points.values())]
    if len(roots) > 1 and attempt.started and attempt.role_arn:
        tight = [s for s in roots if s.first and attempt.started - timedelta(seconds=5) <= s.first <= (attempt.updated or s.first) + timedelta(seconds=5)]
        roots = tight or roots
    return roots


def _driven(trail: Trail, chosen: list[Session], attempt: ActionRun, window: tuple[datetime, datetime]) -> list[Session]:
    """Sessions that the provider's service opened for the action: of the very build, of a role that the action or its calls name, else any in the window
    but those of instances, which may be anybody's.

    The record of the AssumeRole may be missing: a build's id in the name, or a named role, ties the session all the same.
    """
    services = acting_services(attempt.provider)
    if not services:
        return []
    beside = [s for s in trail.sessions if s not in chosen and _overlaps(s, window) and (s.assumed_by in services or s.opened_by is None)]
    marks = {attempt.external_id.rpartition(":")[2]} if attempt.external_id else set()
    marks |= {str(build.get("id", "")).rpartition(":")[2] for s in chosen for c in s.calls if isinstance(build := c.response.get("build"), dict)}
    exact = [s for s in beside if s.session_name and any(len(m) >= UNIQUE and m in s.session_name for m in marks)]
    named = {v for v in attempt.configuration.values() if isinstance(v, str)}
    by_role = [s for s in beside if s.principal and (s.principal in named or any(_names(c, {s.principal}) for o in chosen for c in o.calls))]
    accounts = {s.account for s in chosen}
    made_for = {p.arn for p in trail.evidence.policies.principals if p.trust and _trusts(p.trust, services[0])}
    own = {*services} - {INSTANCES}
    return exact or by_role or [s for s in beside if s.account in accounts and (s.assumed_by in own or s.principal in made_for)]


def _trusts(trust: Policy, service: str) -> bool:
    """The role is made for the provider's own service; one that EC2 or ECS takes may be anybody's."""
    return any(value == service for s in trust.document.statements if s.principals for kind, value in s.principals.entries if kind == "Service")


def _by_error(trail: Trail, inquiry: Inquiry) -> Focus:
    text = inquiry.error or ""
    points = {id(r): likeness(r, text, inquiry.asked) for r in trail.refused}
    best = max(points.values(), default=0.0)
    if best >= MATCH:
        matched = [r for r in trail.refused if points[id(r)] >= max(MATCH, 0.8 * best)]
        matched = [r for r in matched if _whole_name_in(r, text)] or matched
        homes = frozenset(h for h in map(trail.home, matched) if h)
        near = _near(trail, matched)
        return Focus(sessions=homes, asked=_in_order([*matched, *near]), matched_error=True)
    opaque = opaque_error(text)
    if (opaque is None and not PERMISSION_WORDS.search(text)) or named_operation(text):
        return Focus(sessions=frozenset(), asked=())  # it is about no permission, or about a call that was not refused here
    return _everything(trail)


def _whole_name_in(record: Record, text: str) -> bool:
    """The text names the caller or what was refused by its ARN or its role's whole session ARN."""
    aim = record.request.get("roleArn")
    names = (record.identity.arn, record.identity.issuer.arn if record.identity.issuer else None, record.denial.resource if record.denial else None, aim)
    return any(isinstance(name, str) and name.startswith("arn:") and name in text for name in names)


def _near(trail: Trail, matched: Iterable[Record]) -> list[Record]:
    """Refusals of the same session near to a matched one, and calls that a matched one's service made in its own name for it, in the same moment."""
    by_home, by_service = _Moments(), _Moments()
    for record in matched:
        by_home.add(trail.home(record), record.event_time)
        by_service.add((record.event_source, record.account), record.event_time)

    def made_by_service(record: Record) -> bool:
        who = record.identity
        return who.type == "AWSService" and by_service.near((who.invoked_by, record.account), record.event_time, WRAPPED)

    def same_session(record: Record) -> bool:
        home = trail.home(record)
        return home is not None and by_home.near(home, record.event_time, BESIDE)

    return [r for r in trail.refused if same_session(r) or made_by_service(r)]


class _Moments:
    """Moments by what they belong to; they are added in order."""

    def __init__(self) -> None:
        self._times: dict[Hashable, list[datetime]] = defaultdict(list)

    def add(self, key: Hashable, moment: datetime) -> None:
        self._times[key].append(moment)

    def near(self, key: Hashable, moment: datetime, span: timedelta) -> bool:
        """One of them lies no further than the span away."""
        times = self._times.get(key, [])
        at = bisect_left(times, moment)
        return any(abs(other - moment) <= span for other in times[max(at - 1, 0) : at + 1])


def _everything(trail: Trail) -> Focus:
    """Every denied chain, without the refusals that plainly ended nothing: a service's own, and reads of a session that simply went on."""
    last_but = {s.id: _last_but(s) for s in trail.sessions}
    own = [r for r in trail.refused if r.identity.type != "AWSService"]
    passed = {_kind(r) for r in own if _went_on(r, last_but.get(trail.home(r) or ""))}
    ending = [r for r in own if _kind(r) not in passed]
    asked = ending or own
    return Focus(sessions=frozenset(h for h in map(trail.home, asked) if h), asked=_in_order(asked))


def _kind(record: Record) -> tuple[str | None, str]:
    """What one session of a role goes on after ends no other session of it either."""
    return role_of(record), record.call


def _last_but(session: Session) -> datetime | None:
    """The time of the session's last success but `HANDFUL`; None where it has no more than that."""
    succeeded = (call for call in reversed(session.calls) if not call.failed)
    return next((call.event_time for call in islice(succeeded, HANDFUL, None)), None)


def _went_on(record: Record, last_but: datetime | None) -> bool:
    """A refused read after which the session made other calls that succeeded, more than a handful: a scanner, a console, a recorder."""
    reads = record.read_only or record.event_name.startswith(("Describe", "List", "Get"))
    return last_but is not None and bool(reads) and not record.event_name.startswith("AssumeRole") and last_but > record.event_time


def _overlaps(session: Session, window: tuple[datetime, datetime]) -> bool:
    first, last = session.first, session.last
    return first is not None and last is not None and first <= window[1] and last >= window[0]


def _named_by_codepipeline(session: Session) -> bool:
    """CodePipeline names a role session with the epoch milliseconds of its AssumeRole; other clients use digits too, so the time must agree."""
    if not session.session_name or not MILLISECONDS.match(session.session_name) or session.first is None:
        return False
    return abs(datetime.fromtimestamp(int(session.session_name) / 1000, tz=UTC) - session.first) <= timedelta(hours=1)


def _assumes(record: Record, role: str | None) -> bool:
    return record.event_name.startswith("AssumeRole") and record.denial is not None and same_role(record.denial.resource, role)


def _aims_at(record: Record, role: str) -> bool:
    """The refusal is about the role itself: somebody may not assume it, pass it or change it."""
    named = record.request.get("roleArn") if record.event_name.startswith("AssumeRole") else None
    return record.denial is not None and (same_role(record.denial.resource, role) or (isinstance(named, str) and same_role(named, role)))


def _names(call: Record, values: set[str]) -> bool:
    """The call's request, or what it was refused on, names one of the values."""
    return not values.isdisjoint(words_in(dict(call.request)) | words_in(call.denial.resource if call.denial else None))


def _fits_action(session: Session, values: set[str], services: set[str]) -> int:
    """2 where a call names the action's configuration, 1 more where a call is of the services that such an action calls."""
    naming = any(_names(call, values) for call in session.calls)
    fitting = any(prefix_of(call.event_source) in services for call in session.calls)
    return 2 * naming + fitting


def _in_order(records: Iterable[Record]) -> tuple[Record, ...]:
    unique = {(r.event_id, r.account): r for r in records}
    return tuple(sorted(unique.values(), key=lambda r: (r.event_time, r.event_id, r.account or "")))
