"""The commands as a user runs them, against the server: the answer, the folder, the exit codes."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest

import trailsleuth
from tests.live.conftest import SECRET
from tests.live.servers import Faults
from tests.live.world import ACTION_ROLE, EXECUTION_ROLE, KEY_B, MESSAGE, TASK_ROLE, TOKEN, A, B, a_record, a_session, a_world
from trailsleuth import api
from trailsleuth.cli.app import main
from trailsleuth.errors import UsageError
from trailsleuth.sources.aws.operations import shipped_policy

LIVE = ["--pipeline", "web", "--profile", "tooling", "--profile", "workload"]


@pytest.fixture
def recent(serve, monkeypatch):
    """The founding case of an hour ago, asked about without the two calls a second."""
    monkeypatch.setattr("trailsleuth.sources.aws.pace.SLACK", 0.01)
    start = datetime.fromtimestamp(int(time.time()) - 3600, UTC)
    return serve(a_world(background=100, start=start))


def run(capsys, *arguments):
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_the_founding_case_is_diagnosed_live(recent, capsys):
    code, out, err = run(capsys, "diagnose", *LIVE, "--output", "json")
    case = json.loads(out)
    assert (code, case["outcome"]) == (0, "cause_found"), err
    causes = [finding for finding in case["findings"] if finding["standing"] == "cause"]
    assert [(finding["principal"], finding["iam_action"]) for finding in causes] == [(ACTION_ROLE, "ecs:RegisterTaskDefinition")]
    passed = {finding["resource"] for finding in case["findings"] if finding["iam_action"] == "iam:PassRole"}
    assert {TASK_ROLE, EXECUTION_ROLE} <= passed
    assert case["execution"]["pipeline"] == "web"
    assert [hop["account"] for hop in case["chains"][0]["hops"]] == [A, B]
    assert recent.count("cloudtrail:LookupEvents") <= 5
    assert "asking AccessKeyId=" in err
    assert SECRET not in out + err
    assert TOKEN not in out + err


@pytest.mark.parametrize("output", ["json", "table"])
def test_the_case_folder_answers_offline_with_the_same_bytes(recent, capsys, tmp_path, monkeypatch, output):
    live_code, live, _ = run(capsys, "diagnose", *LIVE, "--output", output)
    code, out, err = run(capsys, "fetch", *LIVE, "--to", str(tmp_path / "case"))
    assert code == 0, err
    assert "gap: " in out
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    offline_code, offline, err = run(capsys, "diagnose", str(tmp_path / "case"), "--output", output)
    assert (offline_code, offline, err) == (live_code, live, "")


def test_python_fetches_what_the_command_does(recent, capsys, tmp_path):
    _, out, _ = run(capsys, "diagnose", *LIVE, "--output", "json")
    case = trailsleuth.fetch(pipeline="web", profiles=["tooling", "workload"], folder=tmp_path / "case")
    diagnosis = case.diagnose()
    assert diagnosis.document()["findings"] == json.loads(out)["findings"]
    assert api.load(tmp_path / "case").diagnose().document() == diagnosis.document()
    with pytest.raises(UsageError, match="is not empty"):
        trailsleuth.fetch(pipeline="web", profiles=["tooling", "workload"], folder=tmp_path / "case")
    with pytest.raises(UsageError, match="no entry point given"):
        trailsleuth.fetch(profiles=["tooling"])


def test_the_case_folder_is_asked_what_it_was_fetched_for_unless_another_question_is_put(recent, capsys, tmp_path):
    run(capsys, "fetch", *LIVE, "--to", str(tmp_path / "case"))
    case = api.load(tmp_path / "case")
    assert case.diagnose().document()["execution"]["pipeline"] == "web"
    assert case.diagnose(error=MESSAGE).document()["execution"]["pipeline"] == "web"
    assert case.diagnose(access_key=KEY_B).document()["execution"] is None


def test_what_could_not_be_fetched_is_a_gap_of_the_answer(recent, capsys):
    _, out, _ = run(capsys, "diagnose", *LIVE, "--output", "json")
    coverage = json.loads(out)["coverage"]
    gaps = {gap.get("wanted"): gap for gap in coverage["gaps"]}
    assert "s3://" in gaps["data events"]["why"]
    assert gaps["policies"]["allow"]["Effect"] == "Allow"
    assert coverage["skipped"] == []


def test_a_live_chain_that_was_not_refused_stays_open_for_what_the_history_does_not_show(recent, capsys):
    history = recent.accounts[B].histories["eu-west-1"]
    for events in (history.events, *history.index.values()):
        events[:] = [event for event in events if "AccessDenied" not in event["CloudTrailEvent"]]
    code, out, _ = run(capsys, "diagnose", *LIVE, "--output", "json")
    case = json.loads(out)
    if case["outcome"] == "inconclusive":
        assert any("s3://" in question["command"] for question in case["questions"])
    assert (code, case["outcome"]) != (1, "no_denial_found")


def test_two_profiles_are_one_and_a_role(recent, capsys):
    reader = f"arn:aws:iam::{B}:role/Reader"
    issued = {"Credentials": {"AccessKeyId": "ASIAREADERREADER0001", "SecretAccessKey": SECRET, "SessionToken": TOKEN, "Expiration": "2099-01-01T00:00:00Z"}}
    recent.identities["ASIAREADERREADER0001"] = (B, f"arn:aws:sts::{B}:assumed-role/Reader/trailsleuth")
    recent.assumable = {reader: issued}
    _, by_profiles, _ = run(capsys, "diagnose", *LIVE, "--output", "json")
    code, by_role, err = run(capsys, "diagnose", "--pipeline", "web", "--profile", "tooling", "--assume-role", reader, "--output", "json")
    assert (code, by_role) == (0, by_profiles)
    assert SECRET not in err
    assert TOKEN not in err


def test_faults_on_the_way_leave_the_answer_as_it_is(recent, capsys, monkeypatch):
    monkeypatch.setattr("trailsleuth.sources.aws.calls.FIRST_PAUSE", 0.01)
    _, calm, _ = run(capsys, "diagnose", *LIVE, "--output", "json")
    recent.faults = Faults(rate=0.3)
    _, rough, _ = run(capsys, "diagnose", *LIVE, "--output", "json")
    assert rough == calm


def test_the_manifest_names_every_piece_with_its_origin(recent, capsys, tmp_path):
    run(capsys, "fetch", *LIVE, "--to", str(tmp_path / "case"))
    manifest = json.loads((tmp_path / "case" / "manifest.json").read_text())
    pieces = {path.relative_to(tmp_path / "case").as_posix() for path in (tmp_path / "case").rglob("*.json")} - {"manifest.json"}
    assert set(manifest["pieces"]) == pieces
    assert manifest["complete"] is True
    assert manifest["collectors"] == {A: f"arn:aws:iam::{A}:user/reader", B: f"arn:aws:iam::{B}:user/reader"}
    lookups = [piece for name, piece in manifest["pieces"].items() if name.startswith("cloudtrail/")]
    assert all(piece["sha256"] and piece["from"] and piece["to"] and piece["collector"] and piece["region"] for piece in lookups)


def test_a_folder_that_holds_something_is_not_written_over(recent, capsys, tmp_path):
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "notes.txt").write_text("mine")
    code, _, err = run(capsys, "fetch", *LIVE, "--to", str(tmp_path / "case"))
    assert code == 2
    assert "is not empty" in err


@pytest.mark.parametrize("output", ["table", "markdown", "html"])
def test_the_statement_for_a_missing_permission_is_shown(recent, capsys, output):
    recent.accounts[B].policy = shipped_policy("target", minimal=True)
    _, out, _ = run(capsys, "diagnose", *LIVE, "--output", output)
    assert "iam:GetRole" in out.replace("\\", "").replace("&#58;", ":").replace("\n", "")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["fetch", "--to", "x"], 2, "no entry point given"),
        (["fetch", "--pipeline", "web"], 2, "say where the case goes"),
        (["fetch", "--resume", "nowhere"], 4, "is not a case folder"),
        (["diagnose", "--pipeline", "wob", "--profile", "tooling"], 2, "there is no pipeline wob"),
        (["diagnose", "--pipeline", "web", "--profile", "nobody"], 2, "no profile nobody"),
    ],
)
def test_wrong_use_is_said_in_a_line_with_its_exit_code(recent, capsys, tmp_path, monkeypatch, arguments, code, told):
    monkeypatch.chdir(tmp_path)
    got, out, err = run(capsys, *arguments)
    assert (got, out) == (code, "")
    assert told in err
    assert "Traceback" not in err


def test_expired_credentials_end_with_four_and_the_resumed_fetch_goes_on(recent, capsys, tmp_path):
    folder = tmp_path / "case"

    def expire(account, region, call):
        recent.accounts[B].expired = recent.count("cloudtrail:LookupEvents") >= 3

    recent.on_call = expire
    code, _, err = run(capsys, "fetch", *LIVE, "--to", str(folder))
    assert code == 4
    assert "aws configure --profile workload" in err
    assert "trailsleuth fetch --resume" in err
    recent.on_call = None
    recent.accounts[B].expired = False
    before = recent.count("cloudtrail:LookupEvents")
    code, _, err = run(capsys, "fetch", "--resume", str(folder))
    assert code == 0, err
    assert recent.count("cloudtrail:LookupEvents") - before <= 3
    assert json.loads((folder / "manifest.json").read_text())["complete"] is True


def test_permissions_prints_the_shipped_policy(capsys):
    code, out, _ = run(capsys, "permissions", "--account", "pipeline")
    assert (code, json.loads(out)) == (0, shipped_policy("pipeline", minimal=False))
    code, out, _ = run(capsys, "permissions", "--account", "target", "--minimal")
    assert [statement["Action"] for statement in json.loads(out)["Statement"]] == [["cloudtrail:LookupEvents"]]
    code, out, _ = run(capsys, "permissions", "--account", "log", "--output", "table")
    assert "s3:GetObject" in out


def test_the_doctor_names_each_gap_with_what_closes_it(recent, capsys):
    recent.accounts[B].policy = shipped_policy("target", minimal=True)
    recent.accounts[A].trails = [{"trail": {"Name": "main", "TrailARN": f"arn:aws:cloudtrail:eu-west-1:{A}:trail/main"}, "selectors": KMS_LEFT_OUT}]
    code, out, _ = run(capsys, "doctor", "--profile", "tooling", "--profile", "workload", "--output", "json")
    checks = {(check["account"], check["subject"]): check for check in json.loads(out)["checks"]}
    assert code == 3
    assert checks[A, "clock"]["state"] == "ok"
    assert checks[A, "codepipeline:GetPipeline"]["state"] == "ok"
    assert checks[B, "cloudtrail:LookupEvents"]["state"] == "ok"
    assert checks[B, "iam:GetRole"]["state"] == "missing"
    assert '"iam:GetRole"' in checks[B, "iam:GetRole"]["fix"]
    assert checks[A, "KMS in trail main"]["state"] == "missing"
    assert "put-event-selectors" in checks[A, "data events in trail main"]["fix"]


KMS_LEFT_OUT = {"EventSelectors": [{"ReadWriteType": "All", "DataResources": [], "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}


def test_the_doctor_of_a_profile_that_does_not_answer_ends_with_four(recent, capsys):
    recent.accounts[A].expired = True
    code, out, _ = run(capsys, "doctor", "--profile", "tooling")
    assert code == 4
    assert "fix: " in out


def test_policies_of_roles_that_only_made_noise_are_not_read(recent, capsys):
    noisy = a_session(f"arn:aws:iam::{B}:role/DatadogIntegration", "i-0a1b2c3d", "ASIANOISENOISENOISE1", datetime.fromtimestamp(0, UTC))
    message = f"User: {noisy['arn']} is not authorized to perform: ecs:RegisterTaskDefinition on resource: * because no identity-based policy allows it"
    time_of_it = datetime.fromtimestamp(int(time.time()) - 3590, UTC)
    refusal = {"errorCode": "AccessDenied", "errorMessage": message}
    recent.accounts[B].histories["eu-west-1"].add(a_record(B, time_of_it, "ecs.amazonaws.com", "RegisterTaskDefinition", identity=noisy, **refusal))
    code, out, err = run(capsys, "diagnose", *LIVE, "--output", "json")
    assert code == 0
    assert [group["principal"] for group in json.loads(out)["background"]] == [f"arn:aws:iam::{B}:role/DatadogIntegration"]
    assert "DatadogIntegration" not in err
    assert "WebTask" in err
