"""Athena and Lake as evidence: against moto's Athena and S3, and against the test server for what moto does not do (failures, pages, Lake, interruption)."""

from __future__ import annotations

import importlib.util
import json
from datetime import UTC, datetime
from http.client import HTTPConnection

import pytest
from msgspec.structs import replace

from tests.live.world import ACTION_ROLE, START, A, B, a_world
from tests.query.build import FOUNDING, athena_row, by_duckdb
from trailsleuth import api
from trailsleuth.cli.app import main
from trailsleuth.errors import AccountUnreachable, SourceError, UsageError
from trailsleuth.query.engines import MANNERS, Engine
from trailsleuth.sources.engines.addresses import Settings, Statement, engine_url
from trailsleuth.sources.engines.athena import run_athena
from trailsleuth.sources.engines.lake import run_lake

ATHENA = engine_url("athena://trails/logs")
LAKE = engine_url("lake://0a1b2c3d-1111-2222-3333-444455556666")
READS = Statement(sql="WITH trail AS (SELECT 1) SELECT 1 FROM trail")
WINDOW = ["--since", f"{START:%Y-%m-%dT00:00:00Z}", "--until", f"{START:%Y-%m-%dT23:59:59Z}"]
COLUMNS = MANNERS[Engine.ATHENA].columns
RESULTS = "athena-results"


def run(capsys, *arguments):
    code = main(["diagnose", *arguments, "--output", "json"])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else None, err


def records_of(world):
    return [json.loads(event["CloudTrailEvent"]) for state in world.accounts.values() for history in state.histories.values() for event in history.events]


# --- moto


@pytest.fixture
def moto(profiles, monkeypatch):
    """Moto's server, with a results bucket; `rows(records)` are what the next query gives back."""
    import botocore.session
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("AWS_PROFILE", "tooling")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    client = botocore.session.Session(profile="tooling")
    s3 = client.create_client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket=RESULTS)

    def rows(records):
        found = [athena_row(record) for record in records]
        data = [{"Data": [{"VarCharValue": row[name]} if name in row else {} for name in COLUMNS]} for row in found]
        header = {"Data": [{"VarCharValue": name} for name in COLUMNS]}
        info = [{"Name": name, "Type": "varchar", "CatalogName": "hive"} for name in COLUMNS]
        region = client.get_config_variable("region")
        body = json.dumps({"region": region, "results": [{"rows": [header, *data], "column_info": info}]}).encode()
        connection = HTTPConnection(host, port)
        connection.request("POST", "/moto-api/static/athena/query-results", body, {"Content-Type": "application/json"})
        assert connection.getresponse().status == 201
        connection.close()

    rows.s3, rows.athena = s3, client.create_client("athena")
    yield rows
    server.stop()


def test_what_moto_s_athena_gives_back_leads_to_the_findings_of_the_files(moto, capsys):
    moto(by_duckdb(FOUNDING / "AWSLogs"))
    others = [str(path) for path in sorted(FOUNDING.iterdir()) if path.name != "AWSLogs"]
    window = ["--since", "2026-02-03", "--until", "2026-02-04", "--pipeline", "basket"]
    code, case, err = run(capsys, "athena://trails/logs", *others, *window, "--athena-output", f"s3://{RESULTS}/found/")
    whole = api.load(str(FOUNDING)).diagnose(pipeline="basket").document()
    assert code == 0, err
    assert [(f["id"], f["standing"], f["iam_action"], f["resource"]) for f in case["findings"]] == [
        (f["id"], f["standing"], f["iam_action"], f["resource"]) for f in whole["findings"]
    ]
    assert case["deltas"] == whole["deltas"]
    (read,) = [given for given in case["coverage"]["inputs"] if given["path"] == "athena://trails/logs"]
    assert len(read["sha256"]) == 64
    assert "reads the partitions of 2026/02/01 to 2026/02/05, up to 4 times; $5 per TB read" in err
    (query,) = moto.athena.list_query_executions()["QueryExecutionIds"]
    execution = moto.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
    assert execution["Query"].startswith("WITH trail AS (SELECT ")
    assert execution["QueryExecutionContext"] == {"Database": "trails"}
    assert [entry["Key"] for entry in moto.s3.list_objects_v2(Bucket=RESULTS)["Contents"]] == [f"found/{query}.csv"]


def test_the_library_reads_an_engine_for_the_time_it_is_given(moto):
    moto(by_duckdb(FOUNDING / "AWSLogs"))
    with pytest.raises(UsageError, match="since"):
        api.load("athena://trails/logs")
    case = api.load(["athena://trails/logs", FOUNDING / "iam"], since=datetime(2026, 2, 3, tzinfo=UTC))
    assert case.diagnose(role="arn:aws:iam::310030040050:role/release/BlueGreen").exit_code == 0


def test_an_athena_that_finds_nothing_is_no_evidence(moto, capsys):
    moto([])
    code, case, err = run(capsys, "athena://trails/logs", "--since", "2026-02-03", "--athena-output", f"s3://{RESULTS}/")
    assert (code, case) == (4, None)
    assert "no CloudTrail records in athena://trails/logs" in err


@pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="pyspark is large, and no part of the development environment")
def test_spark_reads_log_files_here(profiles, capsys):
    others = [str(path) for path in sorted(FOUNDING.iterdir()) if path.name != "AWSLogs"]
    code, case, err = run(capsys, f"spark://local{FOUNDING / 'AWSLogs'}", *others, "--pipeline", "basket")
    assert code == 0, err
    assert case["deltas"] == api.load(str(FOUNDING)).diagnose(pipeline="basket").document()["deltas"]
    assert run(capsys, f"spark://local{FOUNDING}/nowhere")[0] == 4


# --- the test server


def test_pages_are_read_to_the_end_and_the_cost_is_said(serve, live):
    world = a_world()
    world.accounts[A].queries.states = [("QUEUED", ""), ("RUNNING", ""), ("SUCCEEDED", "")]
    world.accounts[A].queries.rows = [{"eventjson": str(number)} for number in range(5)]
    serve(world)
    source, heard = live()
    found = run_athena(ATHENA, READS, [source.accounts[A]], Settings(output="s3://r/", workgroup="w"))
    assert [json.loads(line)["eventjson"] for line in found.data.splitlines()] == list("01234")
    (asked,) = world.accounts[A].queries.asked
    assert asked["QueryString"] == READS.sql
    assert (asked["WorkGroup"], asked["ResultConfiguration"]) == ("w", {"OutputLocation": "s3://r/"})
    assert any(line == "athena://trails/logs: 3.0 GB read, about $0.0150" for line in heard.lines)


def test_lake_is_asked_in_its_own_way(serve, capsys):
    world = a_world()
    records = records_of(world)
    world.accounts[B].queries.states = [("RUNNING", ""), ("FINISHED", "")]
    world.accounts[B].queries.rows = [{"eventJson": json.dumps(record)} for record in records]
    serve(world)
    code, case, err = run(capsys, f"lake://{LAKE.host}", "--profile", "workload", "--role", ACTION_ROLE, *WINDOW)
    assert code == 0, err
    assert [f["iam_action"] for f in case["findings"] if f["standing"] == "cause"] == ["ecs:RegisterTaskDefinition"]
    assert f"lake://{LAKE.host}: 3.0 GB read, about $0.0150" in err
    assert f"FROM {LAKE.host} AS t" in world.accounts[B].queries.asked[0]["QueryStatement"]


def test_a_pipeline_is_asked_about_live_and_its_records_come_from_athena_too(serve, capsys):
    world = a_world()
    world.accounts[A].queries.states = [("SUCCEEDED", "")]
    world.accounts[A].queries.columns = COLUMNS
    world.accounts[A].queries.rows = [athena_row(record) for record in records_of(world)]
    serve(world)
    code, case, err = run(capsys, "athena://trails/logs", "--pipeline", "web", "--profile", "tooling", "--profile", "workload", *WINDOW)
    assert code == 0, err
    cause = next(finding for finding in case["findings"] if finding["standing"] == "cause")
    assert {record["source"] for record in cause["evidence"]} == {"athena://trails/logs"}  # the event history does not go back so far
    assert ":assumed-role/" in world.accounts[A].queries.asked[0]["QueryString"]


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_query_that_fails_says_athena_s_reason(serve, live, capsys, state):
    world = a_world()
    world.accounts[A].queries.states = [(state, "COLUMN_NOT_FOUND: line 1:8: Column 't.region'\x1b[31m cannot be resolved")]
    serve(world)
    code, case, err = run(capsys, "athena://trails/logs", "--profile", "tooling", *WINDOW)
    assert (code, case) == (4, None)
    assert "COLUMN_NOT_FOUND: line 1:8" in err
    assert "\x1b" not in err
    assert "Traceback" not in err


@pytest.mark.parametrize("state", ["FAILED", "TIMED_OUT", "CANCELLED"])
def test_a_query_that_fails_says_lake_s_reason(serve, live, state):
    world = a_world()
    world.accounts[A].queries.states = [("QUEUED", ""), (state, "the reason")]
    serve(world)
    source, _ = live()
    with pytest.raises(SourceError, match=state) as caught:
        run_lake(LAKE, READS, [source.accounts[A]])
    assert caught.value.why == "the reason"


@pytest.mark.parametrize(("runs", "url"), [(lambda u, s, a: run_athena(u, s, a, Settings()), ATHENA), (run_lake, LAKE)])
def test_the_first_account_that_may_is_asked_and_none_is_an_account_out_of_reach(serve, live, runs, url):
    world = a_world()
    world.accounts[A].policy = {"Statement": [{"Action": ["cloudtrail:LookupEvents"]}]}
    for state in world.accounts.values():
        state.queries.states = [("SUCCEEDED" if url is ATHENA else "FINISHED", "")]
    serve(world)
    source, _ = live()
    runs(url, READS, [source.accounts[A], source.accounts[B]])
    assert world.accounts[B].queries.asked
    with pytest.raises(AccountUnreachable) as caught:
        runs(url, READS, [source.accounts[A]])
    assert f"trailsleuth permissions --account {url.engine}" in caught.value.next_step


@pytest.mark.parametrize(("runs", "url"), [(lambda u, s, a: run_athena(u, s, a, Settings()), ATHENA), (run_lake, LAKE)])
def test_an_interrupted_run_stops_its_query(serve, live, runs, url):
    world = a_world()
    world.accounts[A].queries.states = [("RUNNING", "")]
    serve(world)
    source, _ = live()

    def interrupted(_seconds):
        raise KeyboardInterrupt

    account = source.accounts[A]
    account.around = replace(account.around, sleep=interrupted)
    with pytest.raises(KeyboardInterrupt):
        runs(url, READS, [account])
    assert len(world.accounts[A].queries.stopped) == 1


@pytest.mark.parametrize("given", ["athena://trails/logs", f"lake://{LAKE.host}"])
def test_without_a_start_nothing_is_asked(serve, capsys, given):
    world = serve(a_world())
    code, case, err = run(capsys, given, "--profile", "tooling")
    assert (code, case) == (2, None)
    assert "--since" in err
    assert not any("Query" in call for _, _, call in world.calls)


@pytest.mark.parametrize("given", ["athena://x", "athena://a/b/c", "athena://a/b'--", "lake://1", "spark://x", "spark://h:1", "spark://h/x"])
def test_a_name_of_another_form_is_wrong_usage(profiles, capsys, given):
    code, case, err = run(capsys, given, "--since", "2026-02-03")
    assert (code, case) == (2, None)
    assert given in err
