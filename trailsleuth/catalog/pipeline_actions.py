"""What a CodePipeline action needs, who acts for it and where its calls stand, by provider: known or likely, never complete.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html
and the action structure reference, https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Unpack

from msgspec import Struct

from trailsleuth.catalog.arns import Place, fill
from trailsleuth.catalog.load import Row, rows_of
from trailsleuth.catalog.paths import holds
from trailsleuth.model import CallPlaces


class ActionNeed(Struct, frozen=True, kw_only=True):
    """One IAM action that a pipeline action needs, and who must have it: `principal` "action" is the action's role.

    `resource` is an ARN or a template with `${…}` (see the table's head). `when` "" : always; else a condition on the configuration, or a sentence that
    the configuration cannot decide (see `applies`). `event` is the call that shows it in the trail. `order` is the place in the action's usual sequence.
    `passed_to` stands beside iam:PassRole. `optional`: listed by AWS, but a run does without it.
    """

    iam_action: str
    resource: str
    principal: str
    when: str
    event: str | None
    order: int
    source_id: str
    passed_to: str | None = None
    optional: bool = False


def needs_of_action(provider: str, category: str) -> tuple[ActionNeed, ...]:
    """What the docs list for this kind of action, in the usual order; empty for a provider that the catalogue does not know."""
    rows = (row for row in _rows(provider) if category.lower() in (one.lower() for one in row["categories"]))
    return tuple(sorted((need for row in rows for need in _needs(row)), key=lambda need: need.order))


def providers_needing(iam_action: str) -> tuple[str, ...]:
    """The providers whose actions are documented to need an IAM action, by name."""
    return tuple(
        sorted({name for row in rows_of("pipeline_actions", "action") if any(n.iam_action == iam_action for n in _needs(row)) for name in row["providers"]})
    )


def acting_services(provider: str | None) -> tuple[str, ...]:
    """Service principals whose role sessions belong to an action of this provider; () for one that acts with the action role alone."""
    return tuple(dict.fromkeys(service for row in _rows(provider or "") for service in row.get("services", ())))


def call_places(provider: str) -> CallPlaces:
    """Where the calls of the provider's actions stand."""
    rows = list(_rows(provider))
    sources = dict.fromkeys(source for row in rows for source in row["look_at"])
    return CallPlaces(sources=tuple(sources), before=next((row["before"] for row in rows if "before" in row), None))


@cache
def needed_forms(action: str) -> tuple[str, ...]:
    """The forms with a star in which the table names what this action is needed on."""
    return tuple(dict.fromkeys(str(row["resource"]) for row in rows_of("pipeline_actions", "need") if action in row["actions"] and "*" in row["resource"]))


def applies(need: ActionNeed, configuration: Mapping[str, Any]) -> bool | None:
    """Whether an action with this configuration has the need; None where the configuration cannot tell."""
    if not need.when:
        return True
    return None if " " in need.when else holds(configuration, (need.when,))


def resource_for(
    need: ActionNeed, configuration: Mapping[str, Any], *, artifact_bucket: str | None = None, pipeline: str | None = None, **place: Unpack[Place]
) -> str | None:
    """The need's resource with the configuration filled in; None where a part of it is not known (artifact key, task roles, a missing setting)."""
    values: dict[str, str | None] = {key: value for key, value in configuration.items() if isinstance(value, str)}
    values |= {"Partition": place["partition"], "Region": place["region"], "Account": place["account"], "ArtifactBucket": artifact_bucket, "Pipeline": pipeline}
    return fill(need.resource, values)


def _rows(provider: str) -> Iterator[Row]:
    return (row for row in rows_of("pipeline_actions", "action") if provider.lower() in (one.lower() for one in row["providers"]))


def _needs(row: Row) -> Iterator[ActionNeed]:
    """The row's own needs, and those that it shares with others, as the one who has them there."""
    for shared in rows_of("pipeline_actions", "common"):
        if shared["id"] in row.get("common", {}):
            for need in shared["needs"]:
                yield from _each({**need, "actor": row["common"][shared["id"]]}, row["id"])
    for need in row["needs"]:
        yield from _each(need, row["id"])


def _each(need: Row, source_id: str) -> Iterator[ActionNeed]:
    for action in need["actions"]:
        yield ActionNeed(
            iam_action=action,
            resource=need["resource"],
            principal=need.get("actor", "action"),
            when=need.get("when", ""),
            event=need.get("event") or _own_event(action),
            order=need["order"],
            source_id=source_id,
            passed_to=need.get("passed_to"),
            optional=need.get("optional", False),
        )


def _own_event(action: str) -> str | None:
    """`ecs:RegisterTaskDefinition` shows as `ecs.amazonaws.com:RegisterTaskDefinition`; PassRole has no event of its own."""
    prefix, _, name = action.partition(":")
    return None if action == "iam:PassRole" or "*" in name else f"{prefix}.amazonaws.com:{name}"
