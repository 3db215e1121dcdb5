"""`trailsleuth denied`: the denied records of a large trail, fast."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import typer

from trailsleuth.api import Refused, refused
from trailsleuth.cli.evidence import Evidence, Force, To, given_paths
from trailsleuth.cli.output import check_output_file, write_pieces
from trailsleuth.cli.talk import say
from trailsleuth.errors import EvidenceUnreadable

_MAX_NAMED = 5


class DeniedFormat(StrEnum):
    """What `--output` takes."""

    JSONL = "jsonl"
    JSON = "json"


def denied_command(
    evidence: Evidence = None,
    to: To = None,
    output: Annotated[DeniedFormat, typer.Option("--output", "-o", help="jsonl: a record a line; json: one document.")] = DeniedFormat.JSONL,
    force: Force = False,
) -> int:
    """Extract every denied record and the calls that opened the sessions behind them: at the speed of unpacking, in little memory.

    The result is evidence again: `trailsleuth denied logs/ --to denied.jsonl`, then `trailsleuth diagnose denied.jsonl`. It holds nothing else
    that a session did, so a diagnosis of it does not know of calls that later succeeded; `trailsleuth diagnose logs/` does. Session tokens are removed.

    Exit codes: 0 something was denied, 1 nothing was, 2 wrong usage, 4 evidence unreadable, 130 interrupted.
    """
    paths, stdin = given_paths(evidence, "denied")
    check_output_file(to, force=force, option="--to", inputs=paths)
    with refused(paths, stdin=stdin) as found:
        _check(found)
        write_pieces(found.text() if output is DeniedFormat.JSONL else _as_document(found), to, force=force)
    say(f"{found.refused:,} denied and {found.openings:,} calls that opened their sessions, of {found.records:,} records")
    for skipped in found.skipped[:_MAX_NAMED]:
        say(f"skipped {skipped.source}: {skipped.reason}")
    return 0 if found.refused else 1


def _as_document(found: Refused) -> Iterator[str]:
    """The lines as one CloudTrail document."""
    yield '{"Records": [\n'
    for number, line in enumerate(found.lines()):
        yield f",\n{line}" if number else line
    yield "\n]}\n"


def _check(found: Refused) -> None:
    if not found.records and found.skipped:
        first = found.skipped[0]
        raise EvidenceUnreadable("no CloudTrail records in the evidence", why=f"{first.source}: {first.reason}")
