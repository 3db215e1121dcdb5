"""Secrets in records, pipelines, the environment and profiles appear in no piece, no line on stderr, no error."""

from __future__ import annotations

import json
import traceback
from datetime import timedelta

import pytest

from tests.live.conftest import SECRET
from tests.live.test_founding_case import WEB
from tests.live.world import ACTION_ROLE, KEY_B, REGION, START, B, a_record, a_session, a_world
from trailsleuth.errors import AccountUnreachable
from trailsleuth.fetch.case_folder import new_folder
from trailsleuth.fetch.secrets import REMOVED, clean_text, secret_table, without_secrets

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


@pytest.mark.parametrize(("row", "pattern"), secret_table().values, ids=[row for row, _ in secret_table().values])
def test_each_shape_of_a_secret_matches_its_example_and_not_its_counter_example(row, pattern):
    table = {entry["id"]: entry for entry in _rows()}
    assert pattern.search(table[row]["example"])
    assert clean_text(table[row]["counter_example"]) == table[row]["counter_example"]


def _rows():
    import tomllib
    from importlib.resources import files

    return tomllib.loads(files("trailsleuth.fetch").joinpath("data/secrets.toml").read_text(encoding="utf-8"))["value"]


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
        time = START + timedelta(seconds=5, milliseconds=number)
        record = a_record(B, time, "ecs.amazonaws.com", f"RunTask{number}", identity=identity, requestParameters=secret, responseElements=secret)
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
