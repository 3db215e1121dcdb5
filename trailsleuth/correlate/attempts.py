"""The sessions and the denied records of a failed pipeline action, or of what CodePipeline opened where no action execution is in the evidence."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from trailsleuth.catalog.pipeline_actions import acting_services, needs_of_action
from trailsleuth.catalog.services import prefix_of
from trailsleuth.correlate.executions import AFTER, BEFORE, failed_attempts
from trailsleuth.correlate.trail import Trail, in_order
from trailsleuth.model import ActionRun, Execution, Policy, Record, Session, role_of_session, same_role
from trailsleuth.model.texts import words_in
from trailsleuth.patterns import late

CODEPIPELINE = "codepipeline.amazonaws.com"
MILLISECONDS = late(r"^\d{13}$")
UNIQUE = 8  # a build or execution id shorter than this is no mark of its own
_BARE = 40  # a message as short as "Access Denied" says nothing of its own
_CALLER = late(r"arn:aws[\w-]*:(?:iam::\d*:(?:user|role)|sts::\d*:assumed-role)/[\w+=,.@/-]*")
INSTANCES = "ec2.amazonaws.com"


Found = tuple[list[Session], tuple[Record, ...]]


def of_execution(trail: Trail, execution: Execution) -> Found:
    """The sessions of the failed actions and the calls denied to them."""
    attempts = failed_attempts(trail.evidence, execution)
    if not attempts and execution.pipeline is None and execution.provider is not None:
        return [], ()  # a thing that the evidence lacks
    if not attempts:
        return _of_codepipeline(trail, execution)
    chosen: dict[str, Session] = {}
    asked: list[Record] = []
    for attempt in attempts:
        sessions, refused = _of_thing(trail, attempt) if attempt.kind else _of_attempt(trail, execution, attempt)
        chosen.update((s.id, s) for s in sessions)
        asked += refused
    return list(chosen.values()), in_order(asked)


def _of_codepipeline(trail: Trail, execution: Execution) -> Found:
    """Without action executions: what CodePipeline opened (for the pipeline's own role where it is known), from the start on."""
    since = execution.started - BEFORE if execution.started else None
    roots = [
        s
        for s in trail.sessions
        if opened_by_service(s, CODEPIPELINE)
        and (execution.service_role is None or same_role(s.principal, execution.service_role) or s.parent is not None or s.opened_by is None)
        and (since is None or (s.last is not None and s.last >= since))
    ]
    chosen = trail.with_descendants(roots)
    return chosen, trail.refused_in(chosen)


def _of_thing(trail: Trail, attempt: ActionRun) -> Found:
    """The calls denied to a failed thing, by the strongest tie that holds: its own text holds their message, a session of its role or of its service
    made them, its text names their action and nobody, else its service made them with the credentials of whoever called it."""
    end = attempt.updated or datetime.max.replace(tzinfo=UTC) - AFTER
    window = (attempt.started - BEFORE if attempt.started else datetime.min.replace(tzinfo=UTC), end + AFTER)
    inside = [r for r in trail.refused if window[0] <= r.event_time <= window[1]]
    roots = [s for s in trail.sessions if _overlaps(s, window) and any(same_role(s.principal, role) for role in attempt.roles)]
    chosen = trail.with_descendants([*roots, *_driven(trail, roots, attempt, window)])
    ids = {s.id for s in chosen}
    text = attempt.error_text or ""
    said = [r for r in inside if r.error_message and len(r.error_message) > _BARE and r.error_message in text]
    own = [r for r in inside if trail.home(r) in ids]
    named = [r for r in inside if r.denial and _names_action(text, r.denial.iam_action)] if _CALLER.search(text) is None else []
    carried = [r for r in inside if r.identity.invoked_by in acting_services(attempt.provider)]
    asked = said or own or named or carried
    homes = {trail.home(r) for r in asked}
    return [s for s in trail.sessions if s.id in ids or s.id in homes], tuple(asked)


def _names_action(text: str, action: str | None) -> bool:
    return action is not None and re.search(rf"\b{re.escape(action)}\b", text, re.IGNORECASE) is not None


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
    named = _named_in_error(trail, execution, attempt, window)
    told = trail.refused_in(named, lambda r: window[0] <= r.event_time <= window[1])
    return [*chosen, *(s for s in named if told and s not in chosen)], (*inside, *onto, *told)


def _named_in_error(trail: Trail, execution: Execution, attempt: ActionRun, window: tuple[datetime, datetime]) -> list[Session]:
    """The sessions of roles that the action's own error names: it may be another that lacked something than the one that the action ran with."""
    named = {role_of_session(arn) or arn for arn in (found.rstrip(".") for found in _CALLER.findall(attempt.error_text or ""))}
    return _of_this_run(trail, [s for s in trail.sessions if _overlaps(s, window) and any(same_role(s.principal, role) for role in named)], execution, attempt)


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


def _overlaps(session: Session, window: tuple[datetime, datetime]) -> bool:
    first, last = session.first, session.last
    return first is not None and last is not None and first <= window[1] and last >= window[0]


def _named_by_codepipeline(session: Session) -> bool:
    """CodePipeline names a role session with the epoch milliseconds of its AssumeRole; other clients use digits too, so the time must agree."""
    if not session.session_name or not MILLISECONDS.match(session.session_name) or session.first is None:
        return False
    return abs(datetime.fromtimestamp(int(session.session_name) / 1000, tz=UTC) - session.first) <= timedelta(hours=1)


def opened_by_service(session: Session, service: str) -> bool:
    """The service assumed the role, or made the calls with it."""
    if session.assumed_by == service or any(call.identity.invoked_by == service for call in session.calls):
        return True
    return service == CODEPIPELINE and _named_by_codepipeline(session)


def is_chained(session: Session) -> bool:
    """The role was taken on by another role or account, or by CodePipeline: a hop of a delivery, not somebody's own session."""
    by = session.assumed_by or ""
    foreign = session.opened_by is not None and session.opened_by.identity.type == "AWSAccount"
    return foreign or opened_by_service(session, CODEPIPELINE) or (by.startswith("arn:") and ":role/" in by)


def _assumes(record: Record, role: str | None) -> bool:
    return record.event_name.startswith("AssumeRole") and record.denial is not None and same_role(record.denial.resource, role)


def _names(call: Record, values: set[str]) -> bool:
    """The call's request, or what it was refused on, names one of the values."""
    return not values.isdisjoint(words_in(dict(call.request)) | words_in(call.denial.resource if call.denial else None))


def _fits_action(session: Session, values: set[str], services: set[str]) -> int:
    """2 where a call names the action's configuration, 1 more where a call is of the services that such an action calls."""
    naming = any(_names(call, values) for call in session.calls)
    fitting = any(prefix_of(call.event_source) in services for call in session.calls)
    return 2 * naming + fitting
