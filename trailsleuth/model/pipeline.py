"""CodePipeline's own answers, as far as a diagnosis needs them.

Fields: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from trailsleuth.model.record import Origin


class CallPlaces(Struct, frozen=True, kw_only=True):
    """Where to look for the calls of an action whose credentials are not found: event sources, the likeliest first; and the earlier call, made by
    anyone, that tells roles which the failed one would pass on."""

    sources: tuple[str, ...] = ()
    before: str | None = None


class ActionDeclaration(Struct, frozen=True, kw_only=True):
    """One action as `get-pipeline` declares it; `role_arn` None: it runs with the pipeline's service role."""

    stage: str
    name: str
    category: str
    owner: str
    provider: str
    role_arn: str | None = None
    region: str | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict)


class Pipeline(Struct, frozen=True, kw_only=True):
    """`get-pipeline`: the definition. `artifact_buckets` and `artifact_keys` in the order of the stores; keys as written (id, ARN or alias)."""

    name: str
    service_role: str | None
    arn: str | None = None
    version: int | None = None
    actions: tuple[ActionDeclaration, ...] = ()
    artifact_buckets: tuple[str, ...] = ()
    artifact_keys: tuple[str, ...] = ()
    origin: Origin


class PipelineRun(Struct, frozen=True, kw_only=True):
    """One execution by `list-pipeline-executions` or `get-pipeline-execution`."""

    pipeline: str | None
    execution_id: str
    status: str | None = None
    started: datetime | None = None
    updated: datetime | None = None
    origin: Origin


class ActionRun(Struct, frozen=True, kw_only=True):
    """One attempt of one action: `list-action-executions`, or the latest one in `get-pipeline-state`.

    `role_arn` None: the pipeline's service role. `error_text` is the message the user saw, whichever field held it.
    """

    pipeline: str | None
    execution_id: str | None
    action_execution_id: str | None
    stage: str | None
    action: str
    status: str | None
    category: str | None = None
    provider: str | None = None
    role_arn: str | None = None
    region: str | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict)
    external_id: str | None = None
    error_code: str | None = None
    error_text: str | None = None
    started: datetime | None = None
    updated: datetime | None = None
    artifacts: tuple[tuple[str, str], ...] = ()  # (bucket, key) of the input artifacts
    kind: str = ""  # "": an action of a pipeline; else one of THINGS: a thing that failed by itself
    names: tuple[str, ...] = ()  # of such a thing: what it may be asked for by
    role_of: str | None = None  # of such a thing: what else tells its role (a deployment group, a task definition, a state machine), or the stack inside it
    origin: Origin

    @property
    def failed(self) -> bool:
        return self.status == "Failed"

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that it may have worked with: its own, and those that what it ran names."""
        named = (value for key, value in self.configuration.items() if key.endswith("RoleArn") and isinstance(value, str))
        return tuple(dict.fromkeys(role for role in (self.role_arn, *named) if role))
