"""`s3://` as evidence of a diagnosis: alone, with a question, and beside the live accounts."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from functools import partial

import pytest

from tests.live.world import ACTION_ROLE, NOW, REGION, START, A, B, a_world
from trailsleuth import api
from trailsleuth.cli.app import main
from trailsleuth.sources.aws.live import open_live

BUCKET = "org-logs"


def key_of(account, region, time, number=0):
    return f"AWSLogs/{account}/CloudTrail/{region}/{time:%Y/%m/%d}/{account}_CloudTrail_{region}_{time:%Y%m%dT%H%M}Z_{number:016d}.json.gz"


def delivered(world, *, holder=B):
    """The world's records as log files in a bucket of one account, with files of other days and accounts around them."""
    files = {}
    for account, state in world.accounts.items():
        for region, history in state.histories.items():
            records = [json.loads(event["CloudTrailEvent"]) for event in history.events]
            files[key_of(account, region, START + timedelta(minutes=5))] = gzip.compress(json.dumps({"Records": records}).encode())
    for days in (-30, -20, 20):
        files[key_of(B, REGION, START + timedelta(days=days))] = gzip.compress(b'{"Records": []}')
    files[key_of("999988887777", REGION, START)] = gzip.compress(b'{"Records": []}')
    world.accounts[holder].objects = {BUCKET: files}
    return world


@pytest.fixture
def logs(serve, monkeypatch):
    monkeypatch.setattr("trailsleuth.sources.aws.pace.SLACK", 0.01)
    return serve(delivered(a_world()))


def run(capsys, *arguments):
    code = main(["diagnose", *arguments, "--output", "json"])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else None, err


WINDOW = ("--since", (START - timedelta(hours=1)).isoformat(), "--until", (START + timedelta(hours=1)).isoformat())


def test_a_bucket_is_read_through_whichever_profile_may_list_it(logs, capsys):
    logs.accounts[A].policy = {"Statement": [{"Action": ["cloudtrail:LookupEvents"]}]}
    code, case, err = run(capsys, f"s3://{BUCKET}", "--profile", "tooling", "--profile", "workload", "--role", ACTION_ROLE, *WINDOW)
    assert code == 0, err
    causes = [finding for finding in case["findings"] if finding["standing"] == "cause"]
    assert [finding["iam_action"] for finding in causes] == ["ecs:RegisterTaskDefinition"]
    assert causes[0]["evidence"][0]["source"].startswith(f"s3://{BUCKET}/AWSLogs/{B}/")
    assert logs.count("cloudtrail:LookupEvents") == 0


def test_only_the_days_and_regions_asked_for_are_read(logs, capsys):
    _, whole, _ = run(capsys, f"s3://{BUCKET}", "--profile", "workload", "--role", ACTION_ROLE)
    _, case, _ = run(capsys, f"s3://{BUCKET}", "--profile", "workload", "--role", ACTION_ROLE, *WINDOW)
    _, there, _ = run(capsys, f"s3://{BUCKET}", "--profile", "workload", "--role", ACTION_ROLE, "--region", "eu-central-1", *WINDOW[:1], WINDOW[1])
    read = [{given["path"] for given in document["coverage"]["inputs"]} for document in (whole, case, there or whole)]
    assert len(read[0]) == len(logs.accounts[B].objects[BUCKET])
    assert len(read[1]) == len(read[0]) - 3


def test_network_activity_events_lie_beside_and_summaries_are_left_alone(logs, capsys):
    files = logs.accounts[B].objects[BUCKET]
    name = key_of(B, REGION, START)
    record = json.loads(logs.accounts[B].histories[REGION].events[0]["CloudTrailEvent"])
    stopped = {**record, "eventID": "stopped-at-the-endpoint", "eventCategory": "NetworkActivity"}
    files[name.replace("/CloudTrail/", "/CloudTrail-NetworkActivity/")] = gzip.compress(json.dumps({"Records": [stopped]}).encode())
    for kind in ("CloudTrail-Insight", "CloudTrail-Aggregated", "CloudTrail-Digest"):
        files[name.replace("/CloudTrail/", f"/{kind}/")] = gzip.compress(b'{"Records": []}')
    _, case, _ = run(capsys, f"s3://{BUCKET}", "--profile", "workload", "--role", ACTION_ROLE, *WINDOW)
    read = [given["path"] for given in case["coverage"]["inputs"]]
    assert len([path for path in read if "/CloudTrail-NetworkActivity/" in path]) == 1
    assert not any("Insight" in path or "Aggregated" in path or "Digest" in path for path in read)


def test_a_pipeline_is_asked_about_live_and_its_records_come_from_both(logs, capsys, monkeypatch):
    monkeypatch.setattr("trailsleuth.api.gathering.open_live", partial(open_live, now=NOW))
    code, case, err = run(capsys, f"s3://{BUCKET}", "--pipeline", "web", "--profile", "tooling", "--profile", "workload")
    assert code == 0, err
    inputs = [given["path"] for given in case["coverage"]["inputs"]]
    assert any(path.startswith("codepipeline/") for path in inputs)
    logs_read = [path for path in inputs if path.startswith("s3://")]
    assert logs_read
    assert not any("999988887777" in path for path in logs_read)
    assert case["coverage"]["duplicates"] > 0


def test_the_library_reads_a_bucket_through_the_default_chain(logs, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "workload")
    case = api.load(f"s3://{BUCKET}")
    assert case.evidence.coverage.records_read > 5


def test_a_bucket_that_nobody_may_list_is_an_account_out_of_reach(logs, capsys):
    for state in logs.accounts.values():
        state.policy = {"Statement": [{"Action": ["cloudtrail:LookupEvents"]}]}
    code, case, err = run(capsys, f"s3://{BUCKET}", "--profile", "workload")
    assert (code, case) == (4, None)
    assert "trailsleuth permissions --account log" in err
