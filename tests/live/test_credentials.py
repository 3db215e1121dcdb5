"""The ordinary provider chain: credential_process, role profiles, the environment. Its own calls pass the guard, its secrets stay inside."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.live.conftest import SECRET
from tests.live.servers import Faults
from tests.live.test_founding_case import WEB
from tests.live.things_world import ROLE, a_thing_world
from tests.live.world import NOW, REGION, TOOLING, WORKLOAD, A, B, a_world
from trailsleuth.cli.app import main
from trailsleuth.sources.aws.sessions import Surroundings


def test_a_credential_process_is_asked(serve, live, profiles):
    answer = json.dumps({"Version": 1, "AccessKeyId": TOOLING, "SecretAccessKey": SECRET})
    script = profiles / "process.py"
    script.write_text(f"print('''{answer}''')")
    (profiles / "config").write_text(f"[profile tooling]\nregion = {REGION}\ncredential_process = {sys.executable} {script}\n")
    (profiles / "credentials").write_text("")
    serve(a_world())
    source, heard = live(names=("tooling",))
    assert set(source.accounts) == {A}
    assert SECRET not in "\n".join(heard.lines)


def test_a_profile_that_assumes_a_role_passes_the_guard(serve, live, profiles):
    role = f"arn:aws:iam::{B}:role/Reader"
    (profiles / "config").write_text(
        f"[profile tooling]\nregion = {REGION}\n[profile workload]\nregion = {REGION}\nrole_arn = {role}\nsource_profile = tooling\n"
    )
    (profiles / "credentials").write_text(f"[tooling]\naws_access_key_id = {TOOLING}\naws_secret_access_key = {SECRET}\n")
    world = a_world()
    issued = {"AccessKeyId": "ASIAREADERREADER0001", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2099-01-01T00:00:00Z"}
    world.assumable = {role: {"Credentials": issued}}
    world.identities["ASIAREADERREADER0001"] = (B, f"arn:aws:sts::{B}:assumed-role/Reader/botocore")
    aws = serve(world)
    source, _ = live()
    assert set(source.accounts) == {A, B}
    assert aws.count("sts:AssumeRole") == 1


def test_without_a_profile_the_environment_is_used(serve, live, profiles, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", WORKLOAD)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "77")
    serve(a_world())
    source, _ = live(names=())
    assert set(source.accounts) == {B}


def test_two_profiles_of_one_account_are_read_once(serve, live):
    world = a_world()
    world.identities[WORKLOAD] = world.identities[TOOLING]
    serve(world)
    source, heard = live()
    assert set(source.accounts) == {A}
    assert any("already reads" in line for line in heard.lines)


@pytest.mark.parametrize("record", ['{"deep": ' + "[" * 3000 + "]" * 3000 + "}", "no json", "[]", '{"userIdentity": "text", "eventName": "AssumeRole"}', ""])
def test_odd_records_are_kept_as_they_came_and_stop_nothing(serve, live, record):
    world = a_world()
    history = world.accounts[A].histories[REGION]
    event = {**history.events[0], "EventId": "odd", "CloudTrailEvent": record}
    history.index["EventName", "AssumeRole"].append(event)
    serve(world)
    source, _ = live()
    pieces = list(source.start(WEB))
    assert any(b'"odd"' in piece.data for piece in pieces)
    assert any("AccessKeyId-ASIACROSS" in piece.source for piece in pieces)


@contextmanager
def answering(*answers):
    """A server on this machine: what the path begins with, and the answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = next((text for path, text in answers if self.path.startswith(path)), None)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or "")))
            self.end_headers()
            self.wfile.write((body or "").encode())

        do_PUT = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


FAR = "2099-01-01T00:00:00Z"
ISSUED = {"AccessKeyId": WORKLOAD, "SecretAccessKey": SECRET, "SessionToken": "t", "Token": "t", "Expiration": FAR, "Code": "Success", "Type": "AWS-HMAC"}
ROLE_PLACE, TOKEN_PLACE = "/latest/meta-data/iam/security-credentials/", "/latest/api/token"


@pytest.fixture
def ordinary(serve, profiles, monkeypatch, tmp_path):
    """One account with a failed stack, and no profile: each kind of ordinary credentials in turn."""
    (profiles / "credentials").write_text("")
    (profiles / "config").write_text(f"[default]\nregion = {REGION}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    aws = serve(a_thing_world("stack"))
    monkeypatch.setattr("trailsleuth.api.gathering.Surroundings", partial(Surroundings, now=lambda: NOW))

    def environment():
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", WORKLOAD)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    def named_profile():
        (profiles / "config").write_text(f"[profile mine]\nregion = {REGION}\n")
        (profiles / "credentials").write_text(f"[mine]\naws_access_key_id = {WORKLOAD}\naws_secret_access_key = {SECRET}\n")
        monkeypatch.setenv("AWS_PROFILE", "mine")

    def web_identity():
        (tmp_path / "token").write_text("header.payload.signature")
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        monkeypatch.setenv("AWS_ROLE_ARN", f"arn:aws:iam::{B}:role/Ci")
        aws.by_token["AssumeRoleWithWebIdentity"] = {"Credentials": {name: ISSUED[name] for name in (*list(ISSUED)[:3], "Expiration")}}

    def identity_center(expires=FAR):
        session = f"[sso-session corp]\nsso_start_url = https://corp.example.com\nsso_region = {REGION}\nsso_registration_scopes = sso:account:access\n"
        profile = f"[profile mine]\nregion = {REGION}\nsso_session = corp\nsso_account_id = {B}\nsso_role_name = Reader\n"
        (profiles / "config").write_text(session + profile)
        monkeypatch.setenv("AWS_PROFILE", "mine")
        for name in ("credentials.SSOProvider", "tokens.SSOTokenProvider"):
            monkeypatch.setattr(f"botocore.{name}._SSO_TOKEN_CACHE_DIR", str(tmp_path))
        token = {"accessToken": "t", "expiresAt": expires, "startUrl": "https://corp.example.com", "region": REGION}
        (tmp_path / f"{hashlib.sha1(b'corp', usedforsecurity=False).hexdigest()}.json").write_text(json.dumps(token))
        names = {"accessKeyId": WORKLOAD, "secretAccessKey": SECRET, "sessionToken": "t", "expiration": 4070908800000}
        aws.by_token["GetRoleCredentials"] = {"roleCredentials": names}

    def login(crypto="there"):
        (profiles / "config").write_text(f"[profile mine]\nregion = {REGION}\nlogin_session = arn:aws:iam::{B}:user/me\n")
        monkeypatch.setenv("AWS_PROFILE", "mine")
        monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(tmp_path))
        monkeypatch.setattr("botocore.credentials.EC", crypto)
        given = {"accessKeyId": WORKLOAD, "secretAccessKey": SECRET, "sessionToken": "t", "accountId": B, "expiresAt": FAR}
        token = {"accessToken": given, "refreshToken": "r", "dpopKey": "k", "clientId": "c"}
        (tmp_path / f"{hashlib.sha256(f'arn:aws:iam::{B}:user/me'.encode()).hexdigest()}.json").write_text(json.dumps(token))

    ways = {name: way for name, way in locals().items() if callable(way) and name not in ("serve", "monkeypatch")}
    return aws, ways


def stack(capsys, *more):
    code = main(["diagnose", "--stack", "shop", *more])
    return code, *capsys.readouterr()


@pytest.mark.parametrize("way", ["environment", "named_profile", "web_identity", "identity_center", "login"])
def test_one_account_needs_no_profile(ordinary, capsys, way):
    _, ways = ordinary
    ways[way]()
    code, out, err = stack(capsys, "--output", "json")
    case = json.loads(out)
    assert (code, case["findings"][0]["principal"], case["findings"][0]["iam_action"]) == (0, ROLE, "sqs:CreateQueue"), err
    assert f"account {B}" in err
    assert SECRET not in out + err


@pytest.mark.parametrize("kind", ["container", "instance"])
def test_the_roles_of_containers_and_instances_are_found_by_themselves(ordinary, capsys, monkeypatch, kind):
    with answering(("/role", json.dumps(ISSUED)), (TOKEN_PLACE, "token"), (f"{ROLE_PLACE}Reader", json.dumps(ISSUED)), (ROLE_PLACE, "Reader")) as url:
        if kind == "container":
            monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/role")
        else:
            monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
            monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        code, _, err = stack(capsys)
    assert code == 0, err
    assert {"container": "container-role", "instance": "iam-role"}[kind] in err


def test_the_region_of_a_container_is_heeded(ordinary, capsys, profiles, monkeypatch):
    _, ways = ordinary
    ways["environment"]()
    (profiles / "config").write_text("")
    monkeypatch.setenv("AWS_REGION", REGION)
    assert stack(capsys)[0] == 0


def expired(aws, ways, monkeypatch):
    ways["environment"]()
    aws.accounts[B].expired = True


def unknown_key(aws, ways, monkeypatch):
    ways["environment"]()
    aws.identities.clear()


def half(aws, ways, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", WORKLOAD)


def throttled(aws, ways, monkeypatch):
    ways["environment"]()
    aws.faults = Faults(rate=1.0, kinds=("throttle",), only="sts:GetCallerIdentity")


def no_endpoint(aws, ways, monkeypatch):
    ways["environment"]()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")


def no_aws(aws, ways, monkeypatch):
    ways["environment"]()
    aws.faults = Faults(rate=1.0, kinds=("broken",), only="sts:GetCallerIdentity")


WRONG = [
    (lambda aws, ways, monkeypatch: None, "no credentials were found", "aws login"),
    (expired, "have expired", "run again"),
    (unknown_key, "does not know the access key", "aws configure list"),
    (half, "are not whole", "AWS_SECRET_ACCESS_KEY"),
    (throttled, "kept throttling", "wait a minute"),
    (no_endpoint, "nobody answers at the endpoint", "AWS_ENDPOINT_URL"),
    (no_aws, "is not AWS", "HTTPS_PROXY"),
    (lambda aws, ways, monkeypatch: ways["identity_center"]("2020-01-01T00:00:00Z"), "nobody is signed in", "aws sso login --profile mine"),
    (lambda aws, ways, monkeypatch: ways["login"](None), "package that is not installed", "botocore[crt]"),
]


@pytest.mark.parametrize(("wrong", "why", "step"), WRONG, ids=[why for _, why, _ in WRONG])
def test_each_kind_of_trouble_says_its_own_next_step(ordinary, capsys, monkeypatch, wrong, why, step):
    monkeypatch.setattr("trailsleuth.sources.aws.calls.FIRST_PAUSE", 0.001)
    wrong(*ordinary, monkeypatch)
    code, out, err = stack(capsys)
    assert (code, out) == (4, "")
    told = {line.split(":")[0].strip(): line for line in err.splitlines()}
    assert why in told["why"]
    assert step in told["next"]
