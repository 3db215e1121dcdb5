"""What the analysis of one refusal looks at, built once for a case."""

from __future__ import annotations

from dataclasses import dataclass

from trailsleuth.analyze.recovery import Successes
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.facts import Facts, gather_facts
from trailsleuth.iam.document import parse_policy
from trailsleuth.model import Evidence, Policy, Record, Scope, Session
from trailsleuth.model.names import RoleNames
from trailsleuth.model.texts import texts_in


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisContext:
    """The evidence, the scope of the question, and the look-ups that go through all records."""

    evidence: Evidence
    scope: Scope
    names: RoleNames
    successes: Successes
    sessions: dict[str, Session]
    facts: Facts

    def session(self, record: Record) -> Session | None:
        """The session that made a refused call; None where the evidence shows none."""
        return self.sessions.get(self.scope.session_of.get((record.event_id, record.account), ""))

    def session_policy(self, refusal: Refusal) -> tuple[Policy, ...] | None:
        """The session policy that AssumeRole was called with, where its record shows it."""
        session = self.session(refusal.first)
        text = session.opened_by.request.get("policy") if session and session.opened_by else None
        return (parse_policy(text, name="session policy"),) if isinstance(text, str) and text else None

    def good_call(self, refusal: Refusal) -> Record | None:
        """A call of the same kind and principal that went through: on the same resource, else on any; the last before the denial, else the first."""
        found = [r for r in self.evidence.records if _named_alike(r, refusal)]
        near = [r for r in found if refusal.resource and refusal.resource in texts_in(dict(r.request))] or found
        before = [r for r in near if r.event_time <= refusal.first.event_time]
        return before[-1] if before else next(iter(near), None)


def context_of(evidence: Evidence, scope: Scope, names: RoleNames) -> AnalysisContext:
    """The look-ups over all records of a case."""
    return AnalysisContext(
        evidence=evidence,
        scope=scope,
        names=names,
        successes=Successes(evidence.records, names),
        sessions={s.id: s for s in scope.sessions},
        facts=gather_facts(evidence, names),
    )


def _named_alike(record: Record, refusal: Refusal) -> bool:
    """The success of the same call was of the same principal; another account's copy of it has no more than the principal's unique id."""
    one, other = record.identity, refusal.first.identity
    mine = (other.principal_id or "").partition(":")[0]
    return record.call == refusal.first.call and not record.failed and bool(mine) and (one.principal_id or "").partition(":")[0] == mine
