"""The statements: every dialect reads its own, partitions are always bounded, and what a user gives stays a literal."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from tests.sample import examples
from trailsleuth.api.engines import Asked, selection_sql, table_sql
from trailsleuth.cli.app import main
from trailsleuth.errors import UsageError
from trailsleuth.model import Inquiry
from trailsleuth.query.engines import MANNERS, Engine
from trailsleuth.query.selection import Place, days, readings, selection, written

SINCE = datetime(2026, 3, 4, 9, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=2)
WINDOW = Inquiry(since=SINCE, until=UNTIL)
STORE = "0a1b2c3d-1111-2222-3333-444455556666"
ENTRIES = ("role", "session", "access_key", "event_id")
PLACES = {
    Engine.ATHENA: Place(database="trails", table="logs"),
    Engine.LAKE: Place(table=STORE),
    Engine.DUCKDB: Place(files="logs/*.json"),
    Engine.SPARK: Place(),
}


def shape(sql: str, dialect: str) -> list[str]:
    """The tree without what its literals say."""
    return [type(node).__name__ for node in sqlglot.parse_one(sql.replace(STORE, "store"), dialect=dialect).walk()]


@pytest.mark.parametrize("dialect", ["athena", "trino"])
def test_athena_sql_is_read_by_both_dialects(dialect):
    sql = written(Engine.ATHENA, selection(Engine.ATHENA, PLACES[Engine.ATHENA], WINDOW))
    tree = sqlglot.parse_one(sql, dialect=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    assert isinstance(tree, exp.Select)
    assert tree.sql(dialect=dialect) == sql


@pytest.mark.parametrize("until", [None, UNTIL])
@pytest.mark.parametrize("regions", [(), ("eu-west-1",)])
def test_every_reading_of_the_athena_table_is_bounded_by_days(until, regions):
    place = Place(database="trails", table="logs", regions=frozenset(regions), accounts=frozenset(["111122223333"]))
    tree = sqlglot.parse_one(written(Engine.ATHENA, selection(Engine.ATHENA, place, Inquiry(since=SINCE, until=until))), dialect="trino")
    real = [table for table in tree.find_all(exp.Table) if table.name == "logs"]
    assert len(real) == 1
    where = real[0].find_ancestor(exp.Select).args["where"].sql(dialect="trino")
    assert "t.\"timestamp\" >= '2026/03/02'" in where
    assert ("t.\"timestamp\" <= '2026/03/05'" in where) is (until is not None)
    assert "t.account IN ('111122223333')" in where
    assert ("t.region IN ('eu-west-1')" in where) is bool(regions)


def test_the_days_hold_the_longest_session_and_late_files():
    first, last = days(WINDOW)
    assert (first, last) == ("2026/03/02", "2026/03/05")


@pytest.mark.parametrize("engine", [Engine.ATHENA, Engine.LAKE])
def test_an_engine_that_bills_by_the_byte_is_not_asked_without_a_start(engine):
    with pytest.raises(UsageError, match="--since"):
        selection(engine, PLACES[engine], Inquiry(event_id="x"))


def test_how_often_the_table_may_be_read_is_counted_from_the_statement():
    assert readings(selection(Engine.ATHENA, PLACES[Engine.ATHENA], WINDOW)) == 4


@pytest.mark.parametrize("engine", list(Engine))
def test_a_statement_is_as_long_as_the_engine_takes(engine):
    long = Inquiry(
        since=SINCE, until=UNTIL, role=f"arn:aws:iam::111122223333:role/{'p' * 400}/{'r' * 64}", session="s" * 64, access_key="A" * 20, event_id="e" * 36
    )
    sql = written(engine, selection(engine, PLACES[engine], long))
    assert len(sql) <= (MANNERS[engine].longest or 20_000)


def test_a_statement_that_is_longer_is_not_sent():
    crowd = Place(table=STORE, accounts=frozenset(f"{number:012d}" for number in range(500)))
    with pytest.raises(UsageError, match="10000"):
        written(Engine.LAKE, selection(Engine.LAKE, crowd, WINDOW))


hostile = st.text(min_size=1, max_size=40) | st.sampled_from(
    ["' OR 1=1 --", "\\' OR 1=1", "'; DROP TABLE x; --", '"', "/* */", "$$", ":codes", "?", "\x00'", "${x}", "‘’"]
)


@settings(max_examples=examples(60))
@given(values=st.tuples(hostile, hostile, hostile, hostile), region=hostile, engine=st.sampled_from(list(Engine)))
def test_what_a_user_gives_never_changes_the_shape_of_a_statement(values, region, engine):
    manner = MANNERS[engine]
    place = PLACES[engine]

    def built(given_values, given_region):
        where = Place(database=place.database, table=place.table, files=f"{given_values[0]}*.json", regions=frozenset([given_region]))
        inquiry = Inquiry(since=SINCE, until=UNTIL, **dict(zip(ENTRIES, given_values, strict=True)))
        return written(engine, selection(engine, where, inquiry))

    role = re.sub(r"[^*?/:]", "a", values[0]) or "a"  # a pattern or an ARN is asked for in another way than a name; which of them it is, the user says
    tame = built((role, "b", "c", "d"), "e")
    wild = built(values, region)
    assert shape(wild, manner.dialect) == shape(tame, manner.dialect)
    found = {literal.this for literal in sqlglot.parse_one(wild.replace(STORE, "store"), dialect=manner.dialect).find_all(exp.Literal)}
    assert {values[2], values[3], region} <= found


@pytest.mark.parametrize("table", ['a.b"; DROP', "a", "a.b.c", "a.", ".b", "a.b c", "a.ü"])
def test_a_table_of_another_form_is_wrong_usage(table):
    with pytest.raises(UsageError, match="names nothing"):
        selection_sql("athena", Asked(inquiry=WINDOW), table=table)


@pytest.mark.parametrize("store", ["x", STORE[:-1], f"{STORE} UNION SELECT 1", f"{STORE}/x"])
def test_an_event_data_store_is_named_by_its_id(store):
    with pytest.raises(UsageError, match="lake"):
        selection_sql("lake", Asked(inquiry=WINDOW), table=store)
    assert f"FROM {STORE} AS t" in selection_sql("lake", Asked(inquiry=WINDOW), table=STORE)


def test_the_athena_table_is_aws_documented_one_over_accounts_and_regions():
    asked = Asked(inquiry=Inquiry(since=SINCE), accounts=frozenset(["222233334444", "111122223333"]), regions=frozenset(["us-east-1", "eu-west-1"]))
    sql = table_sql("athena", asked, table="trails.logs", location="s3://org-logs/AWSLogs/o-abc123")
    tree = sqlglot.parse_one(sql, dialect="athena")
    assert isinstance(tree, exp.Create)
    said = dict(re.findall(r"'([\w.]+)'='([^']+)'", sql))
    assert said["projection.account.values"] == "111122223333,222233334444"
    assert said["projection.region.values"] == "eu-west-1,us-east-1"
    assert said["projection.timestamp.range"] == "2026/03/04,NOW"
    assert said["storage.location.template"] == "s3://org-logs/AWSLogs/o-abc123/${account}/${folder}/${region}/${timestamp}"
    assert said["projection.folder.values"] == "CloudTrail,CloudTrail-NetworkActivity"
    assert "LOCATION 's3://org-logs/AWSLogs/o-abc123/'" in sql
    columns = {definition.name for definition in tree.this.expressions}
    assert set(MANNERS[Engine.ATHENA].columns) <= columns


@settings(max_examples=examples(40))
@given(location=hostile, account=hostile)
def test_no_place_breaks_out_of_the_table(location, account):
    asked = Asked(inquiry=Inquiry(), accounts=frozenset([account.replace(",", "")]), regions=frozenset(["eu-west-1"]))
    location = f"s3://b/{location.replace('$', '')}"
    tame = Asked(inquiry=Inquiry(), accounts=frozenset(["1"]), regions=frozenset(["eu-west-1"]))
    wild, plain = table_sql("athena", asked, table="a.b", location=location), table_sql("athena", tame, table="a.b", location="s3://b/")
    assert shape(wild, "athena") == shape(plain, "athena")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--engine", "athena"],
        ["--engine", "athena", "--table", "a.b"],
        ["--engine", "lake", "--since", "2d"],
        ["--engine", "duckdb"],
        ["--engine", "lake", "--table", STORE, "--ddl", "--location", "s3://b/"],
        ["--engine", "athena", "--table", "a.b", "--ddl", "--location", "s3://b/AWSLogs/"],
        ["--engine", "athena", "--table", "a.b", "--ddl", "--location", "/tmp", "--account", "1", "--region", "r"],
        ["--engine", "oracle"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_said_in_one_line(capsys, arguments):
    assert main(["sql", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["athena", "lake", "spark", "duckdb"])
def test_the_command_prints_the_statement_alone(capsys, name):
    table = {"athena": "trails.logs", "lake": STORE}.get(name)
    given = ["--table", table] if table else ["--location", "logs/*.json.gz"]
    assert main(["sql", "--engine", name, *given, "--since", "2026-03-04T09:00:00Z", "--role", "arn:aws:iam::111122223333:role/R"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("WITH trail AS (")
    assert err == ""
