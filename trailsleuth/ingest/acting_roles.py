"""What another answer than its own tells of a failed thing: the role that it worked with (a deployment group, a task definition, a state machine), and of a
stack what failed in the stack inside it.

https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_GetDeploymentGroup.html, ECS's DescribeTaskDefinition, Step Functions' DescribeStateMachine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.ingest.fields import map_of, text_of
from trailsleuth.model import ActionRun

JsonObject = Mapping[str, Any]


class ActingRoles(Struct, frozen=True, kw_only=True):
    """The roles of one thing, by what its runs name it (`role_of`)."""

    of: str
    roles: tuple[tuple[str, str], ...]  # (member, role)


class _Telling(Struct, frozen=True, kw_only=True):
    """An answer that tells roles: the member that holds it ("": the answer is it), the members that name the thing, and those that hold roles."""

    inside: str
    names: tuple[str, ...]
    roles: tuple[str, ...]


_TELLING = (
    _Telling(inside="deploymentGroupInfo", names=("applicationName", "deploymentGroupName"), roles=("serviceRoleArn",)),
    _Telling(inside="taskDefinition", names=("taskDefinitionArn",), roles=("executionRoleArn", "taskRoleArn")),
    _Telling(inside="", names=("stateMachineArn",), roles=("roleArn",)),
)


def tells_roles(answer: JsonObject) -> bool:
    """Whether the answer is one of those."""
    return any(True for _ in acting_roles(answer))


def acting_roles(answer: JsonObject) -> Iterator[ActingRoles]:
    """What the answer tells; nothing where it is of another kind."""
    for row in _TELLING:
        held = map_of(answer.get(row.inside)) if row.inside else answer
        named = [text_of(held.get(name)) for name in row.names]
        roles = tuple((member, role) for member in row.roles if (role := text_of(held.get(member))))
        if roles and all(named):
            yield ActingRoles(of="/".join(filter(None, named)), roles=roles)


def with_roles(runs: Iterable[ActionRun], told: Iterable[ActingRoles]) -> Iterator[ActionRun]:
    """The runs; where one does not tell its role and another answer does, with that."""
    known = {one.of: one.roles for one in sorted(told, key=lambda one: (one.of, one.roles))}
    for run in runs:
        roles = known.get(run.role_of or "", ())
        yield replace(run, role_arn=run.role_arn or roles[0][1], configuration={**dict(roles), **run.configuration}) if roles else run


def with_inner_failures(runs: tuple[ActionRun, ...]) -> tuple[ActionRun, ...]:
    """The runs; a stack that failed because a stack inside it did is told by that one's failure, under the names, with the start and the role of both."""
    stacks = {run.execution_id: run for run in runs if run.kind == "stack" and run.execution_id}
    inside = {run.role_of for run in stacks.values() if run.role_of in stacks}
    if not inside:
        return runs
    told: dict[str | None, ActionRun] = {}
    reached: set[str | None] = set()
    for outer in (run for name, run in stacks.items() if name not in inside):
        told[outer.execution_id], met = _innermost(outer, stacks)
        reached |= met
    return tuple(told.get(run.execution_id, run) for run in runs if run.kind != "stack" or run.execution_id not in reached - told.keys())


def _innermost(run: ActionRun, stacks: Mapping[str, ActionRun]) -> tuple[ActionRun, set[str | None]]:
    """The failure at the end of the way down, and the stacks on the way; one that was met already ends it."""
    met = {run.execution_id}
    while run.role_of not in met and (inner := stacks.get(run.role_of or "")) is not None:
        met.add(inner.execution_id)
        names = tuple(dict.fromkeys([*run.names, *inner.names]))
        run = replace(inner, names=names, started=run.started or inner.started, role_arn=inner.role_arn or run.role_arn)
    return run, met
