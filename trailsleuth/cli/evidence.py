"""The evidence that a command is given."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from trailsleuth.errors import UsageError

STDIN = "-"

Evidence = Annotated[list[str] | None, typer.Argument(help="Files, directories or archives of exported evidence; - for stdin.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the output file.")]
To = Annotated[Path | None, typer.Option("--to", help="Where to write it, atomically.", metavar="PATH")]


def given_paths(evidence: list[str] | None, command: str) -> tuple[list[str], bytes | None]:
    """The evidence named, and what stands on stdin where it is named."""
    paths = list(evidence or [])
    if not paths:
        raise UsageError(f"no evidence given: name exported files or directories; see trailsleuth {command} --help")
    if "" in paths or paths.count(STDIN) > 1:
        raise UsageError(
            "an evidence path is empty" if "" in paths else "stdin is named twice as evidence", next_step="name each file or directory once; - once for stdin"
        )
    return paths, sys.stdin.buffer.read() if STDIN in paths else None
