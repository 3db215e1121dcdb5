"""`trailsleuth denied`: the denied records of a large trail, fast, or counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trailsleuth.api import Refused, refused
from trailsleuth.api.denials import grouped, parse_by, records_of
from trailsleuth.cli.evidence import Evidence, Force, To, given_paths
from trailsleuth.cli.options import program_version, terminal_context
from trailsleuth.cli.output import check_output_file, write_pieces
from trailsleuth.cli.talk import say
from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.model.denied_view import DeniedGroups
from trailsleuth.report.context import RenderContext
from trailsleuth.report.denials import denied_columns, denied_document, denied_group, denied_table
from trailsleuth.report.denials_html import denied_html
from trailsleuth.report.json import render_json
from trailsleuth.report.views import csv_pieces, jsonl_pieces

_MAX_NAMED = 5


class DeniedFormat(StrEnum):
    """What `--output` takes: records as jsonl or json; groups as table, json, jsonl, csv or html, a heat map."""

    JSONL = "jsonl"
    JSON = "json"
    TABLE = "table"
    CSV = "csv"
    HTML = "html"


def denied_command(
    evidence: Evidence = None,
    by: Annotated[str | None, typer.Option("--by", help="Count instead: principal,action,service,code,day,account,region.", metavar="A,B")] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="With --by: at most so many groups.", min=1, metavar="N")] = None,
    to: To = None,
    output: Annotated[DeniedFormat | None, typer.Option("--output", "-o", help="Records: jsonl, json. With --by: table, json, jsonl, csv, html.")] = None,
    force: Force = False,
) -> int:
    """Extract every denied record and the calls that opened the sessions behind them, or count them: at the speed of unpacking, in little memory.

    The result is evidence again: `trailsleuth denied logs/ --to denied.jsonl`, then `trailsleuth diagnose denied.jsonl`. It holds nothing else
    that a session did, so a diagnosis of it does not know of calls that later succeeded; `trailsleuth diagnose logs/` does. Session tokens are removed.

    With --by: a line a group, with count, first and last time and source addresses. What looks like enumeration (one principal, many actions of many
    services within minutes; needs principal among the columns) and what is denied at regular times (a monitor, a scheduled job) is marked.

    Exit codes: 0 something was denied, 1 nothing was, 2 wrong usage, 4 evidence unreadable, 130 interrupted.
    """
    columns = None if by is None else parse_by(by)
    form = _form(output, counted=columns is not None, limited=limit is not None)
    paths, stdin = given_paths(evidence, "denied")
    check_output_file(to, force=force, option="--to", inputs=paths)
    with refused(paths, stdin=stdin) as found:
        _check(found)
        if columns is None:
            write_pieces(found.text() if form is DeniedFormat.JSONL else _as_document(found), to, force=force)
        else:
            write_pieces(_counted(grouped(records_of(found), columns), form, limit, to), to, force=force)
    say(f"{found.refused:,} denied and {found.openings:,} calls that opened their sessions, of {found.records:,} records")
    for skipped in found.skipped[:_MAX_NAMED]:
        say(f"skipped {skipped.source}: {skipped.reason}")
    return 0 if found.refused else 1


def _form(output: DeniedFormat | None, *, counted: bool, limited: bool) -> DeniedFormat:
    if not counted and output in (DeniedFormat.TABLE, DeniedFormat.CSV, DeniedFormat.HTML):
        raise UsageError(f"--output {output} is for groups", why="records are JSON", next_step="add --by principal,action, or give jsonl or json")
    if not counted and limited:
        raise UsageError("--limit is for groups and needs --by", next_step="add --by principal,action, or leave out --limit")
    return output or (DeniedFormat.TABLE if counted else DeniedFormat.JSONL)


def _counted(found: DeniedGroups, form: DeniedFormat, limit: int | None, to: Path | None) -> Iterator[str]:
    """The groups in the form that is asked for."""
    rows: Iterator[Mapping[str, object]] = (denied_group(found.by, view) for view in found.groups[:limit])
    match form:
        case DeniedFormat.TABLE:
            yield from denied_table(found, RenderContext(piped=True) if to is not None else terminal_context(), limit)
        case DeniedFormat.JSON:
            yield render_json(denied_document(found, limit))
        case DeniedFormat.JSONL:
            yield from jsonl_pieces(rows)
        case DeniedFormat.HTML:
            yield denied_html(found, limit, version=program_version())
        case DeniedFormat.CSV:
            yield from csv_pieces((dict(row) for row in rows), denied_columns(found.by))


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
