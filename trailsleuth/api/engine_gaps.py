"""What an engine does not select of what a diagnosis looks at: each kind of want has its word here, so that none is left out in silence."""

from __future__ import annotations

from trailsleuth.facts.wants import CalledAs, Handed, HandingOver, Made, Owned, Registered, Retried, Session, SetUp, ThingNamed, ToolCall, Uploaded, Want
from trailsleuth.model import Skipped

BEYOND: dict[type[Want], str | None] = {
    Session: None,  # all calls of the sessions that were denied or are asked about
    Made: None,  # the same
    ToolCall: None,  # the same
    Retried: "successes of a denied call later than the fifth next try",
    Uploaded: "uploads of a denied object other than the five next to the denial",
    ThingNamed: "calls of others that made the thing denied, or found it missing",
    Handed: "calls of others that gave a role to a function, project or group",
    HandingOver: "denied calls of the roles that the calls asked about gave to services",
    Registered: "earlier registrations by others that show a role",
    SetUp: "calls of others that set up what an error text may tell of",
    Owned: "records that only tell whose a bucket is",
    CalledAs: "calls of a principal under a unique id that it no longer has",
}


OF_LOGS = {Retried: "further tries of a denied call by other sessions", Uploaded: "uploads of a denied object by other sessions"}


def not_selected(engine: str) -> Skipped:
    """A remark for the coverage: what the statement leaves where it lies."""
    left = BEYOND | OF_LOGS if engine.startswith("logs://") else BEYOND
    return Skipped(source=engine, reason=f"not selected by the statement: {'; '.join(filter(None, left.values()))}", lost=False)
