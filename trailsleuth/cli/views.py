"""What `events`, `sessions` and `timeline` share: their filters, and how a stream is written."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trailsleuth.api.views import EventStream
from trailsleuth.cli.output import write_pieces
from trailsleuth.cli.talk import say
from trailsleuth.errors import EvidenceUnreadable

_MAX_NAMED = 8


class ViewFormat(StrEnum):
    """What `--output` takes."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


Account = Annotated[str | None, typer.Option(help="The account of the trail or of the caller.", metavar="ID")]
Region = Annotated[str | None, typer.Option(help="The region.", metavar="NAME")]
Call = Annotated[str | None, typer.Option(help="The call: RunTask, ecs:RunTask, s3:*.", metavar="NAME")]
Principal = Annotated[str | None, typer.Option(help="The role, user or session, by ARN or name.", metavar="NAME")]
Session = Annotated[str | None, typer.Option(help="The role session's name.", metavar="NAME")]
AccessKey = Annotated[str | None, typer.Option(help="The credential.", metavar="ID")]
EventId = Annotated[str | None, typer.Option(help="The record, or the shared id of a call in two trails.", metavar="ID")]
Error = Annotated[str | None, typer.Option(help="The error code: AccessDenied, *Throttl*.", metavar="CODE")]
Address = Annotated[str | None, typer.Option("--ip", help="The source address.", metavar="ADDRESS")]
Text = Annotated[str | None, typer.Option(help="Stands anywhere in the record.", metavar="TEXT")]
Since = Annotated[str | None, typer.Option(help="Start: ISO 8601, or 2h, 3d before now.", metavar="TIME")]
Until = Annotated[str | None, typer.Option(help="End, likewise.", metavar="TIME")]
Denied = Annotated[bool, typer.Option("--denied", help="Only refused calls.")]
Failed = Annotated[bool, typer.Option("--failed", help="Only calls with an error.")]
Writes = Annotated[bool, typer.Option("--writes", help="Only calls that are not read-only.")]
Limit = Annotated[int | None, typer.Option(help="At most so many rows.", min=1, metavar="N")]
Output = Annotated[ViewFormat, typer.Option("--output", "-o", help="table, json, jsonl or csv.")]
OutputFile = Annotated[Path | None, typer.Option(help="Write there instead of stdout, whole or not at all.", metavar="PATH")]


def write_stream(pieces: Iterable[str], stream: EventStream, path: Path | None, *, force: bool) -> int:
    """Writes piece by piece; what could not be read is said on stderr. 0 where something was found, 1 where nothing was."""
    write_pieces(pieces, path, force=force)
    if not stream.read and (stream.unreadable or stream.skipped):
        first = stream.skipped[0] if stream.skipped else None
        raise EvidenceUnreadable("no CloudTrail records in the evidence", why=f"{first.source}: {first.reason}" if first else "none could be read")
    if stream.unreadable:
        say(f"{stream.unreadable:,} unreadable, left out")
    for skipped in stream.skipped[:_MAX_NAMED]:
        say(f"skipped {skipped.source}: {skipped.reason}")
    return 0 if stream.found else 1
