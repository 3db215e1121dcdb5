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
from functools import cache

from trailsleuth.catalog.actions import kinds_of, resource_types
from trailsleuth.catalog.operations import primary_action
from trailsleuth.catalog.services import prefix_of
from trailsleuth.catalog.things import is_making, may_be_missing, missing_noun, says_missing
from trailsleuth.facts.fact import Fact, Kind
from trailsleuth.facts.things import worked_on
from trailsleuth.model import Evidence, PolicyEvidence, Record, parse_arn
from trailsleuth.model.texts import texts_in
from trailsleuth.patterns import late

EC2 = "ec2.amazonaws.com"
_KIND = late(r"(?P<kind>(?:[^:]*:){5}[^/:]+)[/:](?P<name>.+)")


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


def tells_absence(event_source: str, event_name: str, code: str, text: str | None) -> bool:
    """The error of a call may say of a thing that there is none; without a text, some text may."""
    noun = missing_noun(code, text)
    return noun is not None and _is_of_one(event_source, event_name, noun)


@cache
def _is_of_one(event_source: str, event_name: str, noun: str) -> bool:
    """The word is one for a kind of thing that the call may be about; EC2's texts name theirs by id."""
    service, action = prefix_of(event_source), primary_action(event_source, event_name, {})
    kinds = {kind.name for kind in (*kinds_of(service), *(resource_types(action) if action else ()))}
    return event_source == EC2 or any(may_be_missing(noun, service=service, kind=kind) for kind in kinds)


def _missing(record: Record, noun: str) -> Iterator[str]:
    text, service = record.error_message or "", prefix_of(record.event_source)
    named = [(kind, arn) for kind, arn in worked_on(record) if says_missing(noun, text, service=service, kind=kind)]
    if len(named) == 1:
        yield named[0][1]
    elif record.event_source == EC2:
        ids = {one for one in texts_in(dict(record.request)) if f"'{one}'" in text}
        yield from ids if len(ids) == 1 else ()


class Makings:
    """Calls that make things or set them anew, and tries at it, by thing. The records come in time order."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._of: dict[str, list[Record]] = defaultdict(list)
        self._named: dict[str, set[str]] = defaultdict(set)
        for record in records:
            for thing in {arn for _, arn in worked_on(record)} if is_making(record.event_name) else ():
                self._of[thing].append(record)
                self._named[last_name(thing)].add(thing)

    def of(self, thing: str, event_source: str) -> list[Record]:
        """Those of the thing."""
        return [record for record in self._of.get(thing, ()) if record.event_source == event_source]

    def like(self, thing: str) -> tuple[str, ...]:
        """Things of the same last name that a call of their service made."""
        arn = parse_arn(thing)
        made = (other for other in self._named.get(last_name(thing), ()) if other != thing)
        return tuple(sorted(o for o in made if arn is not None and any(not r.failed and prefix_of(r.event_source) == arn.service for r in self._of[o])))


def folders(records: Iterable[Record]) -> Mapping[str, list[tuple[Record, str]]]:
    """By the first folder that a request names as `bucket/folder/…`, in one text or as the bucket and the key or prefix in it: the answered call and the
    bucket."""
    found: dict[str, list[tuple[Record, str]]] = defaultdict(list)
    for record in records:
        for path in _paths(record) if not record.failed else ():
            bucket, slash, inside = path.partition("/")
            if slash:
                found[inside.partition("/")[0]].append((record, bucket))
    return found


def _paths(record: Record) -> Iterator[str]:
    bucket = record.request.get("bucketName")
    yield from (f"{bucket}/{inside}" for inside in (record.request.get("key"), record.request.get("prefix")) if bucket and isinstance(inside, str))
    yield from (text.removeprefix("s3://").lstrip("/") for text in texts_in(dict(record.request)) if "/" in text)


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


def is_but_for_a_path(one: str, other: str) -> bool:
    """Two names of one kind of thing in one place, of which one is the other's last part and has no path itself."""
    (place, name), (like, path) = _kind_and_name(one), _kind_and_name(other)
    return place == like and any(bare and "/" not in bare and whole.endswith(f"/{bare}") for bare, whole in ((name, path), (path, name)))


def _kind_and_name(arn: str) -> tuple[str, str]:
    """The ARN up to the kind of thing (`arn:aws:ssm:eu-west-1:111122223333:parameter`), and the name; "" where it has no kind."""
    found = _KIND.match(arn)
    return (found.group("kind"), found.group("name")) if found else (arn, "")


def last_name(arn: str) -> str:
    """The last part of an ARN, after `/` and `:`."""
    return arn.rpartition("/")[2].rpartition(":")[2]
