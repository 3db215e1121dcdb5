"""`trailsleuth denied`: the refused records of a large trail, fast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trailsleuth.api import Refused, refused
from trailsleuth.cli.evidence import Evidence, Force, given_paths
from trailsleuth.cli.output import check_output_file, write_pieces
from trailsleuth.cli.talk import say
from trailsleuth.errors import EvidenceUnreadable

_MAX_NAMED = 5


def denied_command(
    evidence: Evidence = None,
    output_file: Annotated[Path | None, typer.Option("--output-file", "-o", help="Write there instead of stdout, whole or not at all.", metavar="PATH")] = None,
    force: Force = False,
) -> int:
    """Hand out every refused record and the calls that opened the sessions behind them, as JSON lines: at the speed of unpacking, in little memory.

    The lines are evidence again: `trailsleuth denied logs/ -o denied.jsonl`, then `trailsleuth diagnose denied.jsonl`. What a session did besides is not among
    them, so a diagnosis of these lines does not know of calls that later succeeded; `trailsleuth diagnose logs/` does. Session tokens are taken out.

    Exit codes: 0 something was refused, 1 nothing was, 2 wrong usage, 4 evidence unreadable, 130 interrupted.
    """
    paths, stdin = given_paths(evidence, "denied")
    check_output_file(output_file, force=force)
    with refused(paths, stdin=stdin) as found:
        _check(found)
        write_pieces(found.text(), output_file, force=force)
    say(f"{found.refused:,} refused and {found.openings:,} calls that opened their sessions, of {found.records:,} records")
    for skipped in found.skipped[:_MAX_NAMED]:
        say(f"skipped {skipped.source}: {skipped.reason}")
    return 0 if found.refused else 1


def _check(found: Refused) -> None:
    if not found.records and found.skipped:
        first = found.skipped[0]
        raise EvidenceUnreadable("no CloudTrail records in the evidence", why=f"{first.source}: {first.reason}")
