"""`trailsleuth index`: an index for repeated queries on a large trail."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from trailsleuth import api
from trailsleuth.cli.options import TableOrJson
from trailsleuth.cli.output import write_stdout
from trailsleuth.cli.talk import say
from trailsleuth.errors import UsageError
from trailsleuth.sources.base import MIB


def index_command(
    evidence: Annotated[list[str], typer.Argument(metavar="EVIDENCE...", help="Exported files, directories, archives.")],
    to: Annotated[Path, typer.Option("--to", help="The file to write. An older index is replaced, no other file.", metavar="PATH")],
    output: Annotated[TableOrJson, typer.Option("--output", "-o", help="table or json: what was made.")] = TableOrJson.TABLE,
) -> None:
    """Build an index for repeated queries on a large trail: a Parquet file that every command takes in place of what it was made from.

    Worth it from the second question on: each reads only the rows that bear on it, and gives the very answer that the evidence itself gives. The index
    holds all records whole, so keep it as you keep the trail. It is rejected once a file was changed, added or removed. Needs pyarrow:
    pip install 'trailsleuth[index]'.

    Exit codes: 0 the index is written, 2 wrong usage or pyarrow is missing, 4 evidence unreadable, 130 interrupted.
    """
    if "" in evidence:
        raise UsageError("an evidence path is empty")
    made = api.index(evidence, to)
    if output is TableOrJson.JSON:
        write_stdout(json.dumps({"path": str(to), "records": made.records, "inputs": made.inputs, "bytes": made.size}) + "\n")
        return
    beside = f", {made.inputs:,} other inputs" if made.inputs else ""
    say(f"{to}: {made.records:,} records{beside}, {made.size / MIB:.1f} MiB, {made.seconds:.1f} s")
    say(f"ask it: trailsleuth diagnose {shlex.quote(str(to))}")
