"""`trailsleuth mcp`: a Model Context Protocol server over stdio, for assistants."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from trailsleuth.errors import UsageError


def mcp_command(
    root: Annotated[Path, typer.Option("--root", help="The folder whose evidence may be read; nothing outside it is.", metavar="DIR", show_default=False)],
) -> None:
    """Serve diagnose, explain, simulate, reduce and denied to an assistant over stdin and stdout (Model Context Protocol).

    Only files below --root are read, nothing is written, no account is asked. Needs the extra: pip install 'trailsleuth[mcp]'.

    Exit codes: 0 the client left, 2 wrong usage or the extra is missing, 130 interrupted.
    """
    if not root.is_dir():
        raise UsageError(f"--root {root} is not a directory", next_step="name the folder that holds the evidence")
    try:
        made = importlib.import_module("trailsleuth.mcp_server")
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise UsageError("the MCP server needs the mcp package", next_step="pip install 'trailsleuth[mcp]'") from missing
    made.server(root).run("stdio")
