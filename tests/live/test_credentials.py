"""The ordinary provider chain: credential_process, role profiles, the environment. Its own calls pass the guard, its secrets stay inside."""

from __future__ import annotations

import json
import sys

import pytest

from tests.live.conftest import SECRET
from tests.live.test_founding_case import WEB
from tests.live.world import REGION, TOOLING, WORKLOAD, A, B, a_world


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
    history = world.accounts[B].histories[REGION]
    event = {**history.events[0], "EventId": "odd", "CloudTrailEvent": record}
    history.index["EventName", "AssumeRole"].append(event)
    serve(world)
    source, _ = live()
    pieces = list(source.start(WEB))
    assert any(b'"odd"' in piece.data for piece in pieces)
    assert any("AccessKeyId-ASIACROSS" in piece.source for piece in pieces)
