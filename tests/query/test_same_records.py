"""The selection brings the same records, by ids, from DuckDB, from Spark and from a slow reader that shares nothing with it but its definition."""

from __future__ import annotations

import importlib.util
import json
import warnings
from datetime import UTC, datetime, timedelta

import pytest

from bench.generate import START
from tests.query.build import FOUNDING, ONE_DOCUMENT, by_duckdb, ids_of, write_tree
from tests.query.reader import Reader, records_in
from trailsleuth.catalog.messages import message_forms
from trailsleuth.ingest.denials import read_denial
from trailsleuth.model import Inquiry
from trailsleuth.query.engines import Engine
from trailsleuth.query.selection import Place, selection, written
from trailsleuth.query.tables import definition

needs_spark = pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="pyspark is large, and no part of the development environment")


@pytest.fixture(scope="module")
def spark():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "2")
        session = builder.getOrCreate()
        yield session
        session.stop()


def by_spark(session, folder, inquiry=None, **place):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session.sql(definition(Engine.SPARK, Place(), location=str(folder), since=None).sql(dialect="spark"))
        rows = session.sql(written(Engine.SPARK, selection(Engine.SPARK, Place(**place), inquiry or Inquiry()))).collect()
    return [json.loads(row[0]) for row in rows]


def a_record_of(folder):
    """A record of a role session, to ask about."""
    return next(r for r in records_in(folder) if r["userIdentity"].get("accessKeyId") and r["eventSource"] != "sts.amazonaws.com")


def questions(folder):
    """(the question, the place, whose calls it asks for, the reader's part of the records)."""
    one = a_record_of(folder)
    who = one["userIdentity"]
    role = who["sessionContext"]["sessionIssuer"]["arn"]
    name = who["arn"].rpartition("/")[2]
    window = {"since": START + timedelta(hours=12, minutes=8), "until": START + timedelta(hours=12, minutes=20)}
    yield Inquiry(access_key=who["accessKeyId"]), {}, lambda r: r["userIdentity"].get("accessKeyId") == who["accessKeyId"], {}
    yield Inquiry(event_id=one["eventID"]), {}, lambda r: r["eventID"] == one["eventID"], {}
    yield Inquiry(session=name), {}, lambda r: f"/{name}" in r["userIdentity"].get("arn", "") or f":{name}" in r["userIdentity"].get("principalId", ""), {}
    yield Inquiry(role=role), {}, lambda r: ((r["userIdentity"].get("sessionContext") or {}).get("sessionIssuer") or {}).get("arn") == role, {}
    yield Inquiry(**window), {}, None, window
    yield Inquiry(), {"accounts": frozenset({"444455556666"})}, None, {"accounts": ("444455556666",)}
    yield Inquiry(), {"regions": frozenset({"eu-west-1"})}, None, {"regions": ("eu-west-1",)}


@pytest.mark.parametrize("way", ONE_DOCUMENT)
def test_duckdb_and_the_slow_reader_select_the_same(tmp_path, way):
    folder = write_tree(tmp_path, way)
    expected = Reader(records_in(folder)).ids()
    assert ids_of(by_duckdb(folder)) == expected
    assert 0 < len(expected) < len({r["eventID"] for r in records_in(folder)})


def test_each_way_of_asking_selects_what_the_slow_reader_does(tmp_path):
    folder = write_tree(tmp_path, "gzip")
    records = records_in(folder)
    for inquiry, place, asked, part in questions(folder):
        assert ids_of(by_duckdb(folder, inquiry, **place)) == Reader(records, **part).ids(asked), inquiry


def test_a_file_of_another_kind_beside_the_logs_holds_no_records(tmp_path):
    folder = write_tree(tmp_path, "gzip")
    expected = ids_of(by_duckdb(folder))
    (folder / "digest.json").write_text('{"digestStartTime": "2026-03-01T00:00:00Z", "logFiles": []}')
    assert ids_of(by_duckdb(folder)) == expected


def test_what_comes_back_is_the_whole_record(tmp_path):
    folder = write_tree(tmp_path, "nested")
    whole = {record["eventID"]: record for record in records_in(folder)}
    assert all(record == whole[record["eventID"]] for record in by_duckdb(folder))


@needs_spark
@pytest.mark.parametrize("way", ONE_DOCUMENT)
def test_spark_selects_the_same_records_as_duckdb(spark, tmp_path, way):
    folder = write_tree(tmp_path, way)
    ours, theirs = by_duckdb(folder), by_spark(spark, folder)
    assert ids_of(theirs) == ids_of(ours)
    assert sorted(json.dumps(one, sort_keys=True) for one in theirs) == sorted(json.dumps(one, sort_keys=True) for one in ours)


@needs_spark
def test_spark_answers_each_way_of_asking_as_duckdb_does(spark, tmp_path):
    folder = write_tree(tmp_path, "gzip")
    for inquiry, place, _, _ in questions(folder):
        assert ids_of(by_spark(spark, folder, inquiry, **place)) == ids_of(by_duckdb(folder, inquiry, **place)), inquiry
    assert ids_of(by_spark(spark, FOUNDING / "AWSLogs")) == ids_of(by_duckdb(FOUNDING / "AWSLogs"))


@needs_spark
def test_spark_ends_at_a_file_that_is_broken_instead_of_leaving_it_out(spark, tmp_path):
    folder = write_tree(tmp_path, "gzip")
    (folder / "broken.json").write_text('{"Records": [{"eventID": "x", ')
    with pytest.raises(Exception, match="MALFORMED_RECORD"):
        by_spark(spark, folder)


def test_every_refusal_of_the_catalogue_is_one_for_the_engine(tmp_path):
    """The expressions made of the tables fit each example that the reader of refusals takes for one."""
    made = []
    for form in (form for form in message_forms() if not form.printed):
        for example in form.examples:
            code, text = example.get("code"), example.get("text") or example.get("message")
            source, name = example.get("event_source") or "ecs.amazonaws.com", example.get("event_name") or "RunTask"
            if read_denial(code, text, event_source=source, event_name=name, of_record=True) is not None:
                made.append({"eventID": str(len(made)), "eventTime": f"{datetime(2026, 3, 4, tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}", "eventSource": source})
                made[-1] |= {"eventName": name, "errorCode": code, "errorMessage": text}
    assert len(made) > 100
    (tmp_path / "log.json").write_text(json.dumps({"Records": made}))
    assert ids_of(by_duckdb(tmp_path)) == ids_of(made)
