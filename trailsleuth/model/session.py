"""Role sessions, role chains, and the part of the trail that a question is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from trailsleuth.model.error_text import ErrorText, Tie
from trailsleuth.model.pipeline import ActionRun, Pipeline
from trailsleuth.model.record import Record, Strangers


class Session(Struct, frozen=True, kw_only=True):
    """One use of one credential: a role session, or a user's key within the evidence.

    `principal` is the role or user ARN (with its path where a record shows it). `opened_by` is the call that issued it (the copy in the
    role's account where there is one), `parent` the id of the session that made that call, None for a service, a user or the unknown.
    `calls` are all records made with it, in time order; in a large trail some stand for others as well (`counts_for`).
    """

    id: str
    principal: str | None
    session_name: str | None
    access_key_id: str | None
    principal_id: str | None
    account: str | None
    opened_by: Record | None
    parent: str | None
    assumed_by: str | None  # service principal, user, or role ARN that opened it
    calls: tuple[Record, ...]

    @property
    def first(self) -> datetime | None:
        if self.opened_by is not None:
            return self.opened_by.event_time
        return self.calls[0].event_time if self.calls else None

    @property
    def last(self) -> datetime | None:
        return self.calls[-1].event_time if self.calls else self.first


class Hop(Struct, frozen=True, kw_only=True):
    """One link of a role chain, by the contract."""

    role: str | None
    session_name: str | None
    access_key_id: str | None
    assumed_by: str | None
    event_id: str | None
    account: str | None


class Chain(Struct, frozen=True, kw_only=True):
    """From the first hop to the session that made the calls."""

    hops: tuple[Hop, ...]
    calls: int
    denied: int
    session_id: str


class Execution(Struct, frozen=True, kw_only=True):
    """The failed pipeline execution and action that is asked about. `attempt` None: known from the trail alone.

    `shown` is the action's own error in the shape of a record: CodePipeline prints some refusals whole that no trail holds.
    """

    pipeline: str | None
    execution_id: str | None
    stage: str | None
    action: str | None
    provider: str | None
    error_code: str | None
    error_message: str | None
    service_role: str | None
    action_role: str | None
    started: datetime | None
    ended: datetime | None
    attempt: ActionRun | None = None
    definition: Pipeline | None = None
    shown: Record | None = None


class Scope(Struct, frozen=True, kw_only=True):
    """What correlate found: the sessions, which of them are asked about (`focus`, by id), the execution and the window.

    `asked` are the refused records that the question is about, in time order; `others` the refused records beside them.
    `entered` are accounts that a chain in focus leads into. `chain_of` says which denied chain an asked record belongs to, where several are asked about
    (0: the failed execution's own). `tied` are the records that the error text names, `tie` by what; `went_on` those after which the session went on,
    `chained` those of a role that another role, another account or a pipeline took on.
    `said` is the text that the question is about: the user's, else the failed action's own. `strangers` are the denials of the window that were counted;
    `enumerating` are callers that look as if they tried what they may do, where nothing is asked.
    """

    sessions: tuple[Session, ...]
    focus: frozenset[str]
    asked: tuple[Record, ...]
    others: tuple[Record, ...]
    chains: tuple[Chain, ...]
    execution: Execution | None
    since: datetime | None
    until: datetime | None
    entered: tuple[str, ...] = ()
    session_of: Mapping[tuple[str, str | None], str] = field(default_factory=dict)  # (event_id, account) of refused records -> session id
    chain_of: Mapping[tuple[str, str | None], int] = field(default_factory=dict)
    tied: frozenset[tuple[str, str | None]] = frozenset()
    tie: Tie | None = None
    went_on: frozenset[tuple[str, str | None]] = frozenset()
    chained: frozenset[tuple[str, str | None]] = frozenset()
    said: ErrorText | None = None
    strangers: tuple[Strangers, ...] = ()
    enumerating: frozenset[str | None] = frozenset()
