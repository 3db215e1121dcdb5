"""`trailsleuth sql`: the selection that a diagnosis needs, for an engine that reads more than one machine can."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from trailsleuth.api.engines import Asked, selection_sql, table_sql
from trailsleuth.cli.options import parse_window
from trailsleuth.cli.output import write_stdout
from trailsleuth.errors import UsageError
from trailsleuth.model import Inquiry


class EngineName(StrEnum):
    """What `--engine` takes."""

    ATHENA = "athena"
    LAKE = "lake"
    SPARK = "spark"
    DUCKDB = "duckdb"


def sql_command(
    engine: Annotated[EngineName, typer.Option(help="Whose SQL.")],
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
    """Print the SQL that selects the records a diagnosis needs, or with --ddl the table it runs over. Nothing is run.

    The rows that the engine gives back, as JSON lines or CSV, are evidence for `trailsleuth diagnose`.

    Exit codes: 0 printed, 2 wrong usage.
    """
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
