"""`trailsleuth reduce`: a role's trail and policies in, the smallest policy that its calls need out."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trailsleuth import api
from trailsleuth.cli.options import parse_window, terminal_context
from trailsleuth.cli.output import check_output_file, write_answer
from trailsleuth.errors import UsageError
from trailsleuth.report.context import RenderContext
from trailsleuth.report.json import render_json
from trailsleuth.report.reduction import reduction_document, render_reduction

STDIN = "-"


class ReduceFormat(StrEnum):
    """What `--output` takes."""

    TABLE = "table"
    JSON = "json"


def reduce_command(
    evidence: Annotated[list[str] | None, typer.Argument(help="Files, directories or archives of exported evidence; - for stdin.", show_default=False)] = None,
    role: Annotated[str | None, typer.Option(help="The role, by its ARN.", metavar="ARN")] = None,
    since: Annotated[str | None, typer.Option(help="Start: ISO 8601, or 2h, 3d before now.", metavar="TIME")] = None,
    until: Annotated[str | None, typer.Option(help="End, likewise.", metavar="TIME")] = None,
    output: Annotated[ReduceFormat, typer.Option("--output", "-o", help="table or json.")] = ReduceFormat.TABLE,
    output_file: Annotated[Path | None, typer.Option(help="Write there instead of stdout, whole or not at all.", metavar="PATH")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output file.")] = False,
) -> None:
    """Write the smallest policy that allows what a role was seen to do.

    Exit codes: 0 the policy is written, 2 wrong usage, 4 evidence unreadable or no such role in it, 130 interrupted.
    """
    paths = list(evidence or [])
    if not paths:
        raise UsageError("no evidence given: name exported files or directories; see trailsleuth reduce --help")
    if "" in paths or paths.count(STDIN) > 1:
        raise UsageError("an evidence path is empty" if "" in paths else "stdin is named twice as evidence")
    if not role:
        raise UsageError("--role is missing: name the role by its ARN")
    check_output_file(output_file, force=force)
    start, end = parse_window(since, until)
    stdin = sys.stdin.buffer.read() if STDIN in paths else None
    found = api.reduce(paths, role=role, since=start, until=end, stdin=stdin)
    context = RenderContext() if output_file is not None else terminal_context()
    text = render_json(reduction_document(found)) if output is ReduceFormat.JSON else render_reduction(found, context)
    write_answer(text, output_file, force=force)
