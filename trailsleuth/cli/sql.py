"""`trailsleuth sql`: an index asked in SQL; the selection that a diagnosis needs, for an engine that reads more than one machine can."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from trailsleuth.api import Index
from trailsleuth.api.engines import Asked, selection_sql, table_sql
from trailsleuth.cli.options import parse_window, terminal_context
from trailsleuth.cli.output import write_pieces, write_stdout
from trailsleuth.errors import UsageError
from trailsleuth.model import Inquiry
from trailsleuth.report.views import picked_pieces


class EngineName(StrEnum):
    """What `--engine` takes."""

    ATHENA = "athena"
    LAKE = "lake"
    SPARK = "spark"
    DUCKDB = "duckdb"


class RowFormat(StrEnum):
    """What `--output` takes."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"


def sql_command(
    index: Annotated[str | None, typer.Argument(metavar="[INDEX", help="An index made by trailsleuth index.", show_default=False)] = None,
    statement: Annotated[str | None, typer.Argument(metavar="STATEMENT]", help="What is asked of its view records.", show_default=False)] = None,
    engine: Annotated[EngineName | None, typer.Option(help="Whose SQL.")] = None,
    output: Annotated[RowFormat, typer.Option("--output", "-o", help="The rows of STATEMENT: table, jsonl, csv.")] = RowFormat.TABLE,
    ddl: Annotated[bool, typer.Option("--ddl", help="athena, spark: print what makes the files a table instead.")] = False,
    table: Annotated[str | None, typer.Option(help="athena: the table as DATABASE.TABLE; lake: the event data store's id.", metavar="NAME")] = None,
    location: Annotated[str | None, typer.Option(help="duckdb: the log files, a glob; --ddl: the place of the trail.", metavar="PLACE")] = None,
    role: Annotated[str | None, typer.Option(help="Ask about a role.", metavar="ARN")] = None,
    session: Annotated[str | None, typer.Option(help="Ask about a role session by its name.", metavar="NAME")] = None,
    access_key: Annotated[str | None, typer.Option(help="Ask about a credential by its access key id.", metavar="ID")] = None,
    event_id: Annotated[str | None, typer.Option(help="Ask about one record.", metavar="ID")] = None,
    account: Annotated[list[str] | None, typer.Option(help="Only records of this account's trail. Repeatable.", metavar="ID")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Only records of this region. Repeatable.", metavar="NAME")] = None,
    since: Annotated[str | None, typer.Option(help="Start: ISO 8601, or 2h, 3d before now. athena and lake need it.", metavar="TIME")] = None,
    until: Annotated[str | None, typer.Option(help="End, likewise.", metavar="TIME")] = None,
) -> int:
    """Ask an index in SQL; or with --engine print the SQL that selects the records a diagnosis needs, or with --ddl the table it runs over.

    INDEX and STATEMENT: the statement is run by DuckDB over the index, which it can only read; files and network are out of its reach. The view `records` has a
    row a record: event_id, time, account, region, event_source, event_name, principal, session_name, access_key, opened, error_code, error_message, denied,
    vpc_endpoint, and where it stands: file, position, offset, length.

    With --engine nothing is run. The rows that the engine gives back, as JSON lines or CSV, are evidence for `trailsleuth diagnose`.

    Exit codes: 0 printed, 2 wrong usage or a wrong statement, 4 the index cannot be read.
    """
    if index is not None or engine is None:
        return _asked(index, statement, output, beside=engine is not None)
    start, end = parse_window(since, until)
    asked = Asked(
        inquiry=Inquiry(role=role, session=session, access_key=access_key, event_id=event_id, since=start, until=end),
        accounts=frozenset(account or ()),
        regions=frozenset(region or ()),
    )
    _check(engine, table=table, location=location, ddl=ddl)
    if ddl:
        write_stdout(table_sql(engine.value, asked, table=table or "", location=location or "") + ";\n")
    else:
        write_stdout(selection_sql(engine.value, asked, table=table or "", location=location or "") + "\n")
    return 0


def _asked(path: str | None, statement: str | None, form: RowFormat, *, beside: bool) -> int:
    if path is None or statement is None or beside:
        raise UsageError("what is asked, and of what?", next_step="trailsleuth sql INDEX 'SELECT …', or trailsleuth sql --engine …")
    names, rows = Index(path).rows(statement)
    write_pieces(picked_pieces((dict(zip(names, map(_plain, row), strict=True)) for row in rows), names, form.value, terminal_context()), None)
    return 0


def _plain(value: object) -> object:
    """Times, ids and bytes as texts."""
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _check(engine: EngineName, *, table: str | None, location: str | None, ddl: bool) -> None:
    if engine is EngineName.ATHENA and not table:
        raise UsageError("which table? --table DATABASE.TABLE is missing")
    if engine is EngineName.LAKE and not table:
        raise UsageError("which event data store? --table ID is missing")
    if (engine is EngineName.DUCKDB or ddl) and not location:
        raise UsageError(
            "where are the log files? --location is missing",
            next_step="duckdb: 'trail/**/*.json.gz'; athena --ddl: s3://BUCKET/AWSLogs/; spark --ddl: a folder",
        )
