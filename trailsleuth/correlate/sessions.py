"""Role sessions out of records: which calls were made with which credential, and who opened it.

Join order, strongest first: the issued access key; the assumed role id; role, session name and the second of creation. Services open the same role
twice in one second under one name, so the name is never a key by itself.
Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.model import Identity, Record, Session, account_of, session_name_of
from trailsleuth.model.names import RoleNames, name_of_caller, role_of

Key = tuple[str, str, str]  # access key, principal id or ARN, creation time where there is no key
Calls = dict[Key, tuple[Record, ...]]
SESSION_LIFE = timedelta(hours=12)  # the longest a role session can live


class Opening(Struct, frozen=True, kw_only=True):
    """One AssumeRole… call, its copies put together: the caller's and the role account's (the same record where there is only one)."""

    caller_copy: Record
    role_copy: Record


def session_key(record: Record) -> Key | None:
    """What identifies the credential that made the call; None for a service, another account's copy, or an unknown caller."""
    who = record.identity
    if who.type in ("AWSService", "AWSAccount") or not (who.access_key_id or who.principal_id or who.arn):
        return None
    owner = who.principal_id or who.arn or ""
    if who.access_key_id:
        return (who.access_key_id, owner, "")
    return ("", owner, who.created.isoformat() if who.created else "")


def link_sessions(records: Iterable[Record], names: RoleNames) -> tuple[Session, ...]:
    """All sessions of the evidence with their calls, opened ones without any call included; in order of their first sign."""
    calls, openings = _sort_out(records)
    opened = _match(openings, calls)
    drafts = [(_session(found, names), opened.get(key)) for key, found in calls.items()]
    matched = set(map(id, opened.values()))
    drafts += [(_unused(o, names), o) for o in openings if id(o) not in matched]
    callers = _Callers(drafts)
    sessions = [_with_opening(session, opening, callers, names) for session, opening in drafts]
    return tuple(sorted(sessions, key=lambda s: (s.first.isoformat() if s.first else "", s.id)))


def _sort_out(records: Iterable[Record]) -> tuple[Calls, list[Opening]]:
    calls: dict[Key, list[Record]] = defaultdict(list)
    copies: dict[str, list[Record]] = defaultdict(list)
    keys: dict[int, Key | None] = {}  # by identity: the records of a large trail share it with others of their session
    for record in records:
        who = id(record.identity)
        if who not in keys:
            keys[who] = session_key(record)
        key = keys[who]
        if key is not None:
            calls[key].append(record)
        if record.issued is not None:
            copies[record.shared_event_id or record.issued.access_key_id or record.event_id].append(record)
    return _fold_keyless(calls), [_opening(group) for group in copies.values()]


def _opening(copies: list[Record]) -> Opening:
    caller = next((r for r in copies if r.identity.type not in ("AWSAccount", "AWSService")), copies[0])
    role_side = next((r for r in copies if r.identity.type in ("AWSAccount", "AWSService")), copies[0])
    return Opening(caller_copy=caller, role_copy=role_side)


def _fold_keyless(calls: Mapping[Key, list[Record]]) -> Calls:
    """Calls recorded without an access key join the one session of the same principal id and creation time, where there is exactly one."""
    homes: dict[tuple[str, str], set[Key]] = defaultdict(set)
    for key, found in calls.items():
        for created in {record.identity.created for record in found} if key[0] else ():
            homes[key[1], created.isoformat() if created else ""].add(key)
    folded: dict[Key, list[Record]] = {key: found for key, found in calls.items() if key[0]}
    for key, found in calls.items():
        if not key[0]:
            fits = homes.get((key[1], key[2]), set())
            folded.setdefault(next(iter(fits)) if len(fits) == 1 else key, []).extend(found)
    return {key: tuple(sorted(found, key=lambda r: (r.event_time, r.event_id))) for key, found in folded.items()}


def _match(openings: list[Opening], calls: Calls) -> dict[Key, Opening]:
    by_access_key = {key[0]: key for key in calls if key[0]}
    by_owner: dict[str, list[Key]] = defaultdict(list)
    by_arn: dict[str | None, list[Key]] = defaultdict(list)
    for key, found in calls.items():
        by_owner[key[1]].append(key)
        by_arn[found[0].identity.arn].append(key)
    matched: dict[Key, Opening] = {}
    for opening in openings:
        issued = opening.role_copy.issued or opening.caller_copy.issued
        if issued is None:
            continue
        exact = by_access_key.get(issued.access_key_id or "")
        candidates = [exact] if exact else by_owner.get(issued.assumed_role_id or "", []) + by_arn.get(issued.assumed_role_arn or "", [])
        fits = [k for k in candidates if k not in matched and (k == exact or _born_with(calls[k][0], opening))]
        if fits:
            matched[fits[0]] = opening
    return matched


def _born_with(call: Record, opening: Opening) -> bool:
    created = call.identity.created
    return created is not None and abs(created - opening.role_copy.event_time) <= timedelta(seconds=1)


def _session(calls: tuple[Record, ...], names: RoleNames) -> Session:
    first = calls[0]
    who = first.identity
    key = session_key(first) or ("", "", "")
    return Session(
        id="/".join(part for part in key if part),
        principal=names.full(role_of(first)),
        session_name=session_name_of(who.arn) or _own_name(who),
        access_key_id=next((r.identity.access_key_id for r in calls if r.identity.access_key_id), None),
        principal_id=who.principal_id,
        account=who.account or account_of(who.arn),
        opened_by=None,
        parent=None,
        assumed_by=None,
        calls=calls,
    )


def _own_name(who: Identity) -> str | None:
    """The name that a session was given; of a token the subject, whose principal id is `provider:audience:subject` with colons in each of them."""
    if who.type in ("WebIdentityUser", "SAMLUser"):
        return who.user_name
    return (who.principal_id or "").partition(":")[2] or None


def _unused(opening: Opening, names: RoleNames) -> Session:
    record = opening.role_copy
    issued = record.issued or opening.caller_copy.issued
    role = names.full((issued.role_arn or issued.assumed_role_arn) if issued else None)
    return Session(
        id="/".join(part for part in (issued.access_key_id, issued.assumed_role_id) if part) if issued else record.event_id,
        principal=role,
        session_name=(issued.session_name or session_name_of(issued.assumed_role_arn)) if issued else None,
        access_key_id=issued.access_key_id if issued else None,
        principal_id=issued.assumed_role_id if issued else None,
        account=account_of(role),
        opened_by=None,
        parent=None,
        assumed_by=None,
        calls=(),
    )


def _with_opening(session: Session, opening: Opening | None, callers: _Callers, names: RoleNames) -> Session:
    if opening is None:
        return session
    caller = opening.caller_copy
    if caller.identity.type == "AWSService":
        return replace(session, opened_by=opening.role_copy, assumed_by=caller.identity.invoked_by)
    parent = callers.of(caller)
    by = (parent.principal if parent else None) or names.full(name_of_caller(caller))
    return replace(session, opened_by=opening.role_copy, parent=parent.id if parent else None, assumed_by=by)


class _Callers:
    """Finds the session that made an AssumeRole call: by its record, or (another account's copy) by the principal id that it carries."""

    def __init__(self, drafts: list[tuple[Session, Opening | None]]) -> None:
        self._by_record = {(r.event_id, r.account): session for session, _ in drafts for r in session.calls if r.issued is not None}
        self._by_principal: dict[str, list[tuple[Session, Opening | None]]] = defaultdict(list)
        for session, opening in drafts:
            if session.principal_id:
                self._by_principal[session.principal_id].append((session, opening))

    def of(self, caller: Record) -> Session | None:
        if (caller.event_id, caller.account) in self._by_record and session_key(caller) is not None:
            return self._by_record[caller.event_id, caller.account]
        held = self._by_principal.get(caller.identity.principal_id or "", [])
        fits = [session for session, opening in held if _alive(session, opening, caller.event_time)]
        return fits[-1] if fits else None


def _alive(session: Session, opening: Opening | None, moment: datetime) -> bool:
    born = opening.role_copy.event_time if opening else session.first
    return born is not None and born <= moment <= born + SESSION_LIFE
