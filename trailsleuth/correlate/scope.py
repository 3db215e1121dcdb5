"""From evidence and a question to the part of the trail that answers it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from msgspec.structs import replace

from trailsleuth.correlate.attempts import is_chained
from trailsleuth.correlate.executions import AFTER, BEFORE, find_execution
from trailsleuth.correlate.focus import Focus, choose_focus
from trailsleuth.correlate.sessions import link_sessions
from trailsleuth.correlate.ties import Tied, tied
from trailsleuth.correlate.trail import Trail, key_of
from trailsleuth.facts.kinds import enumerating, times_of
from trailsleuth.model import Chain, Evidence, Execution, Hop, Inquiry, Record, Scope, Session, Strangers, account_of
from trailsleuth.model.names import RoleNames, name_of_caller, role_names


def find_scope(evidence: Evidence, inquiry: Inquiry) -> Scope:
    """Sessions, the failed execution, the refused records asked about and the ones beside them, and the role chains in focus."""
    names = role_names(evidence)
    sessions = link_sessions(evidence.records, names)
    refused, strangers = refused_within(evidence.records, inquiry), strangers_within(evidence.strangers, inquiry)
    times = times_of(refused, strangers)
    trail = Trail(evidence, sessions, refused, names)
    found = tied(trail, inquiry.said) if inquiry.said is not None and not inquiry.names_more_than_the_error else None
    execution = find_execution(evidence, inquiry) if _about_a_pipeline(evidence, inquiry, found) else None
    focus = choose_focus(trail, inquiry, execution, found, times)
    asked = {(r.event_id, r.account) for r in focus.asked}
    since, until = _window(evidence, inquiry, execution)
    return Scope(
        sessions=sessions,
        focus=focus.sessions,
        asked=focus.asked,
        others=tuple(r for r in refused if (r.event_id, r.account) not in asked),
        chains=_chains(sessions, focus, names),
        execution=execution,
        since=since,
        until=until,
        entered=_entered(sessions, focus),
        session_of=trail.session_of,
        chain_of=focus.chain_of,
        tied=focus.tied,
        tie=focus.tie,
        went_on=trail.went_on,
        strangers=strangers,
        enumerating=enumerating(times) if focus.chain_of else frozenset(),
        chained=frozenset(key_of(r) for r in refused if (s := trail.session(r)) is not None and is_chained(s)),
    )


def _about_a_pipeline(evidence: Evidence, inquiry: Inquiry, found: Tied | None) -> bool:
    """A pipeline is asked for, or nothing is and the evidence holds a failed action; an error text that means certain records is not about it, unless
    it is that action's own."""
    if inquiry.pipeline or inquiry.execution_id or inquiry.thing:
        return True
    if inquiry.role or inquiry.session or inquiry.access_key or inquiry.event_id:
        return False
    failed = [run for run in evidence.actions if run.failed]
    if found is not None and found.kind is not None and found.kind.is_strong:
        return any(run.error_text and run.error_text.strip() in (inquiry.error or "") for run in failed)
    return bool(failed)


def refused_within(records: Collection[Record], inquiry: Inquiry) -> tuple[Record, ...]:
    """Refused calls in the window, each once: the owner's copy (AWSAccount) of a call whose caller's copy is here is left out."""
    own = {r.shared_event_id for r in records if r.denial is not None and r.shared_event_id and r.identity.type != "AWSAccount"}
    return tuple(
        r for r in records if r.denial is not None and not (r.identity.type == "AWSAccount" and r.shared_event_id in own) and inquiry.covers(r.event_time)
    )


def strangers_within(strangers: Iterable[Strangers], inquiry: Inquiry) -> tuple[Strangers, ...]:
    """Those of the counted denials that lie in the window."""
    kept = (replace(one, times=tuple(filter(inquiry.covers, one.times))) for one in strangers)
    return tuple(one for one in kept if one.times)


def _window(evidence: Evidence, inquiry: Inquiry, execution: Execution | None) -> tuple[datetime | None, datetime | None]:
    first = evidence.records[0].event_time if evidence.records else None
    last = evidence.records[-1].event_time if evidence.records else None
    if execution is not None and execution.started is not None:
        first = execution.started - BEFORE
        last = (execution.ended or execution.started) + AFTER
    return inquiry.since or first, inquiry.until or last


def _chains(sessions: tuple[Session, ...], focus: Focus, names: RoleNames) -> tuple[Chain, ...]:
    by_id = {s.id: s for s in sessions}
    asked = {(r.event_id, r.account) for r in focus.asked}
    chains = []
    for session in sessions:
        if session.id not in focus.sessions:
            continue
        denied = sum(1 for r in session.calls if r.denial is not None and (r.event_id, r.account) in asked)
        chains.append(Chain(hops=_hops(session, by_id, names), calls=sum(call.counts_for for call in session.calls), denied=denied, session_id=session.id))
    return tuple(chains)


def _hops(session: Session, by_id: dict[str, Session], names: RoleNames) -> tuple[Hop, ...]:
    """The way to a session, first hop first; a loop in broken data ends the walk."""
    way: list[Hop] = []
    seen: set[str] = set()
    current: Session | None = session
    while current is not None and current.id not in seen:
        seen.add(current.id)
        opened = current.opened_by
        if current.principal is None and way:
            break  # a token is nobody's role: the hop after it says who it was
        way.append(
            Hop(
                role=names.full(current.principal),
                session_name=current.session_name,
                access_key_id=current.access_key_id,
                assumed_by=current.assumed_by or _itself(current),
                event_id=opened.event_id if opened else None,
                account=current.account,
            )
        )
        current = by_id.get(current.parent) if current.parent else None
    return tuple(reversed(way))


def _itself(session: Session) -> str | None:
    """Who calls with a credential that is no role's: a token by its subject and provider. A user is named by the hop; of a role session nobody knows."""
    first = session.calls[0] if session.calls and session.principal is None else None
    return name_of_caller(first) if first is not None else None


def _entered(sessions: tuple[Session, ...], focus: Focus) -> tuple[str, ...]:
    """Accounts that the sessions in focus stand in or opened a role in."""
    found = {s.account for s in sessions if s.id in focus.sessions}
    for session in sessions:
        if session.id in focus.sessions:
            found |= {account_of(call.issued.role_arn or call.issued.assumed_role_arn) for call in session.calls if call.issued}
    return tuple(sorted(a for a in found if a))
