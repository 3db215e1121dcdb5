"""Engines: the selection written for one, and, where one is named as evidence, run.

sqlglot is loaded here and only when an engine is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from trailsleuth.api.engine_gaps import not_selected
from trailsleuth.errors import UsageError
from trailsleuth.model import Inquiry, RawInput, Skipped
from trailsleuth.sources.aws.sessions import Account, Surroundings, open_accounts
from trailsleuth.sources.aws.ways import Ways
from trailsleuth.sources.engines.addresses import EngineUrl, Settings, Statement, engine_url
from trailsleuth.sources.engines.prices import price_of

if TYPE_CHECKING:
    from trailsleuth.query.selection import Place

FILES_VIEW = "trail_files"


class Asked(Struct, frozen=True, kw_only=True):
    """What is asked of an engine, and how: the question with its window, the accounts, regions and roles that it is known to be about."""

    inquiry: Inquiry
    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    settings: Settings = field(default_factory=Settings)


def selection_sql(engine: str, asked: Asked, *, table: str = "", location: str = "", pretty: bool = True) -> str:
    """The selection in the engine's SQL. `table` is Athena's DATABASE.TABLE or Lake's event data store id, `location` DuckDB's files (a glob).

    UsageError where sqlglot is not installed, where a name has another form, or where an engine that bills by the byte is given no start.
    """
    return _sql(engine, _place(engine, asked, table=table, location=location), asked.inquiry, pretty=pretty)


def table_sql(engine: str, asked: Asked, *, table: str = "", location: str) -> str:
    """The DDL that makes a trail's files known to the engine."""
    query = _query()
    kind = query.engines.Engine(engine)
    tree = query.tables.definition(kind, _place(engine, asked, table=table), location=location, since=asked.inquiry.since)
    return str(tree.sql(dialect=query.engines.MANNERS[kind].dialect, pretty=True))


def read_engines(
    paths: Iterable[str], asked: Asked, *, ways: Ways | None = None, around: Surroundings | None = None, opened: Iterable[Account] = ()
) -> Iterator[RawInput | Skipped]:
    """What each engine selects, as evidence, and a word on what it does not select.

    Athena and Lake are asked through the first of the accounts (opened already, or by `ways`) that may.
    """
    world = around or Surroundings()
    accounts = list(opened)
    for path in paths:
        url = engine_url(path)
        yield not_selected(path)
        if url.engine == "logs":
            accounts = accounts or list(open_accounts(ways or Ways(), world).values())
            question = import_module("trailsleuth.api.log_groups").log_question(asked.inquiry, asked.roles)
            yield from import_module("trailsleuth.sources.engines.logs").run_logs(url, question, accounts)
            continue
        statement = statement_for(url, asked)
        if url.engine == "spark":
            yield import_module("trailsleuth.sources.engines.spark").run_spark(url, statement, world.progress)
            continue
        accounts = accounts or list(open_accounts(ways or Ways(), world).values())
        world.progress.say(statement.announced)
        if url.engine == "athena":
            yield import_module("trailsleuth.sources.engines.athena").run_athena(url, statement, accounts, asked.settings)
        else:
            yield import_module("trailsleuth.sources.engines.lake").run_lake(url, statement, accounts)


def statement_for(url: EngineUrl, asked: Asked) -> Statement:
    """What the engine will run, and what is said of it before: the time or the partitions that it reads, how often, and the price."""
    query = _query()
    place = query.selection.Place(table=url.rest or url.host, database=url.host, accounts=asked.accounts, regions=asked.regions, roles=asked.roles)
    sql = _sql(url.engine, place, asked.inquiry, pretty=False)
    if url.engine == "spark":
        return Statement(sql=sql, first=query.tables.definition(query.engines.Engine.SPARK, place, location=url.rest, since=None).sql(dialect="spark"))
    tree = query.selection.selection(query.engines.Engine(url.engine), place, asked.inquiry)
    first, last = query.selection.days(asked.inquiry)
    times = query.selection.readings(tree)
    what = "the partitions of" if url.engine == "athena" else "about"
    said = (
        f"{url.engine}://{url.host}{f'/{url.rest}' if url.rest else ''}: reads {what} {first} to {last or 'now'}, up to {times} times; {price_of(url.engine)}"
    )
    return Statement(sql=sql, announced=said)


def _sql(engine: str, place: Place, inquiry: Inquiry, *, pretty: bool) -> str:
    query = _query()
    kind = query.engines.Engine(engine)
    return str(query.selection.written(kind, query.selection.selection(kind, place, inquiry), pretty=pretty))


def _place(engine: str, asked: Asked, *, table: str = "", location: str = "") -> Place:
    """The place by the names on a command line, checked as those in evidence are."""
    if engine == "athena":
        database, _, name = table.partition(".")
        url = engine_url(f"athena://{database}/{name}")
    elif engine == "lake":
        url = engine_url(f"lake://{table}")
    else:
        url = EngineUrl(engine=engine, host="")
    place = _query().selection.Place
    built: Place = place(table=url.rest or url.host, database=url.host, files=location, accounts=asked.accounts, regions=asked.regions, roles=asked.roles)
    return built


def _query() -> Any:  # noqa: ANN401 (the package with its modules, loaded late)
    try:
        for name in ("engines", "selection", "tables"):
            import_module(f"trailsleuth.query.{name}")
    except ModuleNotFoundError as missing:
        if missing.name != "sqlglot":
            raise
        raise UsageError("asking an engine needs the package sqlglot", next_step="pip install 'trailsleuth[sql]'") from missing
    return import_module("trailsleuth.query")
