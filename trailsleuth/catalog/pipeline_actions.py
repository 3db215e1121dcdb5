"""What a CodePipeline action needs, by its provider: known or likely, never complete; a refusal in the trail tells more.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html
and the action structure reference, https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from trailsleuth.catalog.arns import Place, fill
from trailsleuth.catalog.load import rows_of
from trailsleuth.catalog.paths import holds


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionNeed:
    """One IAM action that the role of a pipeline action needs.

    `resource` is an ARN or a template with `${…}`: configuration keys of the action, `${Region}`, `${Account}`, `${Partition}`,
    `${ArtifactBucket}`, `${ArtifactKey}`, `${TaskRoles}`. `when` "" : always; else a condition on the configuration, or a sentence that the
    configuration cannot decide (see `applies`). `event` is the call that shows it in the trail. `order` is the place in the action's usual
    sequence. `passed_to` stands beside iam:PassRole.
    """

    iam_action: str
    resource: str
    principal: str
    when: str
    event: str | None
    order: int
    source_id: str
    passed_to: str | None = None


def needs_of_action(provider: str, category: str) -> tuple[ActionNeed, ...]:
    """What the docs list for this kind of action, in the usual order; empty for a provider that the catalogue does not know."""
    found = []
    for row in rows_of("pipeline_actions", "need"):
        if provider.lower() in (one.lower() for one in row["providers"]) and category.lower() in (one.lower() for one in row["categories"]):
            found += [
                ActionNeed(
                    iam_action=action,
                    resource=row["resource"],
                    principal=row.get("principal", "action"),
                    when=row.get("when", ""),
                    event=row.get("event") or _own_event(action),
                    order=row["order"],
                    source_id=row["id"],
                    passed_to=row.get("passed_to"),
                )
                for action in row["actions"]
            ]
    return tuple(sorted(found, key=lambda need: need.order))


def applies(need: ActionNeed, configuration: Mapping[str, Any]) -> bool | None:
    """Whether an action with this configuration has the need; None where the configuration cannot tell."""
    if not need.when:
        return True
    return None if " " in need.when else holds(configuration, (need.when,))


def resource_for(need: ActionNeed, configuration: Mapping[str, Any], *, artifact_bucket: str | None = None, **place: Unpack[Place]) -> str | None:
    """The need's resource with the configuration filled in; None where a part of it is not known (artifact key, task roles, a missing setting)."""
    values: dict[str, str | None] = {key: value for key, value in configuration.items() if isinstance(value, str)}
    values |= {"Partition": place["partition"], "Region": place["region"], "Account": place["account"], "ArtifactBucket": artifact_bucket}
    return fill(need.resource, values)


def _own_event(action: str) -> str | None:
    """`ecs:RegisterTaskDefinition` shows as `ecs.amazonaws.com:RegisterTaskDefinition`; PassRole has no event of its own."""
    prefix, _, name = action.partition(":")
    return None if action == "iam:PassRole" or "*" in name else f"{prefix}.amazonaws.com:{name}"
