"""Which sessions and which denied records a question is about; everything else in the window is background.

The narrowest entry decides: record, access key, session, role, execution, error text. Without an entry, or with a text that ties to nothing, every denied
chain is asked about, each as a group of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from trailsleuth.catalog.things import READS
from trailsleuth.correlate.attempts import of_execution
from trailsleuth.correlate.entries import is_of_session
from trailsleuth.correlate.groups import chains_of
from trailsleuth.correlate.ties import Tied, sessions_of
from trailsleuth.correlate.tokens import asks_for
from trailsleuth.correlate.trail import WRAPPED, Key, Moments, Trail, in_order, key_of
from trailsleuth.facts.kinds import Times, is_aside, kind_of, likeliest
from trailsleuth.model import ErrorText, Execution, Inquiry, Record, Session, Tie, is_of_role, parse_arn, role_of_session, same_role
from trailsleuth.model.texts import texts_in

TAKEN = timedelta(hours=1)  # after a role was handed over its service works with it
BESIDE = timedelta(minutes=10)  # denials of one session this near to a tied one belong to the same attempt


class Focus(Struct, frozen=True, kw_only=True):
    """The sessions (by id) and the denied records that are asked about, and which chain each of these belongs to.

    `tied` are records that a text names weakly: their chains come before others. `tie` is the kind, None where no text was given or none ties.
    """

    sessions: frozenset[str]
    asked: tuple[Record, ...]
    chain_of: Mapping[Key, int] = field(default_factory=dict)
    tied: frozenset[Key] = frozenset()
    tie: Tie | None = None


def choose_focus(trail: Trail, inquiry: Inquiry, execution: Execution | None, found: Tied | None, times: Times) -> Focus:
    """What the question is about: the entry that it names, else what its text ties to, else the likeliest denied chains."""
    focus = _chosen(trail, inquiry, execution, found, times)
    return _with_handed(trail, focus, inquiry.said) if inquiry.names_more_than_the_error else focus


def _chosen(trail: Trail, inquiry: Inquiry, execution: Execution | None, found: Tied | None, times: Times) -> Focus:
    if inquiry.event_id:
        return _by_record(trail, inquiry.event_id)
    if inquiry.access_key or inquiry.session:
        wanted = [s for s in trail.sessions if inquiry.access_key in (None, s.access_key_id) and (not inquiry.session or is_of_session(s, inquiry.session))]
        return _by_sessions(trail, wanted)
    if inquiry.role:
        return _by_role(trail, inquiry.role)
    if execution is not None:
        sessions, asked = of_execution(trail, execution)
        focus = Focus(sessions=frozenset(s.id for s in sessions), asked=asked)
        return focus if inquiry.names_more_than_the_error else _weakly(_with_the_rest(trail, focus, _first(trail, inquiry, times)), found)
    if found is not None and found.kind is not None and found.kind.is_strong:
        return _by_error(trail, found)
    return _weakly(_everything(trail, _first(trail, inquiry, times)), found)


def _by_record(trail: Trail, event_id: str) -> Focus:
    named = [r for r in trail.evidence.records if r.event_id == event_id]
    homes = frozenset({key_of(r): s.id for s in trail.sessions for r in s.calls if r.event_id == event_id}.values())
    wrapping = [r for r in named if r.denial is not None and r.denial.wraps]
    inner = [r for r in trail.refused if any(trail.home(r) == trail.home(w) and abs(r.event_time - w.event_time) <= WRAPPED for w in wrapping)]
    return Focus(sessions=homes, asked=in_order([*(r for r in named if r.denial is not None), *inner]))


def _by_sessions(trail: Trail, roots: list[Session]) -> Focus:
    chosen = trail.with_descendants(roots)
    return Focus(sessions=frozenset(s.id for s in chosen), asked=trail.refused_in(chosen))


def _by_role(trail: Trail, role: str) -> Focus:
    focus = _by_sessions(trail, [s for s in trail.sessions if is_of_role(s.principal, role)])
    whole = _whole_names(trail)
    spoken = ((r, role_of_session(r.denial.principal) or r.denial.principal) for r in trail.refused if r.denial is not None)
    told = [r for r, who in spoken if is_of_role(whole.get(who or "", who), role)]
    asked = [*focus.asked, *told] or [r for r in trail.refused if _aims_at(r, role) or asks_for(r, role, trail.evidence.policies)]
    return Focus(sessions=focus.sessions | sessions_of(trail, asked), asked=in_order(asked))


def _by_error(trail: Trail, found: Tied) -> Focus:
    """The records that the text means, and what belongs to them."""
    denied = in_order(r for r in (*found.records, *_near(trail, found.records)) if r.denial is not None)
    homes = sessions_of(trail, (*found.records, *denied))
    return Focus(sessions=homes, asked=denied, chain_of=chains_of(trail, denied), tied=frozenset(map(key_of, found.records)), tie=found.kind)


def _weakly(focus: Focus, found: Tied | None) -> Focus:
    """A weak tie only says which chains come first; none leaves what no text would."""
    return focus if found is None else replace(focus, tied=frozenset(map(key_of, found.records)), tie=found.kind)


def _with_handed(trail: Trail, focus: Focus, said: ErrorText | None) -> Focus:
    """With what was denied to the roles that the calls in focus handed over, in the hands of the services that took them, and to those that the text names:
    where nothing but looks was denied to those in focus, and they went on."""
    found = set(focus.sessions)
    told = [role_of_session(word) or word for word in said.words if ":role/" in word or ":assumed-role/" in word] if said is not None else []
    begun = [s.first for s in trail.sessions if s.id in found and s.first is not None]
    named = dict.fromkeys(told, min(begun)) if begun else {}
    while all(key_of(r) in trail.went_on and is_aside(r.call) for r in focus.asked):
        calls = [call for s in trail.sessions if s.id in found for call in s.calls if not call.failed and not call.event_name.startswith(READS)]
        roles: dict[str, datetime] = {}
        for call in calls:
            if (role := trail.handed.role(call)) is not None:
                roles[role] = min(call.event_time, roles.get(role, call.event_time))
        rest = [s for s in trail.sessions if s.id not in found]
        since = {s.id: at for s in rest if (at := (_taken(s, roles) if _is_of_service(s) else None) or _taken(s, named)) is not None}
        if not since:
            return focus
        taken = trail.with_descendants(s for s in rest if s.id in since)
        denied = [r for r in trail.refused_in(taken) if r.event_time >= since.get(trail.home(r) or "", r.event_time)]
        if not denied:
            return focus
        found |= sessions_of(trail, denied)  # no others: of a large trail only sessions that were denied something are at hand
        focus = replace(focus, sessions=frozenset(found), asked=in_order((*focus.asked, *denied)))
    return focus


def _is_of_service(session: Session) -> bool:
    """A service took the role, or nobody knows who did."""
    return session.assumed_by is None or session.assumed_by.endswith(".amazonaws.com")


def _taken(session: Session, roles: Mapping[str, datetime]) -> datetime | None:
    """When the session's role was handed over, if it was used within an hour after that."""
    since = next((moment for role, moment in roles.items() if same_role(session.principal, role)), None)
    used = since is not None and session.first is not None and session.last is not None and session.last >= since >= session.first - TAKEN
    return since if used else None


def _near(trail: Trail, matched: Iterable[Record]) -> list[Record]:
    """Denials of the same session near to a matched one, and calls that a matched one's service made in its own name for it, in the same moment."""
    by_home, by_service = Moments(), Moments()
    for record in matched:
        by_home.add(trail.home(record), record)
        by_service.add((record.event_source, record.account), record)

    def belongs(record: Record) -> bool:
        who, home = record.identity, trail.home(record)
        if home is not None and any(by_home.near(home, record, BESIDE)):
            return True
        return who.type == "AWSService" and any(by_service.near((who.invoked_by, record.account), record, WRAPPED))

    return [r for r in trail.refused if belongs(r)]


def _first(trail: Trail, inquiry: Inquiry, times: Times) -> tuple[Record, ...]:
    """The denied records that are worked out where nothing is asked: of the likeliest kinds; a text may tie to any of them."""
    if inquiry.everything or inquiry.error:
        return trail.refused
    kinds = likeliest(times, inquiry.limit)
    return tuple(r for r in trail.refused if kind_of(r) in kinds)


def _everything(trail: Trail, first: tuple[Record, ...]) -> Focus:
    """These denied chains, a service's own calls included."""
    return Focus(sessions=sessions_of(trail, first), asked=first, chain_of=chains_of(trail, first))


def _with_the_rest(trail: Trail, focus: Focus, first: tuple[Record, ...]) -> Focus:
    """The failed execution comes first where nothing is asked, and the other denied chains after it."""
    own = set(map(key_of, focus.asked))
    rest = [r for r in first if key_of(r) not in own]
    chains = dict.fromkeys(own, 0) | chains_of(trail, rest)
    return Focus(sessions=focus.sessions, asked=in_order((*focus.asked, *rest)), chain_of=chains)


def _whole_names(trail: Trail) -> dict[str, str]:
    """A role's ARN without its path, as a session's ARN leads to it, to the one that the sessions' own records name."""
    parsed = ((s.principal, arn) for s in trail.sessions if (arn := parse_arn(s.principal)) is not None and arn.is_role)
    return {f"arn:{arn.partition}:iam::{arn.account}:role/{arn.name}": principal for principal, arn in parsed if principal}


def _aims_at(record: Record, role: str) -> bool:
    """The denial is about the role itself: somebody may not assume it, pass it or change it, or it lacks what the service that it was handed to needs."""
    named = record.request.get("roleArn") if record.event_name.startswith("AssumeRole") else None
    resource = record.denial.resource if record.denial is not None else None
    handed = texts_in(dict(record.request)) if record.denial is not None and record.denial.by_passed_role else ()
    return any(isinstance(text, str) and is_of_role(text, role) for text in (resource, named, *handed))
