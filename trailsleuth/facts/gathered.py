"""All facts of the evidence, each kind gathered when it is first asked for, and once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from difflib import SequenceMatcher
from functools import cached_property

from trailsleuth.catalog.things import whole_of
from trailsleuth.facts.changes import Changes
from trailsleuth.facts.fact import Fact, Kind, last_before
from trailsleuth.facts.handed import Handed, Registrations
from trailsleuth.facts.keys import key_facts
from trailsleuth.facts.owners import Uploads, bucket_owners
from trailsleuth.facts.presence import RoleLives, absences, known_like, lacks, made_later, present_again, seen_alive
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
    def changes(self) -> Changes:
        """Changes of policies."""
        return Changes(self.evidence.records)

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """Bucket names with the account that owns them."""
        return bucket_owners(self.evidence)

    @cached_property
    def _keys(self) -> Mapping[str, tuple[Fact, ...]]:
        return key_facts(self.evidence)

    @cached_property
    def _absences(self) -> Mapping[str, tuple[Fact, ...]]:
        return absences(self.evidence.records)

    def key_of(self, thing: str | None, moment: datetime) -> Fact | None:
        """The key that the thing is encrypted under: the last one told before the moment, else the first after; its own before that of what it is part of."""
        for name in names_of(thing) if thing else ():
            found = self._keys.get(name, ())
            if found:
                timeless = next((fact for fact in found if fact.at is None), None)
                return last_before(found, moment) or timeless or found[0]
        return None

    def absent(self, thing: str | None, moment: datetime) -> Fact | None:
        """That AWS said there is no such thing, and nothing shows it to have come between that and the moment."""
        for name in (thing, whole_of(thing)) if thing else ():
            for fact in self._absences.get(name or "", ()):
                source = fact.record.event_source if fact.record else ""
                first, last = sorted((fact.at or moment, moment))
                if name and present_again(self.evidence.records, name, source, first, last) is None:
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

    def vanished(self, thing: str) -> Fact | None:
        """That AWS said there is no such thing, at any time: of an id or an ARN."""
        return next((facts[0] for name in names_of(thing) if (facts := self._absences.get(name))), None)

    def sought_to_make(self, fact: Fact, who: str | None, moment: datetime) -> Record | None:
        """The same principal's later try to make what was not there: it had only looked."""
        found = made_later(self.evidence.records, fact.thing, fact.record.event_source if fact.record else "", moment)
        return found if found is not None and self.names.full(role_of(found)) == who else None

    def nearest(self, thing: str) -> str | None:
        """What the evidence knows of the same kind whose name is most like it; None where nothing is like it, or two are equally."""
        scored = sorted(((_likeness(thing, other), other) for other in known_like(self.evidence, thing)), reverse=True)
        best = [other for score, other in scored if scored and score == scored[0][0] and score >= LIKE]
        return best[0] if len(best) == 1 else None


def _likeness(one: str, other: str) -> float:
    """1 for the same last name: another path, account or Region; else how much of the names is the same."""
    a, b = (text.rpartition("/")[2].rpartition(":")[2] for text in (one, other))
    return 1.0 if a == b else SequenceMatcher(None, a, b).ratio()


def gather_facts(evidence: Evidence, names: RoleNames | None = None) -> Facts:
    """The facts of the evidence."""
    return Facts(evidence, names or role_names(evidence))
