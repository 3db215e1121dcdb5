"""The command as a user calls it: the document, the table, the exit codes."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.digests.build import HOUR, START, a_trail, drop, key_list, stamp
from trailsleuth import api
from trailsleuth.cli.app import main
from trailsleuth.errors import EvidenceUnreadable


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys.json"
    path.write_bytes(key_list())
    return str(path)


def run(capsys, *arguments: object) -> tuple[int, dict]:
    code = main(["verify", *map(str, arguments), "--output", "json"])
    out = capsys.readouterr().out
    return code, json.loads(out) if out else {}


def test_a_clean_tree_gives_the_contracts_document_and_exit_code_0(tmp_path, keys, capsys):
    trail = a_trail(tmp_path / "tree")
    code, document = run(capsys, tmp_path / "tree", "--keys", keys)
    assert code == 0
    assert document["schema"] == "trailsleuth.verification/1"
    assert document["digests"] == [{"path": path.relative_to(tmp_path / "tree").as_posix(), "state": "verified"} for path in trail.digests]
    assert [file["state"] for file in document["logs"]] == ["verified"] * 6
    assert document["coverage"] == [
        {"account": trail.account, "region": trail.region, "trail": "main_trail", "from": stamp(START), "to": stamp(START + 3 * HOUR)}
    ]
    assert document["gaps"] == document["skipped"] == []


def test_a_changed_log_is_invalid_with_a_reason_and_exit_code_1(tmp_path, keys, capsys):
    trail = a_trail(tmp_path / "tree")
    trail.logs[0].write_bytes(gzip.compress(b"{}"))
    code, document = run(capsys, tmp_path / "tree", "--keys", keys)
    assert code == 1
    assert [file["state"] for file in document["logs"] if "reason" in file] == ["invalid"]


def test_without_keys_nothing_is_proven_and_the_exit_code_is_3(tmp_path, capsys):
    a_trail(tmp_path / "tree")
    code, document = run(capsys, tmp_path / "tree")
    assert code == 3
    assert {file["state"] for file in document["logs"]} == {"hash_ok_signature_unknown"}


def test_until_shows_that_the_newest_hour_is_not_covered(tmp_path, keys, capsys):
    trail = a_trail(tmp_path / "tree")
    drop(trail.digests[2])
    for log in trail.logs[4:]:
        log.unlink()
    code, document = run(capsys, tmp_path / "tree", "--keys", keys, "--until", stamp(START + 3 * HOUR))
    assert code == 3
    assert [(gap["from"], gap["to"]) for gap in document["gaps"]] == [(stamp(START + 2 * HOUR), stamp(START + 3 * HOUR))]


@pytest.mark.parametrize("options", [["--keys", "k", "--profile", "p"], ["--since", "2026-03-05", "--until", "2026-03-04"], ["--output", "xml"]])
def test_wrong_usage_has_exit_code_2(tmp_path, options):
    assert main(["verify", str(tmp_path), *options]) == 2


def test_what_cannot_be_read_has_exit_code_4(tmp_path, keys):
    a_trail(tmp_path / "tree", hours=1)
    (tmp_path / "nokeys.json").write_text("{}")
    assert main(["verify", str(tmp_path / "absent"), "--keys", keys]) == 4
    assert main(["verify", str(tmp_path / "tree"), "--keys", str(tmp_path / "absent.json")]) == 4
    assert main(["verify", str(tmp_path / "tree"), "--keys", str(tmp_path / "nokeys.json")]) == 4


def test_the_table_counts_and_names_what_is_not_verified_and_hides_control_signs(tmp_path, keys, capsys):
    trail = a_trail(tmp_path / "tree", hours=1)
    trail.logs[0].unlink()
    (tmp_path / "tree" / "a\x1b[2Jb.txt").write_text("notes")
    assert main(["verify", str(tmp_path / "tree"), "--keys", keys]) == 1
    out = capsys.readouterr().out
    assert "1 verified, 1 missing" in out
    assert f"missing log: {trail.logs[0].relative_to(tmp_path / 'tree').as_posix()}" in out
    assert "\x1b" not in out
    assert "a\\x1b[2Jb.txt" in out


def test_the_same_tree_gives_the_same_bytes(tmp_path, keys, capsys):
    answers = []
    for copy in ("one", "two"):
        a_trail(tmp_path / copy).logs[3].unlink()
        answers.append(run(capsys, tmp_path / copy, "--keys", keys))
    assert answers[0] == answers[1]
    assert answers[0][0] == 1


def test_the_python_function_takes_paths_and_times(tmp_path, keys):
    a_trail(tmp_path / "tree")
    assert api.verify(tmp_path / "tree", keys, START, START + 3 * HOUR).exit_code == 0
    with pytest.raises(EvidenceUnreadable):
        api.verify(tmp_path / "absent")


def test_a_profile_is_asked_for_the_keys_of_the_digests_regions_and_time(tmp_path, monkeypatch):
    asked = {}

    def fetch(**wanted: object) -> bytes:
        asked.update(wanted)
        return key_list()

    monkeypatch.setattr("trailsleuth.api.digests.fetch_public_keys", fetch)
    a_trail(tmp_path / "tree")
    assert api.verify(tmp_path / "tree", profile="logs").exit_code == 0
    assert asked == {"profile": "logs", "regions": ("eu-central-1",), "start": START, "end": START + 3 * HOUR}
