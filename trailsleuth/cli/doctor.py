"""`trailsleuth doctor`: what live mode lacks on this machine and in these accounts, each with the statement or command that closes it."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from msgspec.structs import asdict

from trailsleuth.cli.completion import profiles
from trailsleuth.cli.live_progress import ConsoleProgress
from trailsleuth.cli.options import TableOrJson
from trailsleuth.cli.output import write_stdout
from trailsleuth.report.sanitize import for_terminal
from trailsleuth.sources.aws.doctor import Check, State, examine
from trailsleuth.sources.aws.sessions import Surroundings
from trailsleuth.sources.aws.ways import Ways

SCHEMA = "trailsleuth.doctor/1"


def doctor_command(
    profile: Annotated[
        list[str] | None, typer.Option("--profile", metavar="P", help="An AWS profile, one an account; repeat it.", autocompletion=profiles)
    ] = None,
    assume_role: Annotated[list[str] | None, typer.Option("--assume-role", metavar="ARN", help="A role to look through, too; repeat it.")] = None,
    region: Annotated[list[str] | None, typer.Option("--region", metavar="R", help="A region to look in; repeat it.")] = None,
    output: Annotated[TableOrJson, typer.Option("--output", "-o", help="table or json.")] = TableOrJson.TABLE,
) -> int:
    """Check profiles, regions, permissions, clock and trails for live use.

    Exit codes: 0 a live diagnosis works, 3 something that it needs is missing, 2 wrong usage, 4 no account answers.
    """
    ways = Ways(profiles=tuple(profile or ()), assume_roles=tuple(assume_role or ()), regions=tuple(region or ()))
    progress = ConsoleProgress()
    checks = examine(ways, Surroundings(progress=progress))
    progress.finish()
    write_stdout(to_json(checks) if output is TableOrJson.JSON else to_table(checks))
    return exit_code(checks)


def exit_code(checks: tuple[Check, ...]) -> int:
    """4 where no identity answers, 3 where something needed is missing, else 0."""
    if not any(check.subject == "identity" and check.state is State.OK for check in checks):
        return 4
    return 3 if any(check.state is State.MISSING and not check.optional for check in checks) else 0


def to_json(checks: tuple[Check, ...]) -> str:
    """The checks as a document."""
    return json.dumps({"schema": SCHEMA, "checks": [asdict(check) for check in checks]}, indent=2) + "\n"


def to_table(checks: tuple[Check, ...]) -> str:
    """A line for each check, and under a gap what closes it."""
    lines: list[str] = []
    for check in checks:
        optional = " (optional)" if check.optional and check.state is not State.OK else ""
        lines.append(for_terminal(f"{check.state.value:8}{check.account or '-':13} {check.subject}{optional}: {check.detail}"))
        if check.fix:
            lines.append(for_terminal(f"        fix: {check.fix}"))
    return "\n".join(lines) + "\n"
