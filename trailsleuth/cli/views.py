"""`events`, `sessions` and `timeline`: their filters in one place, how a stream is written, and the two that only list."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct

from trailsleuth.api.views import EventStream, Where, sessions, timeline
from trailsleuth.cli.evidence import Evidence, Force, given_paths
from trailsleuth.cli.options import parse_window, terminal_context
from trailsleuth.cli.output import check_output_file, write_pieces
from trailsleuth.cli.talk import say
from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.report.context import RenderContext
from trailsleuth.report.views import (
    MOMENT_COLUMNS,
    SESSION_COLUMNS,
    csv_pieces,
    json_pieces,
    jsonl_pieces,
    moment_document,
    session_document,
    session_table,
    timeline_table,
)

_MAX_NAMED = 8


class ViewFormat(StrEnum):
    """What `--output` takes."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def _text(name: str, metavar: str, words: str, *flags: str) -> tuple[str, object, object]:
    return name, Annotated[str | None, typer.Option(*flags, help=words, metavar=metavar)], None


def _flag(name: str, words: str) -> tuple[str, object, object]:
    return name, Annotated[bool, typer.Option(f"--{name}", help=words)], False


_FILTERS = (
    _text("account", "ID", "The account of the trail or of the caller."),
    _text("region", "NAME", "The region."),
    _text("call", "NAME", "The call: RunTask, ecs:RunTask, s3:*."),
    _text("principal", "NAME", "The role, user or session, by ARN or name."),
    _text("session", "NAME", "The role session's name."),
    _text("access_key", "ID", "The credential."),
    _text("event_id", "ID", "The record, or the shared id of a call in two trails."),
    _text("code", "CODE", "The error code: AccessDenied, *Throttl*."),
    _text("address", "ADDRESS", "The source address.", "--ip"),
    _text("text", "TEXT", "Stands anywhere in the record."),
    _text("since", "TIME", "Start: ISO 8601, or 2h, 3d before now."),
    _text("until", "TIME", "End, likewise."),
    _flag("denied", "Only denied calls."),
    _flag("failed", "Only calls with an error."),
    _flag("writes", "Only calls that are not read-only."),
)
_SHARED = (
    ("limit", Annotated[int | None, typer.Option(help="At most so many rows.", min=1, metavar="N")], None),
    ("output", Annotated[ViewFormat, typer.Option("--output", "-o", help="table, json, jsonl or csv.")], ViewFormat.TABLE),
    ("output_file", Annotated[Path | None, typer.Option(help="Write to PATH instead of stdout, atomically.", metavar="PATH")], None),
    ("force", Force, False),
)


class Asked(Struct, frozen=True, kw_only=True):
    """What every view is asked: the evidence, which records of it, and how to show them."""

    paths: list[str]
    stdin: bytes | None
    where: Where
    limit: int | None
    output: ViewFormat
    output_file: Path | None
    force: bool

    @property
    def context(self) -> RenderContext:
        return RenderContext() if self.output_file is not None else terminal_context()


def view(command: Callable[..., int]) -> Callable[..., int]:
    """A command of `(asked, its own options…)` as one of the command line: with the evidence, the filters and the output options before and after its own."""
    name = command.__name__.removesuffix("_command")
    own = [(part.name, part.annotation, part.default) for part in inspect.signature(command, eval_str=True).parameters.values()][1:]
    parts = [_parameter(*part) for part in (("evidence", Evidence, None), *_FILTERS, *own, *_SHARED)]

    @functools.wraps(command)
    def run(**values: object) -> int:
        given: dict[str, Any] = dict(values)
        paths, stdin = given_paths(given.pop("evidence"), name)
        shared = {part: given.pop(part) for part, _, _ in _SHARED}
        filters = {part: given.pop(part) for part, _, _ in _FILTERS}
        check_output_file(shared["output_file"], force=shared["force"], inputs=paths)
        filters["since"], filters["until"] = parse_window(filters["since"], filters["until"])
        return command(Asked(paths=paths, stdin=stdin, where=Where(**filters), **shared), **given)

    vars(run)["__signature__"] = inspect.Signature(parts, return_annotation=int)
    run.__annotations__ = {part.name: part.annotation for part in parts}
    return run


def _parameter(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


@view
def sessions_command(asked: Asked) -> int:
    """List every credential that made a call: whose it is, who opened it, first and last use, calls, failures, denials.

    Exit codes: 0 something was found, 1 nothing was, 2 wrong usage, 4 evidence unreadable, 130 interrupted.
    """
    found, stream = sessions(asked.paths, asked.where, stdin=asked.stdin)
    shown = found[: asked.limit]
    return _write(asked, [session_document(one) for one in shown], lambda context: session_table(shown, context), SESSION_COLUMNS, stream)


@view
def timeline_command(asked: Asked) -> int:
    """Show the calls in the order of time. Denied ones are marked, and calls that opened a session; equal calls in a row are one line.

    Exit codes: 0 something was found, 1 nothing was, 2 wrong usage, 4 evidence unreadable, 130 interrupted.
    """
    found, stream = timeline(asked.paths, asked.where, stdin=asked.stdin)
    shown = found[: asked.limit]
    return _write(asked, [moment_document(one) for one in shown], lambda context: timeline_table(shown, context), MOMENT_COLUMNS, stream)


def _write(asked: Asked, rows: list[dict[str, Any]], table: Callable[[RenderContext], Iterable[str]], columns: Sequence[str], stream: EventStream) -> int:
    match asked.output:
        case ViewFormat.TABLE:
            pieces = table(asked.context)
        case ViewFormat.JSON:
            pieces = json_pieces(rows)
        case ViewFormat.JSONL:
            pieces = jsonl_pieces(rows)
        case ViewFormat.CSV:
            pieces = csv_pieces(rows, columns)
    return write_stream(pieces, stream, asked.output_file, force=asked.force)


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
