"""`trailsleuth explain`: what do pasted error messages or records say?"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trailsleuth import api
from trailsleuth.cli.options import terminal_context
from trailsleuth.cli.output import check_output_file, write_answer
from trailsleuth.model.explanation import Explanation
from trailsleuth.report.explanation import explanation_document, render_explanation


class ExplainFormat(StrEnum):
    """What `--output` takes."""

    TABLE = "table"
    JSON = "json"


def explain_command(
    text: Annotated[str, typer.Argument(metavar="TEXT|FILE|-", help="A pasted message, a file of messages or records, or - for stdin.")],
    output: Annotated[ExplainFormat, typer.Option("--output", "-o", help="table or json.")] = ExplainFormat.TABLE,
    output_file: Annotated[Path | None, typer.Option("--output-file", metavar="PATH", help="Write the answer there.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite --output-file.")] = False,
) -> int:
    """Say what error messages, pipeline errors or CloudTrail records tell by themselves: who, what, where, which layer, what to do.

    Exit codes: 0 a denial was read, 1 nothing was denied in it, 2 wrong usage, 4 unreadable.
    """
    check_output_file(output_file, force=force, inputs=(text,))
    explanation = api.explain(text, stdin=sys.stdin.buffer.read() if text == "-" else None)
    if output is ExplainFormat.JSON:
        answer = json.dumps(explanation_document(explanation), indent=2, ensure_ascii=False) + "\n"
    else:
        answer = render_explanation(explanation, width=terminal_context().width)
    write_answer(answer, output_file, force=force)
    return exit_code(explanation)


def exit_code(explanation: Explanation) -> int:
    """0 where a denial was read; else 4 where nothing could be read at all, 1 where nothing was denied."""
    if explanation.denials:
        return 0
    return 4 if explanation.unreadable and not explanation.not_denials else 1
