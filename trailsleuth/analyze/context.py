"""What the analysis of one refusal looks at, built once for a case."""

from __future__ import annotations

from msgspec import Struct

from trailsleuth.analyze.recovery import Successes
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.catalog.agents import is_mcp_server, requests_of_tool
from trailsleuth.catalog.issuing import SCOPED
from trailsleuth.facts import Facts, gather_facts
from trailsleuth.iam.document import parse_policy
from trailsleuth.model import Evidence, Policy, Record, Scope, Session
from trailsleuth.model.names import RoleNames
from trailsleuth.model.texts import texts_in


class AnalysisContext(Struct, frozen=True, kw_only=True):
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

    def session_policies(self, session: Session | None) -> tuple[Policy, ...]:
        """The session policy that the session was opened with, where the record of that call shows it; of scoped credentials those above them as well, each
        of which goes on to hold."""
        opened = session.opened_by if session else None
        if session is None or opened is None:
            return ()
        scoped = opened.event_name == SCOPED and session.parent != session.id
        above = self.session_policies(self.sessions.get(session.parent or "")) if scoped else ()
        text = opened.request.get("policy")
        name = f"scope-down policy {len(above) + 1}" if scoped else "session policy"
        return (*above, parse_policy(text, name=name)) if isinstance(text, str) and text else above

    def tool_call(self, record: Record) -> Record | None:
        """The call of an agent's tool, with the same credentials, that made this one: it lists the id of the request."""
        session = self.session(record)
        if session is None or not is_mcp_server(record.identity.invoked_by) or record.request_id is None:
            return None
        tools = (call for call in session.calls if is_mcp_server(call.event_source))
        return next((tool for tool in tools if record.request_id in requests_of_tool(tool.additional)), None)

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
