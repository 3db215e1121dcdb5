"""Everything that was read, ready to be correlated."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from trailsleuth.model.coverage import Coverage
from trailsleuth.model.error_text import ErrorText
from trailsleuth.model.evaluated import DecodedAuthorization
from trailsleuth.model.pipeline import ActionRun, Pipeline, PipelineRun
from trailsleuth.model.policy import PolicyEvidence
from trailsleuth.model.record import Record, Strangers
from trailsleuth.model.tags import ThingTags


class Evidence(Struct, frozen=True, kw_only=True):
    """What ingest hands to correlate: records sorted by (event_time, event_id, recipient_account), each once; of a large trail those that a question needs,
    and `strangers` counted."""

    records: tuple[Record, ...] = ()
    pipelines: tuple[Pipeline, ...] = ()
    runs: tuple[PipelineRun, ...] = ()
    actions: tuple[ActionRun, ...] = ()
    policies: PolicyEvidence = field(default_factory=PolicyEvidence)
    decoded: tuple[DecodedAuthorization, ...] = ()
    tags: tuple[ThingTags, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)
    strangers: tuple[Strangers, ...] = ()


FIRST = 25  # kinds of denials: more than anybody reads, and few enough to be worked out at once

# Things that fail by themselves, each an entry option of its name, with the provider whose service acts for it.
THINGS = {
    "stack": "CloudFormation", "build": "CodeBuild", "deployment": "CodeDeploy", "task": "ECS", "service": "ECS", "function": "Lambda",
    "state_machine": "StepFunctions",
}  # fmt: skip

ENTRIES = ("pipeline", "execution_id", "role", "session", "access_key", "event_id", *THINGS)  # the ways into a case besides the error text


class Inquiry(Struct, frozen=True, kw_only=True):
    """What the user asks: the entry options of the contract. All None or empty: every denied chain.

    `everything`: the denials of others are worked out, too, not only counted. `limit`: so many kinds of denials are
    worked out where nothing is asked. `second_opinion`: what AWS's own engine is to be asked about each change.
    `calls`: every call of the role is wanted, not only what bears on its denials. `said` is the error text, read.
    """

    pipeline: str | None = None
    execution_id: str | None = None
    role: str | None = None
    session: str | None = None
    access_key: str | None = None
    event_id: str | None = None
    stack: str | None = None
    build: str | None = None
    deployment: str | None = None
    task: str | None = None
    service: str | None = None
    function: str | None = None
    state_machine: str | None = None
    error: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    everything: bool = False
    limit: int = FIRST
    second_opinion: bool = False
    calls: bool = False
    said: ErrorText | None = None

    def or_else(self, asked: Inquiry | None) -> Inquiry:
        """This question; where it names no way in, the one that was asked when the evidence was fetched, with this error text and window."""
        if asked is None or self.names_more_than_the_error:
            return self
        return replace(
            asked,
            error=self.error or asked.error,
            since=self.since or asked.since,
            until=self.until or asked.until,
            everything=self.everything,
            limit=self.limit,
            second_opinion=self.second_opinion,
        )

    def covers(self, moment: datetime) -> bool:
        """The moment lies in the window asked about."""
        return (self.since is None or moment >= self.since) and (self.until is None or moment <= self.until)

    @property
    def names_more_than_the_error(self) -> bool:
        """True where an entry other than the error text and the window narrows the question."""
        return any(getattr(self, name) for name in ENTRIES)

    @property
    def thing(self) -> tuple[str, str] | None:
        """The failed thing that is asked about, by its kind and its name or id."""
        return next(((kind, name) for kind in THINGS if (name := getattr(self, kind))), None)
