"""Whose a unique id is, or was: a role or user that is made anew under its name has another one.

Sees:  the ids of the snapshots, and those that callers had in records.
Why:   a policy keeps the id of a principal that was deleted, and shows it in the place of the ARN.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
"""

from __future__ import annotations

from collections import defaultdict

from trailsleuth.facts.fact import Fact, Kind
from trailsleuth.model import Evidence
from trailsleuth.model.names import RoleNames, role_of

IDS = ("AROA", "AIDA")


class UniqueIds:
    """Unique ids by the principals that have or had them."""

    def __init__(self, evidence: Evidence, names: RoleNames) -> None:
        self._of: dict[str, list[Fact]] = defaultdict(list)
        self._live = {p.unique_id for p in evidence.policies.principals}
        for record in {id(record.identity): record for record in evidence.records}.values():  # records of one session may share it
            whole, unique = names.full(role_of(record)), (record.identity.principal_id or "").partition(":")[0]
            if whole is not None and unique.startswith(IDS) and all(fact.thing != whole for fact in self._of[unique]):
                self._of[unique].append(Fact(kind=Kind.UNIQUE_ID, thing=whole, value=unique, at=record.event_time, record=record))

    def former(self, unique: str, principal: str | None, current: str | None) -> Fact | None:
        """That the principal had this id once and has another one now."""
        if unique == current or unique in self._live or not current:
            return None
        return next((fact for fact in self._of.get(unique, ()) if fact.thing == principal), None)
