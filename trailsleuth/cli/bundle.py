"""`trailsleuth bundle`: evidence packed into one file to be handed on, redacted where asked for."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from trailsleuth.api.bundles import bundle
from trailsleuth.cli.completion import pipelines
from trailsleuth.cli.evidence import Evidence, given_paths
from trailsleuth.cli.options import TableOrJson
from trailsleuth.cli.output import check_output_file, write_answer, write_stdout
from trailsleuth.cli.talk import say
from trailsleuth.errors import EvidenceUnreadable, UsageError

_MAX_NAMED = 8


def bundle_command(
    evidence: Evidence = None,
    to: Annotated[Path | None, typer.Option("--to", help="The zip file to write.", metavar="PATH", show_default=False)] = None,
    redact: Annotated[bool, typer.Option("--redact", help="Replace account ids, keys, names and addresses throughout; the diagnosis stays the same.")] = False,
    pipeline: Annotated[str | None, typer.Option(help="Also tell what this is called in the bundle.", metavar="NAME", autocompletion=pipelines)] = None,
    execution_id: Annotated[str | None, typer.Option(help="Likewise.", metavar="ID")] = None,
    role: Annotated[str | None, typer.Option(help="Likewise.", metavar="ARN")] = None,
    session: Annotated[str | None, typer.Option(help="Likewise.", metavar="NAME")] = None,
    access_key: Annotated[str | None, typer.Option(help="Likewise.", metavar="ID")] = None,
    event_id: Annotated[str | None, typer.Option(help="Likewise.", metavar="ID")] = None,
    error: Annotated[str | None, typer.Option(help="Likewise.", metavar="TEXT")] = None,
    output: Annotated[TableOrJson, typer.Option("--output", "-o", help="table or json: what was packed.")] = TableOrJson.TABLE,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the zip file.")] = False,
) -> None:
    """Pack evidence into a zip file that diagnose reads like the evidence itself.

    With --redact every identifier gets a stand-in, the same wherever it stands, also inside JSON texts and URLs; what matched a policy before matches it
    after, so that whoever gets the file finds the same cause. Equal evidence gives equal bytes.

    Exit codes: 0 the file is written, 2 wrong usage, 4 evidence unreadable, 130 interrupted.
    """
    paths, stdin = given_paths(evidence, "bundle")
    if to is None:
        raise UsageError("no zip file named: give --to PATH.zip")
    check_output_file(to, force=force, option="--to", inputs=paths)
    given = {
        "pipeline": pipeline,
        "execution_id": execution_id,
        "role": role,
        "session": session,
        "access_key": access_key,
        "event_id": event_id,
        "error": error,
    }
    packed = bundle(paths, redact=redact, asked={name: text for name, text in given.items() if text is not None}, stdin=stdin)
    if not packed.files:
        raise EvidenceUnreadable(f"nothing to pack in {', '.join(paths)}", why="it holds no evidence", next_step="name exported files or directories")
    write_answer(packed.zipped(), to, force=force)
    for skipped in packed.left_out[:_MAX_NAMED]:
        say(f"skipped {skipped.source}: {skipped.reason}")
    if output is TableOrJson.JSON:
        document = {"path": str(to), "files": len(packed.files), "asked": packed.asked, "skipped": [skipped.source for skipped in packed.left_out]}
        write_stdout(json.dumps(document, ensure_ascii=False) + "\n")
        return
    if not redact:
        say("it holds the evidence as it is, with account ids, names, addresses and any credentials in it; --redact puts stand-ins in their place")
    asked = "".join(f" --{name.replace('_', '-')} {shlex.quote(text)}" for name, text in packed.asked.items())
    say(f"ask it: trailsleuth diagnose {shlex.quote(str(to))}{asked}")
