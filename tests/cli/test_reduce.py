"""The reduce command: what it prints, where, and how it ends."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.remedy.build import ACCOUNT, ROLE, a_call, a_snapshot, allow
from trailsleuth.cli.app import main

FOUNDING = str(Path(__file__).parents[2] / "fixtures" / "cases" / "founding-first-snapshot" / "evidence")
FOUNDING_ROLE = "arn:aws:iam::310030040050:role/release/BlueGreen"


def test_json_is_the_contract_s_document_alone_on_stdout(capsys):
    assert main(["reduce", FOUNDING, "--role", FOUNDING_ROLE, "--output", "json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert list(document) == ["schema", "role", "document", "used", "unused", "proof", "beyond_trail", "gaps"]
    assert document["schema"] == "trailsleuth.reduction/1"
    assert document["role"] == FOUNDING_ROLE
    assert document["document"]["Version"] == "2012-10-17"
    assert document["proof"] == {"sufficient": True, "minimal": True, "undecided": []}
    assert {"iam_action", "resource", "count", "first_seen", "last_seen"} <= set(document["used"][0])
    assert {"policy", "statement", "iam_actions"} <= set(document["unused"][0])


def test_the_table_fits_eighty_columns_but_for_the_policy_to_copy(capsys):
    assert main(["reduce", FOUNDING, "--role", FOUNDING_ROLE]) == 0
    out = capsys.readouterr().out
    assert out.startswith("The smallest policy of")
    assert "Allows everything seen: yes. Nothing in it could go: yes." in out
    assert "Keep beside it until a trail can tell" in out
    assert [line for line in out.splitlines() if len(line) > 80 and '"' not in line] == []


def test_a_role_that_is_not_there_ends_with_four_and_names_the_ones_that_are(capsys):
    assert main(["reduce", FOUNDING, "--role", "arn:aws:iam::310030040050:role/Nobody"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert "no role arn:aws:iam::310030040050:role/Nobody" in err
    assert "role/app/BasketTask" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--role", ROLE], "no evidence given"),
        ([FOUNDING], "--role is missing"),
        (["", "--role", ROLE], "path is empty"),
        (["-", "-", "--role", ROLE], "named twice"),
        ([FOUNDING, "--role", ROLE, "--since", "soon"], "is no time"),
    ],
)
def test_wrong_usage_is_one_line_and_two(arguments, said, capsys):
    assert main(["reduce", *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_missing_path_ends_with_four(tmp_path, capsys):
    assert main(["reduce", str(tmp_path / "nothing"), "--role", ROLE]) == 4
    assert "nothing" in capsys.readouterr().err


def test_evidence_from_stdin_and_an_answer_in_a_file(tmp_path, monkeypatch, capsys):
    trail = json.dumps({"Records": [a_call(1, "ecs:UpdateService", {"cluster": "web", "service": "front"})]}).encode()
    (tmp_path / "iam.json").write_text(json.dumps(a_snapshot(allow("ecs:*"))))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(trail)))
    target = tmp_path / "policy.json"
    assert main(["reduce", "-", str(tmp_path / "iam.json"), "--role", ROLE, "-o", "json", "--output-file", str(target)]) == 0
    assert capsys.readouterr().out == ""
    statement = json.loads(target.read_text())["document"]["Statement"]
    assert statement == [{"Effect": "Allow", "Action": "ecs:UpdateService", "Resource": f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/web/front"}]


def test_hostile_names_reach_no_terminal_as_they_are(tmp_path, capsys):
    call = a_call(1, "s3:GetObject", {"bucketName": "b", "key": "\x1b[31mred\u202e\nAllow: everything"}, eventCategory="Data")
    (tmp_path / "trail.json").write_text(json.dumps({"Records": [call, a_call(2, "un\x1b[2Jheard:Do\nThings")]}))
    assert main(["reduce", str(tmp_path), "--role", ROLE]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\nAllow: everything" not in out
