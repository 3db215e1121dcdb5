"""`trailsleuth reduce`: a role's trail and policies in, the smallest policy that its calls need out."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trailsleuth import api
from trailsleuth.cli.options import parse_window, terminal_context
from trailsleuth.cli.output import check_output_file, write_answer
from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.model.reduction import Reduction, Reductions
from trailsleuth.report.context import Document, RenderContext
from trailsleuth.report.json import render_json
from trailsleuth.report.reduction import SCHEMA, reduction_document, reductions_document, render_reduction, render_reductions

STDIN = "-"


class ReduceFormat(StrEnum):
    """What `--output` takes: the answer, or its policy in the language of the tool that will apply it."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"
    CDK = "cdk"
    CDK_PYTHON = "cdk-python"
    CLI = "cli"


def reduce_command(
    evidence: Annotated[
        list[str] | None, typer.Argument(help="Exported files, directories, archives; an index; an engine; - for stdin.", show_default=False)
    ] = None,
    role: Annotated[str | None, typer.Option(help="The role, user, group or permission-set role, by its ARN.", metavar="ARN")] = None,
    all_roles: Annotated[bool, typer.Option("--all-roles", help="Every role, user and permission set that made calls.")] = False,
    since: Annotated[str | None, typer.Option(help="Start: ISO 8601, or 2h, 3d before now.", metavar="TIME")] = None,
    until: Annotated[str | None, typer.Option(help="End, likewise.", metavar="TIME")] = None,
    boundary: Annotated[bool, typer.Option("--boundary", help="A permissions boundary instead of a policy.")] = False,
    compare: Annotated[Path | None, typer.Option(help="An earlier answer (-o json): show what changed.", metavar="PATH")] = None,
    output: Annotated[ReduceFormat, typer.Option("--output", "-o", help="The answer, or its policy as code.")] = ReduceFormat.TABLE,
    output_file: Annotated[Path | None, typer.Option(help="Write there instead of stdout, whole or not at all.", metavar="PATH")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output file.")] = False,
) -> None:
    """Write the smallest policy that allows what a role was seen to do.

    Exit codes: 0 the policy is written, 2 wrong usage, 4 evidence unreadable or no such role in it, 130 interrupted.
    """
    paths = list(evidence or [])
    _check(paths, role, all_roles=all_roles, alone=boundary or compare is not None)
    check_output_file(output_file, force=force, inputs=(*paths, *((compare,) if compare else ())))
    start, end = parse_window(since, until)
    earlier = _earlier(compare) if compare is not None else None
    stdin = sys.stdin.buffer.read() if STDIN in paths else None
    context = RenderContext() if output_file is not None else terminal_context()
    if all_roles:
        text = _all(api.reduce_all(paths, since=start, until=end, stdin=stdin), output, context)
    else:
        text = _one(paths, role or "", (start, end), stdin, output=output, context=context, boundary=boundary, earlier=earlier)
    write_answer(text, output_file, force=force)


def _check(paths: list[str], role: str | None, *, all_roles: bool, alone: bool) -> None:
    if not paths:
        raise UsageError("no evidence given: name exported files or directories; see trailsleuth reduce --help")
    if "" in paths or paths.count(STDIN) > 1:
        raise UsageError(
            "an evidence path is empty" if "" in paths else "stdin is named twice as evidence", next_step="name each file or directory once; - once for stdin"
        )
    if not role and not all_roles:
        raise UsageError("--role is missing: name the role by its ARN, or ask for --all-roles")
    if role and all_roles:
        raise UsageError("--role and --all-roles exclude each other: name one role, or ask for all")
    if all_roles and alone:
        raise UsageError("--boundary and --compare are about one role: name it with --role")


def _earlier(path: Path) -> Document:
    """The answer that an earlier run saved."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as cause:
        why = (cause.strerror if isinstance(cause, OSError) else None) or str(cause)
        raise EvidenceUnreadable(f"cannot read {path}", why=why, next_step="save an earlier answer with -o json") from cause
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise EvidenceUnreadable(f"{path} is not a saved reduction", why=f"its schema is not {SCHEMA}", next_step="save an earlier answer with -o json")
    return document


def _one(
    paths: list[str],
    role: str,
    window: tuple[datetime | None, datetime | None],
    stdin: bytes | None,
    *,
    output: ReduceFormat,
    context: RenderContext,
    boundary: bool,
    earlier: Document | None,
) -> str:
    from trailsleuth.report.reduction_compared import compared

    found = api.reduce(paths, role=role, since=window[0], until=window[1], stdin=stdin, boundary=boundary)
    document = reduction_document(found)
    changes = compared(earlier, document) if earlier is not None else None
    if output is ReduceFormat.JSON:
        return render_json({**document, "changes": changes} if changes is not None else document)
    return render_reduction(found, context, changes) if output is ReduceFormat.TABLE else _code([found], output)


def _all(found: Reductions, output: ReduceFormat, context: RenderContext) -> str:
    if output is ReduceFormat.JSON:
        return render_json(reductions_document(found))
    return render_reductions(found, context) if output is ReduceFormat.TABLE else _code(list(found.reductions), output)


def _code(found: list[Reduction], output: ReduceFormat) -> str:
    from trailsleuth.report.reduction_forms import render_forms, render_uses

    return render_uses(found) if output is ReduceFormat.CSV else render_forms(found, output.value)
