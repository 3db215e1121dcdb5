"""Secrets in records, pipelines, the environment and profiles appear in no piece, no line on stderr, no error."""

from __future__ import annotations

import json
import re
import time
import traceback
from datetime import UTC, datetime, timedelta

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.live.conftest import SECRET
from tests.live.test_founding_case import WEB
from tests.live.world import ACTION_ROLE, KEY_B, REGION, START, B, a_record, a_session, a_world
from trailsleuth.cli.app import main
from trailsleuth.errors import AccountUnreachable
from trailsleuth.sources.files.case_folder import new_folder
from trailsleuth.sources.secrets import REMOVED, clean_text, secret_table, without_secrets

CANARY = "CaNaRy0123456789abcdefCANARY0123"
CANARIES = {
    "session token": {"credentials": {"accessKeyId": "ASIAEXAMPLE", "sessionToken": CANARY}},
    "capital session token": {"Credentials": {"AccessKeyId": "ASIAEXAMPLE", "SessionToken": CANARY}},
    "secret access key": {"secretAccessKey": CANARY},
    "password": {"masterUserPassword": CANARY},
    "login password": {"password": CANARY},
    "new password": {"newPassword": CANARY},
    "OAuth token": {"configuration": {"Owner": "o", "OAuthToken": CANARY}},
    "access token": {"accessToken": CANARY},
    "refresh token": {"refresh_token": CANARY},
    "id token": {"idToken": CANARY},
    "web identity token": {"webIdentityToken": CANARY},
    "SAML assertion": {"sAMLAssertion": CANARY},
    "token code": {"tokenCode": CANARY},
    "secret string": {"secretString": CANARY},
    "client secret": {"clientSecret": CANARY},
    "webhook secret": {"webhookSecret": CANARY},
    "api key": {"apiKey": CANARY},
    "private key": {"privateKey": CANARY},
    "plaintext": {"plaintext": CANARY},
    "user data": {"userData": CANARY},
    "environment variable": {"environment": [{"name": "DB_PASSWORD", "value": CANARY}]},
    "environment map": {"environment": {"variables": {"STRIPE_SECRET_KEY": CANARY}}},
    "header": {"headers": {"X-Amz-Security-Token": CANARY, "Authorization": CANARY}},
    "cookie": {"cookie": CANARY},
    "token in text": {"note": f"IQoJb3JpZ2luX2Vj{CANARY}"},
    "bearer in text": {"note": f"Bearer {CANARY}"},
    "GitHub token in text": {"note": f"clone with ghp_{CANARY}"},
    "Slack token in text": {"note": f"xoxb-1234567890-{CANARY}"},
    "Stripe key in text": {"note": f"sk_live_{CANARY}"},
    "presigned URL": {"url": f"https://b.s3.amazonaws.com/k?X-Amz-Signature={CANARY}&x=1"},
    "password in URL": {"url": f"postgres://admin:{CANARY}@db.example.com/app"},
    "connection string": {"note": f"Server=db;Password={CANARY};"},
    "private key block": {"note": f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----"},
    "JSON web token": {"note": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{CANARY}"},
}


@pytest.mark.parametrize("kind", CANARIES)
def test_a_secret_of_this_kind_is_taken_out(kind):
    assert CANARY not in json.dumps(without_secrets(CANARIES[kind]))


@pytest.mark.parametrize("shape", secret_table().values, ids=[shape.id for shape in secret_table().values])
@hypothesis.given(data=st.data())
def test_whatever_matches_a_shape_has_one_of_its_signs(shape, data):
    text = data.draw(st.from_regex(re.compile(shape.pattern.pattern, shape.pattern.flags)))
    matched = [text[max(0, match.start() - len("://")) : match.end()] for match in shape.pattern.finditer(text)]
    assert matched
    assert all(any(sign in one.casefold() for sign in shape.signs) for one in matched)
    assert not shape.pattern.flags & re.IGNORECASE or not any("i" in sign for sign in shape.signs)


@pytest.mark.parametrize(("row", "pattern"), [shape[:2] for shape in secret_table().values], ids=[shape.id for shape in secret_table().values])
def test_each_shape_of_a_secret_matches_its_example_and_not_its_counter_example(row, pattern):
    table = {entry["id"]: entry for entry in _rows()}
    assert pattern.search(table[row]["example"])
    assert clean_text(table[row]["counter_example"]) == table[row]["counter_example"]


def _rows():
    import tomllib
    from importlib.resources import files

    return tomllib.loads(files("trailsleuth.sources").joinpath("data/secrets.toml").read_text(encoding="utf-8"))["value"]


HARMLESS = {
    "nextToken": "abcdef",
    "clientToken": "0f3f6d1e",
    "secretId": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf",
    "accessKeyId": "ASIAEXAMPLE",
    "errorMessage": "User: arn:aws:sts::111122223333:assumed-role/R/s is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/T",
    "encoded": "Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefghijklmn",
}


def test_what_a_diagnosis_needs_stays():
    assert without_secrets(HARMLESS) == HARMLESS


def test_thirty_kinds_of_secrets_appear_in_no_piece_no_file_and_no_line(serve, live, tmp_path, monkeypatch):
    for name in ("AWS_SECRET_ACCESS_KEY_OLD", "GITHUB_TOKEN", "TRAILSLEUTH_TOKEN"):
        monkeypatch.setenv(name, CANARY)
    world = a_world()
    world.accounts["111122223333"].pipelines[REGION, "web"]["actions"][0]["input"]["configuration"]["OAuthToken"] = CANARY
    history = world.accounts[B].histories[REGION]
    for number, secret in enumerate(CANARIES.values()):
        identity = a_session(ACTION_ROLE, "1772614901412", KEY_B, START)
        moment = START + timedelta(seconds=5, milliseconds=number)
        record = a_record(B, moment, "ecs.amazonaws.com", f"RunTask{number}", identity=identity, requestParameters=secret, responseElements=secret)
        history.add(record)
    serve(world)
    folder = new_folder(tmp_path / "case", version="0", inquiry={})
    source, heard = live(store=folder)
    pieces = list(source.start(WEB))
    folder.finish()
    assert sum(piece.data.count(b"RunTask") for piece in pieces) >= len(CANARIES)
    assert REMOVED.encode() in b"".join(piece.data for piece in pieces)
    written = b"".join(path.read_bytes() for path in (tmp_path / "case").rglob("*") if path.is_file())
    for text in (written.decode(), b"".join(piece.data for piece in pieces).decode(), "\n".join(heard.lines)):
        assert CANARY not in text
        assert SECRET not in text


def test_an_error_of_the_credentials_quotes_none_of_them(serve, live):
    aws = serve(a_world())
    aws.accounts[B].expired = True
    with pytest.raises(AccountUnreachable) as caught:
        live()
    told = "".join(traceback.format_exception(caught.value)) + caught.value.why + caught.value.next_step
    assert SECRET not in told


def a_world_of_secrets():
    """The founding case of an hour ago; every kind of secret stands in a refused call's request, answer and message, and in the pipeline."""
    start = datetime.fromtimestamp(int(time.time()) - 3600, UTC)
    world = a_world(start=start)
    identity = a_session(ACTION_ROLE, str(int(start.timestamp() * 1000) + 1412), KEY_B, start)
    for number, secret in enumerate(CANARIES.values()):
        text = secret.get("note") or secret.get("url") or json.dumps(secret)
        message = f"User: {identity['arn']} is not authorized to perform: ecs:RunTask on resource: arn:aws:ecs:{REGION}:{B}:task-definition/x{number} {text}"
        refusal = {"errorCode": "AccessDenied", "errorMessage": message, "requestParameters": secret, "responseElements": secret}
        record = a_record(B, start + timedelta(seconds=5, milliseconds=number), "ecs.amazonaws.com", "RunTask", identity=identity, **refusal)
        world.accounts[B].histories[REGION].add(record)
    action = world.accounts["111122223333"].pipelines[REGION, "web"]["actions"][0]
    action["input"]["configuration"]["OAuthToken"] = CANARY
    action["output"]["executionResult"]["externalExecutionSummary"] += f" (password={CANARY}, Bearer {CANARY})"
    return world


def test_no_secret_is_in_what_the_commands_write(serve, capsys, tmp_path, monkeypatch):
    for name in ("AWS_SECRET_ACCESS_KEY_OLD", "GITHUB_TOKEN", "DATABASE_URL", "TRAILSLEUTH_TOKEN"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("TRAILSLEUTH_DEBUG", "1")
    monkeypatch.setattr("trailsleuth.sources.aws.pace.SLACK", 0.01)
    world = serve(a_world_of_secrets())
    exports = tmp_path / "exports"
    exports.mkdir()
    records = [json.loads(event["CloudTrailEvent"]) for state in world.accounts.values() for history in state.histories.values() for event in history.events]
    (exports / "trail.json").write_text(json.dumps({"Records": records}))
    actions = world.accounts["111122223333"].pipelines[REGION, "web"]["actions"]
    (exports / "actions.json").write_text(json.dumps({"actionExecutionDetails": actions}, default=str))
    live = ["--pipeline", "web", "--profile", "tooling", "--profile", "workload"]
    case, outputs = str(tmp_path / "case"), ("json", "table", "html")
    for arguments in (
        ["fetch", *live, "--to", case],
        ["diagnose", *live, "--all", "--output", "json"],
        *(["diagnose", given, "--all", "--output", output] for output in outputs for given in (case, str(exports))),
        ["explain", str(exports / "trail.json"), "--output", "json"],
    ):
        assert main(arguments) == 0
    told = capsys.readouterr()
    written = b"".join(path.read_bytes() for path in (tmp_path / "case").rglob("*") if path.is_file()).decode()
    assert "ecs:RunTask" in told.out
    for text in (told.out, told.err, written):
        assert CANARY not in text
        assert SECRET not in text


def test_a_traceback_shows_no_secret(serve, monkeypatch):
    serve(a_world_of_secrets())
    monkeypatch.setenv("TRAILSLEUTH_DEBUG", "1")

    def broken(*_args, **_named):
        raise RuntimeError("a fault of trailsleuth")

    monkeypatch.setattr("trailsleuth.sources.aws.live.settle", broken)
    monkeypatch.setattr("trailsleuth.api.gathering.settle", broken)
    with pytest.raises(RuntimeError) as caught:
        main(["diagnose", "--pipeline", "web", "--profile", "tooling", "--profile", "workload"])
    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in told
    assert CANARY not in told
