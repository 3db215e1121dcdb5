"""Whether a thing was there: what AWS said of its name, what a whole snapshot lacks, when it was made and deleted.

Sees:  failed calls that say "no such thing" of the kind that they asked for, creations and deletions of roles, snapshots that hold a whole account.
Why:   a thing that is not there is refused like one that may not be used, and no policy brings it.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
Sure:  AWS's own word, and only where nothing shows that the thing was made or used in between.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from trailsleuth.catalog.services import prefix_of
from trailsleuth.catalog.things import missing_noun, says_missing
from trailsleuth.facts.fact import Fact, Kind
from trailsleuth.facts.things import MAKING, worked_on
from trailsleuth.model import Evidence, PolicyEvidence, Record, parse_arn
from trailsleuth.model.names import role_of
from trailsleuth.model.texts import texts_in

EC2 = "ec2.amazonaws.com"


class RoleLives:
    """Creations and deletions of roles, by name. The records come in time order."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._by_name: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            if record.event_name in ("CreateRole", "DeleteRole") and not record.failed and isinstance(name := record.request.get("roleName"), str):
                self._by_name[name].append(record)

    def last(self, role: str | None, moment: datetime) -> Record | None:
        """The role's last creation or deletion by then."""
        arn = parse_arn(role)
        if arn is None or not arn.is_role:
            return None
        lives = self._by_name.get(arn.name, [])
        before = lives[: bisect_right(lives, moment, key=lambda record: record.event_time)]
        return next((record for record in reversed(before) if record.account in (None, arn.account)), None)

    def deletion(self, role: str | None, moment: datetime) -> Record | None:
        """Its deletion by then; None where it was not deleted, or made anew since."""
        last = self.last(role, moment)
        return last if last is not None and last.event_name == "DeleteRole" else None

    def creation(self, role: str | None, moment: datetime) -> Record | None:
        """Its creation by then; None where the trail shows none, or it was deleted since."""
        last = self.last(role, moment)
        return last if last is not None and last.event_name == "CreateRole" else None


def absences(records: Iterable[Record]) -> Mapping[str, tuple[Fact, ...]]:
    """By ARN (of EC2's things by id), in time order: what a failed call said to be missing."""
    found: dict[str, list[Fact]] = defaultdict(list)
    for record in records:
        noun = missing_noun(record.error_code, record.error_message or "") if record.error_code else None
        for thing in _missing(record, noun) if noun is not None else ():
            found[thing].append(Fact(kind=Kind.ABSENT, thing=thing, at=record.event_time, record=record))
    return {thing: tuple(facts) for thing, facts in found.items()}


def _missing(record: Record, noun: str) -> Iterator[str]:
    text, service = record.error_message or "", prefix_of(record.event_source)
    named = [(kind, arn) for kind, arn in worked_on(record) if says_missing(noun, text, service=service, kind=kind)]
    if len(named) == 1:
        yield named[0][1]
    elif record.event_source == EC2:
        ids = {one for one in texts_in(dict(record.request)) if f"'{one}'" in text}
        yield from ids if len(ids) == 1 else ()


def present_again(records: Iterable[Record], thing: str, event_source: str, since: datetime, until: datetime) -> Record | None:
    """A successful call between the two moments that worked on the thing, or made it."""
    for record in records:
        if record.event_source == event_source and since < record.event_time <= until and not record.failed and thing in {a for _, a in worked_on(record)}:
            return record
    return None


def made_later(records: Iterable[Record], thing: str, event_source: str, moment: datetime) -> Record | None:
    """A call after the moment that makes the thing, or tries to: whoever asked for it first was only looking whether it is there."""
    for record in records:
        if record.event_source == event_source and record.event_time > moment and MAKING.match(record.event_name) and thing in {a for _, a in worked_on(record)}:
            return record
    return None


def lacks(policies: PolicyEvidence, role: str | None) -> bool:
    """A whole snapshot of the role's account that has no role or user of this ARN."""
    arn = parse_arn(role)
    if arn is None or not arn.names_principal or arn.account not in policies.accounts or arn.account in policies.partial_accounts:
        return False
    return all(principal.arn != role for principal in policies.principals)


def seen_alive(evidence: Evidence, role: str) -> bool:
    """Records show the role in use: a session that it issued, a call that it made."""
    return any(record.issued is not None and record.issued.role_arn == role for record in evidence.records) or any(
        who.issuer is not None and who.issuer.arn == role for who in {id(r.identity): r.identity for r in evidence.records}.values()
    )


def known_like(evidence: Evidence, thing: str) -> tuple[str, ...]:
    """Things of the same service and kind that the evidence shows to be there."""
    arn = parse_arn(thing)
    if arn is None:
        return ()
    if arn.names_principal:
        roles = {p.arn for p in evidence.policies.principals} | {role for r in evidence.records if (role := role_of(r)) and ":role/" in role}
        return tuple(sorted(roles - {thing}))
    calls = (r for r in evidence.records if not r.failed and r.request and prefix_of(r.event_source) == arn.service)
    found = {other for record in calls for _, other in worked_on(record)}
    return tuple(sorted(other for other in found if other != thing and _kind_of(other) == _kind_of(thing)))


def _kind_of(arn: str) -> tuple[str, str]:
    parsed = parse_arn(arn)
    return (parsed.service, parsed.resource.partition("/")[0] if "/" in parsed.resource and parsed.service != "s3" else "") if parsed else ("", "")


