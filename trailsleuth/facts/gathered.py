"""All facts of the evidence, each kind gathered when it is first asked for, and once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from difflib import SequenceMatcher
from functools import cached_property

from trailsleuth.catalog.things import whole_of
from trailsleuth.facts.changes import Changes
from trailsleuth.facts.fact import Fact, Kind, last_before
from trailsleuth.facts.handed import Handed, Registrations
from trailsleuth.facts.ids import UniqueIds
from trailsleuth.facts.keys import key_facts
from trailsleuth.facts.owners import Uploads, bucket_owners
from trailsleuth.facts.presence import Makings, RoleLives, absences, folders, is_but_for_a_path, lacks, last_name, seen_alive
from trailsleuth.facts.siblings import Siblings
from trailsleuth.facts.tags import ResourceTags
from trailsleuth.facts.things import names_of
from trailsleuth.model import Evidence, Record, parse_arn
from trailsleuth.model.names import RoleNames, role_names, role_of

LIKE = 0.75  # how like two names must be to be taken for a slip of the pen


class Facts:
    """Questions about things. Nothing is worked out that nobody asks for: most cases ask little of a large trail."""

    def __init__(self, evidence: Evidence, names: RoleNames) -> None:
        self.evidence = evidence
        self.names = names

    @cached_property
    def handed(self) -> Handed:
        """Roles that calls handed to services."""
        return Handed(self.evidence.records, self.names)

    @cached_property
    def registrations(self) -> Registrations:
        """Successful calls that hand over roles."""
        return Registrations(self.evidence.records)

    @cached_property
    def roles(self) -> RoleLives:
        """Creations and deletions of roles."""
        return RoleLives(self.evidence.records)

    @cached_property
    def uploads(self) -> Uploads:
        """Uploads of objects."""
        return Uploads(self.evidence.records)

    @cached_property
    def tags(self) -> ResourceTags:
        """Tags of things."""
        return ResourceTags(self.evidence.records, self.evidence.tags)

    @cached_property
    def changes(self) -> Changes:
        """Changes of policies."""
        return Changes(self.evidence.records)

    @cached_property
    def siblings(self) -> Siblings:
        """The calls of each credential."""
        return Siblings(self.evidence.records)

    @cached_property
    def ids(self) -> UniqueIds:
        """Unique ids of principals."""
        return UniqueIds(self.evidence, self.names)

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """Bucket names with the account that owns them."""
        return bucket_owners(self.evidence)

    @cached_property
    def _keys(self) -> Mapping[str, tuple[Fact, ...]]:
        return key_facts(self.evidence)

    @cached_property
    def _makings(self) -> Makings:
        return Makings(self.evidence.records)

    @cached_property
    def _absences(self) -> Mapping[str, tuple[Fact, ...]]:
        return absences(self.evidence.records)

    def key_of(self, thing: str | None, moment: datetime) -> Fact | None:
        """The key that the thing is encrypted under: the last one told before the moment, else the last of all; its own before that of what it is part of."""
        for name in names_of(thing) if thing else ():
            found = self._keys.get(name, ())
            if found:
                timeless = next((fact for fact in found if fact.at is None), None)
                return last_before(found, moment) or timeless or found[-1]
        return None

    def absent(self, thing: str | None, moment: datetime) -> Fact | None:
        """That AWS said there is no such thing, or not what it is part of, and it was not made between that and the moment."""
        for name in (thing, whole_of(thing)) if thing else ():
            facts = self._absences.get(name or "", ())
            fact = last_before(facts, moment) or (facts[-1] if facts else None)
            if name and fact is not None and fact.at is not None and fact.record is not None:
                first, last = sorted((fact.at, moment))
                if not any(first < made.event_time <= last and not made.failed for made in self._makings.of(name, fact.record.event_source)):
                    return fact
        return None

    def lacked(self, role: str | None) -> Fact | None:
        """That a whole snapshot of its account holds no such role, or the name has another path (it is unique in an account), and nothing shows it alive."""
        arn = parse_arn(role)
        if role is None or arn is None or not arn.is_role or seen_alive(self.evidence, role):
            return None
        if lacks(self.evidence.policies, role):
            return Fact(kind=Kind.ABSENT, thing=role, shown_by=f"the IAM snapshot of account {arn.account} is whole and holds no role of this ARN")
        if self.names.full(role) != role:
            return Fact(kind=Kind.ABSENT, thing=role, shown_by=f"a role's name is unique in its account, and {arn.name} has another path")
        return None

    def vanished(self, thing: str, maker: Record) -> Fact | None:
        """That AWS said later to those who made the thing that there is none."""
        facts = (fact for name in names_of(thing) for fact in self._absences.get(name, ()))
        later = (f for f in facts if f.at is not None and f.record is not None and f.at >= maker.event_time)
        return next((f for f in later if f.record is not None and f.record.identity.principal_id == maker.identity.principal_id), None)

    def sought_to_make(self, fact: Fact, who: str | None, moment: datetime) -> bool:
        """The same principal later made what was not there, or tried to: it had only looked."""
        source = fact.record.event_source if fact.record else ""
        tries = self._makings.of(fact.thing, source)
        return any(made.event_time > moment and self.names.full(role_of(made)) == who for made in tries)

    def made(self, thing: str, event_source: str) -> Fact | None:
        """That somebody made the thing, by the last call that did."""
        record = next((r for r in reversed(self._makings.of(thing, event_source)) if not r.failed), None)
        return Fact(kind=Kind.MADE, thing=thing, at=record.event_time, record=record) if record is not None else None

    def made_but_for_a_path(self, thing: str, event_source: str) -> Iterator[Fact]:
        """Things that somebody made under the same name with a path, or without the path, while nothing shows that anybody made the thing itself."""
        if self.made(thing, event_source) is None:
            near = (other for other in self._known_like(thing) if is_but_for_a_path(thing, other))
            yield from (fact for other in near if (fact := self.made(other, event_source)) is not None)

    @cached_property
    def _folders(self) -> Mapping[str, list[tuple[Record, str]]]:
        return folders(self.evidence.records)

    def with_folder(self, name: str) -> list[tuple[Record, str]]:
        """Answered calls that name a folder of a bucket, and the bucket."""
        return self._folders.get(name, [])

    def _known_like(self, thing: str) -> tuple[str, ...]:
        """Roles and users of the snapshots; of other things those of the same last name that somebody made."""
        arn = parse_arn(thing)
        if arn is None or arn.names_principal:
            return tuple(p.arn for p in self.evidence.policies.principals if p.arn != thing)
        return self._makings.like(thing)

    def nearest(self, thing: str) -> str | None:
        """What the evidence knows of the same kind whose name is most like it; None where nothing is like it, or two are equally."""
        scored = sorted(((_likeness(thing, other), other) for other in self._known_like(thing)), reverse=True)
        best = [other for score, other in scored if scored and score == scored[0][0] and score >= LIKE]
        return best[0] if len(best) == 1 else None


def _likeness(one: str, other: str) -> float:
    """1 for the same last name: another path, account or Region; else how much of the names is the same."""
    a, b = last_name(one), last_name(other)
    return 1.0 if a == b else SequenceMatcher(None, a, b).ratio()


def gather_facts(evidence: Evidence, names: RoleNames | None = None) -> Facts:
    """The facts of the evidence."""
    return Facts(evidence, names or role_names(evidence))
