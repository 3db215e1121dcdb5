"""The selection: which records a diagnosis needs, as one statement for the engine at hand.

Sees:  error codes and messages that may be refusals (the catalogue's tables), calls that hand out credentials, policy changes, pipeline starts.
Why:   a trail of terabytes holds a few thousand records that a question depends on; the rest need not leave where it lies.
Sure:  more is taken rather than less; what it leaves out stands in docs/how-to/past-one-machine.md.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from msgspec import Struct
from sqlglot import exp

from trailsleuth.catalog.action_kinds import policy_changes
from trailsleuth.catalog.issuing import ISSUING, LONGEST_SESSION, STS
from trailsleuth.catalog.reduction import definition_makers
from trailsleuth.catalog.refusals import code_pattern, message_pattern
from trailsleuth.errors import UsageError
from trailsleuth.model import Inquiry, parse_arn, role_of_session
from trailsleuth.patterns import late
from trailsleuth.query.engines import MANNERS, Engine, Manner
from trailsleuth.query.templates import among, filled, template, text, with_table

LATE = timedelta(hours=26)  # a file lies under the day of its delivery: the margin that lost no record, as for a trail's bucket
_STORE = late(r"[0-9a-f-]{36}", re.ASCII)
START = "StartPipelineExecution"


class Place(Struct, frozen=True, kw_only=True):
    """Where the records lie: a table (Athena: in a database), an event data store's id, or files. `accounts` and `regions` narrow it; empty: all.

    `roles` are those of a chain that is known already: their calls are wanted beside those of the refused sessions.
    """

    table: str = ""
    database: str = ""
    files: str = ""
    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


def selection(engine: Engine, place: Place, inquiry: Inquiry) -> exp.Query:
    """The statement as a tree. UsageError where the engine bills by the byte and no start is given: nothing unbounded is asked."""
    manner = MANNERS[engine]
    if manner.billed and inquiry.since is None:
        raise UsageError(
            f"{engine.value} is asked without --since",
            why="it bills for every byte that it reads",
            next_step="give --since (2026-03-04, 2d) and, if you can, --until",
        )
    chosen = filled(
        template("selection", "trino"),
        codes=text(code_pattern()),
        messages=text(message_pattern()),
        sts=text(STS),
        issuing=among("event_name", ISSUING),
        changes=among("event_name", policy_changes() | {START} | ({name for _, name in definition_makers()} if inquiry.calls else set())),
        named=_named(inquiry, place.roles),
        subject=exp.column("named") if _narrows(inquiry) else exp.paren(exp.or_(exp.column("refused"), exp.column("named"))),
    )
    assert isinstance(chosen, exp.Select)  # noqa: S101 (the template's)
    chosen = chosen.select(*(exp.column(name) for name in manner.columns), append=False)
    source = _source(engine, manner, place, inquiry)
    following = chosen.args["with_"].expressions
    trail = exp.CTE(this=source, alias=exp.TableAlias(this=exp.to_identifier("trail")))
    chosen.args["with_"].set("expressions", [trail, *following])
    return chosen


def written(engine: Engine, statement: exp.Expr, *, pretty: bool = False) -> str:
    """The statement in the engine's SQL. UsageError where it is longer than the engine takes."""
    manner = MANNERS[engine]
    sql = statement.sql(dialect=manner.dialect, pretty=pretty)
    if manner.longest is not None and len(sql) > manner.longest:
        raise UsageError(
            f"the statement for {engine.value} has {len(sql)} characters, of {manner.longest} allowed", next_step="name fewer accounts and regions"
        )
    return sql


def readings(statement: exp.Query) -> int:
    """How often the source may be read: once for each time that the tree names it, where an engine repeats a common table instead of keeping it."""
    counted: dict[str, int] = {}
    for table in statement.args["with_"].expressions:
        named = [found.name for found in table.this.find_all(exp.Table)]
        counted[table.alias] = sum(counted.get(name, 0) for name in named) or 1
    body = statement.copy()
    body.set("with_", None)
    return sum(counted.get(found.name, 0) for found in body.find_all(exp.Table))


def days(inquiry: Inquiry) -> tuple[str, str | None]:
    """The first and the last day whose partitions are read, the margins included."""
    if inquiry.since is None:
        raise UsageError("no start of the time is given", next_step="give --since")
    first = f"{inquiry.since - LONGEST_SESSION - LATE:%Y/%m/%d}"
    return first, None if inquiry.until is None else f"{inquiry.until + LATE:%Y/%m/%d}"


def _source(engine: Engine, manner: Manner, place: Place, inquiry: Inquiry) -> exp.Select:
    """The records of the place and the time."""
    tree = template(engine.value, manner.dialect)
    if engine is Engine.DUCKDB:
        tree = filled(tree, files=text(place.files))
    elif engine is Engine.ATHENA:
        tree = with_table(tree, exp.table_(exp.to_identifier(place.table, quoted=True), db=exp.to_identifier(place.database, quoted=True)))
    elif engine is Engine.LAKE:
        if not _STORE.fullmatch(place.table):
            raise UsageError(f"{place.table!r} is not an event data store", next_step="give its id, the last part of its ARN")
        tree = with_table(tree, exp.Table(this=exp.var(place.table)))  # as AWS writes it: an id without quotes, of a form that was checked
    assert isinstance(tree, exp.Select)  # noqa: S101
    if manner.alias == "trail":  # the columns are worked out of JSON: they have their names only outside
        tree = exp.select("*").from_(tree.subquery("trail"))
    conditions = [*_time(engine, manner, inquiry)]
    if place.accounts:
        conditions.append(among(_column(manner, manner.account), place.accounts))
    if place.regions:
        conditions.append(among(_column(manner, manner.region), place.regions))
    return tree.where(*conditions) if conditions else tree


def _time(engine: Engine, manner: Manner, inquiry: Inquiry) -> list[exp.Expr]:
    """Partitions of the days first, then the records' own times: a session's credentials may be half a day older than its calls."""
    found: list[exp.Expr] = []
    if manner.days is not None:
        first, last = days(inquiry)
        found.append(exp.GTE(this=_column(manner, manner.days), expression=text(first)))
        if last is not None:
            found.append(exp.LTE(this=_column(manner, manner.days), expression=text(last)))
    moment = _column(manner, "eventtime" if manner.alias == "t" else "event_time")
    if engine is Engine.ATHENA:
        moment = exp.Substring(this=moment, start=exp.Literal.number(1), length=exp.Literal.number(19))
    if inquiry.since is not None:
        found.append(exp.GTE(this=moment, expression=_moment(engine, inquiry.since - LONGEST_SESSION)))
    if inquiry.until is not None:
        found.append(exp.LTE(this=moment.copy(), expression=_moment(engine, inquiry.until)))
    return found


def _moment(engine: Engine, moment: datetime) -> exp.Expr:
    if engine is Engine.LAKE:
        return exp.cast(text(f"{moment:%Y-%m-%d %H:%M:%S}"), "timestamp")
    return text(f"{moment:%Y-%m-%dT%H:%M:%S}")


def _column(manner: Manner, name: str) -> exp.Expr:
    return exp.column(exp.to_identifier(name, quoted=name == manner.days), table=manner.alias)


def _narrows(inquiry: Inquiry) -> bool:
    """Whether it is asked about some sessions; else about each that was refused."""
    return bool(inquiry.event_id or inquiry.access_key or inquiry.session or inquiry.role)


def _named(inquiry: Inquiry, roles: frozenset[str]) -> exp.Expr:
    """The calls of the session, role, credential or record asked about."""
    found: list[exp.Expr] = [condition for role in sorted({*roles, *filter(None, [inquiry.role])}) for condition in _of_role(role)]
    if inquiry.event_id:
        found.append(_equals("event_id", inquiry.event_id))
    if inquiry.access_key:
        found.append(_equals("access_key", inquiry.access_key))
    if inquiry.session:
        found += [_holds("principal_id", f":{inquiry.session}"), _holds("principal_arn", f"/{inquiry.session}")]
    return exp.or_(*found) if found else exp.false()


def _of_role(role: str) -> list[exp.Expr]:
    """Sessions of a role have its name and no path in their ARN; the issuer shows the role itself."""
    role = role_of_session(role) or role
    arn = parse_arn(role)
    name = arn.name if arn is not None and arn.is_role else role.rpartition("/")[2]
    account = f":{arn.account}" if arn is not None and arn.account else ""
    if "*" in name:  # whatever begins like it: the answer is chosen among those
        return [_holds("principal_arn", f"{account}:assumed-role/{name.partition('*')[0]}")]
    return [_equals("issuer_arn", role), _equals("principal_arn", role), _holds("principal_arn", f"{account}:assumed-role/{name}/")]


def _equals(column: str, value: str) -> exp.EQ:
    return exp.EQ(this=exp.column(column), expression=text(value))


def _holds(column: str, value: str) -> exp.GT:
    return exp.GT(this=exp.StrPosition(this=exp.column(column), substr=text(value)), expression=exp.Literal.number(0))
