from __future__ import annotations

import json
import sys

import pytest

from tests.views.trail import written
from trailsleuth.cli.app import main


@pytest.fixture
def trail(tmp_path):
    folder = tmp_path / "trail"
    folder.mkdir()
    return str(written(folder))


def run(capsys, *arguments):
    code = main(list(arguments))
    shown = capsys.readouterr()
    return code, shown.out, shown.err


@pytest.mark.parametrize("command", ["events", "sessions", "timeline"])
@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_each_view_has_each_form(capsys, trail, command, form):
    code, out, err = run(capsys, command, trail, "-o", form)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) > 1


@pytest.mark.parametrize("command", ["events", "sessions", "timeline"])
def test_nothing_found_is_exit_1_and_sound_output(capsys, trail, command):
    code, out, _ = run(capsys, command, trail, "--account", "999999999999", "-o", "json")
    assert code == 1
    assert json.loads(out) in ([], {"Records": []})


def test_a_query_shapes_each_record(capsys, trail):
    code, out, _ = run(capsys, "events", trail, "--denied", "--query", "{call: eventName, who: userIdentity.arn}")
    assert code == 0
    assert json.loads(out)["call"] == "RegisterTaskDefinition"
    assert run(capsys, "events", trail, "--query", "errorCode", "-o", "json", "--limit", "1")[1] == '[\n"AccessDenied"\n]\n'


def test_members_are_selected(capsys, trail):
    code, out, _ = run(capsys, "events", trail, "--select", "eventName, errorCode", "-o", "csv", "--limit", "2")
    assert (code, out.split()) == (0, ["eventName,errorCode", "AssumeRole,", "AssumeRole,"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no evidence given"),
        (("-", "-"), "stdin is named twice"),
        (("TRAIL", "--query", "a["), "not a JMESPath"),
        (("TRAIL", "--query", "join(',', eventName)"), "does not fit"),
        (("TRAIL", "--query", "a", "--select", "b"), "exclude each other"),
        (("TRAIL", "--query", "a", "-o", "csv"), "json or jsonl"),
        (("TRAIL", "--select", " , "), "names nothing"),
        (("TRAIL", "--since", "soon"), "--since"),
        (("TRAIL", "--limit", "0"), "limit"),
    ],
)
def test_wrong_usage_is_one_line(capsys, trail, arguments, said):
    code, out, err = run(capsys, "events", *(trail if argument == "TRAIL" else argument for argument in arguments))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_evidence_that_is_none_is_exit_4(capsys, tmp_path):
    (tmp_path / "notes.json").write_text('{"Records": [{"eventVersion": "1.0", "eventName": "x"}]}')
    code, _, err = run(capsys, "events", str(tmp_path), "-o", "jsonl")
    assert code == 4
    assert "no CloudTrail records" in err
    assert run(capsys, "events", str(tmp_path / "missing"))[0] == 4


def test_a_view_is_written_to_a_file_whole_or_not_at_all(capsys, trail, tmp_path):
    path = tmp_path / "denied.json"
    assert run(capsys, "events", trail, "--denied", "-o", "json", "--output-file", str(path)) == (0, "", "")
    assert run(capsys, "events", str(path))[0] == 0
    assert run(capsys, "events", trail, "--output-file", str(path))[0] == 2
    assert run(capsys, "events", trail, "--query", "join(',', eventName)", "--output-file", str(path), "--force")[0] == 2
    assert len(json.loads(path.read_text())["Records"]) == 1


def test_a_trail_may_come_through_a_pipe(capsys, trail, monkeypatch):
    class Stdin:
        class buffer:
            @staticmethod
            def read():
                return run(capsys, "events", trail, "-o", "jsonl")[1].encode()

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert run(capsys, "sessions", "-")[0] == 0
