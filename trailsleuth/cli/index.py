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
    to: Annotated[Path, typer.Option("--to", help="The file to write. An older index is brought up to date, no other file is touched.", metavar="PATH")],
    output: Annotated[TableOrJson, typer.Option("--output", "-o", help="table or json: what was made.")] = TableOrJson.TABLE,
) -> None:
    """Build an index for repeated queries on a large trail: a DuckDB database that every command takes in place of what it was made from.

    Each question reads the rows and the records that bear on it, and gives the very answer that the evidence itself gives. The denied records are in the
    index, all others stay in the log files, which have to stay where they are. Where the index is there already, only new files are read, and what is gone
    or has changed leaves it. Until then it is rejected once a file was changed, added or removed. People ask it in SQL: trailsleuth sql. Needs duckdb:
    pip install 'trailsleuth[index]'.

    Exit codes: 0 the index is written, 2 wrong usage or duckdb is missing, 4 evidence unreadable, 130 interrupted.
    """
    if "" in evidence:
        raise UsageError("an evidence path is empty")
    made = api.index(evidence, to)
    if output is TableOrJson.JSON:
        told = {"path": str(to), "records": made.records, "added": made.added, "gone": made.gone, "inputs": made.inputs, "bytes": made.size}
        write_stdout(json.dumps(told) + "\n")
        return
    beside = f", {made.inputs:,} other inputs" if made.inputs else ""
    gone = f", {made.gone:,} gone or changed" if made.gone else ""
    say(f"{to}: {made.records:,} records{beside}, {made.added:,} files added{gone}, {made.size / MIB:.1f} MiB, {made.seconds:.1f} s")
    say(f"ask it: trailsleuth diagnose {shlex.quote(str(to))}")
