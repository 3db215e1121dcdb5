"""`trailsleuth events`: the records that match, as a table, as evidence again, as columns, or through a JMESPath expression."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Annotated, Protocol

import typer

from trailsleuth.api.rows import csv_rows
from trailsleuth.api.views import events
from trailsleuth.cli.views import Asked, ViewFormat, view, write_stream
from trailsleuth.errors import UsageError
from trailsleuth.model import Record
from trailsleuth.report.context import RenderContext
from trailsleuth.report.views import EVENT_COLUMNS, csv_line, event_table, json_pieces, jsonl_pieces, picked_pieces, selected


class Query(Protocol):
    """A JMESPath expression, read."""

    def search(self, value: object) -> object: ...


@view
def events_command(
    asked: Asked,
    select: Annotated[str | None, typer.Option(help="Only these members: eventTime,userIdentity.arn,errorCode.", metavar="A,B.C")] = None,
    query: Annotated[str | None, typer.Option(help="JMESPath on each record; null shows nothing.", metavar="EXPRESSION")] = None,
) -> int:
    """Find records in exported trails. Filters take * and ?; all that are given must hold. Records come in the order of the evidence, each once.

    `-o json` without --select is evidence again: `trailsleuth events logs/ --denied -o json --output-file denied.json`.

    Exit codes: 0 a record was found, 1 none was, 2 wrong usage, 4 evidence unreadable, 130 interrupted.
    """
    if select is not None and query is not None:
        raise UsageError("--select and --query exclude each other: a query selects by itself", next_step="leave one of them out")
    columns, expression = _columns(select), _expression(query)
    in_cells = asked.output in (ViewFormat.TABLE, ViewFormat.CSV) and columns is None and expression is None
    stream = events(asked.paths, asked.where, stdin=asked.stdin, whole=not in_cells)
    records = islice(stream, asked.limit) if expression is None else iter(stream)
    if expression is not None:
        pieces = _answers(records, expression, asked.limit, asked.output)
    elif columns is not None:
        pieces = picked_pieces((selected(record, columns) for record in records), columns, asked.output.value, asked.context)
    elif asked.output is ViewFormat.CSV:
        pieces = chain([csv_line(EVENT_COLUMNS)], islice(csv_rows(stream), asked.limit))
    else:
        pieces = _whole(records, asked.output, asked.context)
    return write_stream(pieces, stream, asked.output_file, force=asked.force)


def _whole(records: Iterable[Record], output: ViewFormat, context: RenderContext) -> Iterator[str]:
    match output:
        case ViewFormat.TABLE:
            return event_table(records, context)
        case ViewFormat.JSON:
            return json_pieces((record.payload for record in records), name="Records")
        case _:
            return jsonl_pieces(record.payload for record in records)


def _answers(records: Iterable[Record], expression: Query, limit: int | None, output: ViewFormat) -> Iterator[str]:
    """What the expression gives for each record, a JSON value a line (or one list)."""
    answers = islice((answer for record in records if (answer := _asked(expression, record)) is not None), limit)
    if output is ViewFormat.CSV:
        raise UsageError("--query gives any JSON: its output is json or jsonl; --select fills columns")
    return json_pieces(answers) if output is ViewFormat.JSON else jsonl_pieces(answers)


def _asked(expression: Query, record: Record) -> object:
    try:
        return expression.search(record.payload)
    except ValueError as cause:  # a function that meets a value of another type: https://jmespath.org/specification.html#functions
        raise UsageError("--query does not fit the records", why=str(cause).splitlines()[0], next_step="guard the value: not_null(x, '')") from cause


def _columns(select: str | None) -> list[str] | None:
    if select is None:
        return None
    columns = list(dict.fromkeys(part.strip() for part in select.split(",") if part.strip()))
    if not columns:
        raise UsageError("--select names nothing", next_step="give members of the record: eventTime,userIdentity.arn")
    return columns


def _expression(query: str | None) -> Query | None:
    if query is None:
        return None
    try:
        compiled: Query = importlib.import_module("jmespath").compile(query)
    except ValueError as cause:
        raise UsageError(f"--query {query!r} is not a JMESPath expression", next_step="see https://jmespath.org") from cause
    return compiled
