"""`diagnose --verify` and `info`: what an answer rests on, and whether it is still what was delivered."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.digests.build import ACCOUNT, HOUR, Trail, key_list
from tests.ingest.build import a_denial, a_record
from trailsleuth.cli.app import main
from trailsleuth.sources.aws.store import Provenance
from trailsleuth.sources.files.case_folder import new_folder


class ToldTrail(Trail):
    """A trail whose every log holds one record of our choice."""

    def log(self, minute, *, at=None):
        key, _ = super().log(minute, at=at)
        content = json.dumps({"Records": [self.told(len(self.logs))]}).encode()
        self.put(key, gzip.compress(content, mtime=0))
        return key, content

    def told(self, number):
        made = a_denial if self.denied else a_record
        return made(number, recipientAccountId=ACCOUNT, awsRegion=self.region, eventTime=f"2026-03-04T09:4{number}:00Z")

    denied = True


@pytest.fixture
def delivered(tmp_path):
    def build(*, denied=True, harm=lambda trail: None):
        trail = ToldTrail(root=tmp_path / "bucket")
        trail.denied = denied
        for _ in range(2):
            trail.deliver()
        assert trail.now == Trail(root=tmp_path).now + 2 * HOUR
        harm(trail)
        keys = tmp_path / "keys.json"
        keys.write_bytes(key_list())
        return ["diagnose", str(trail.root), "--verify", "--keys", str(keys), "-o", "json"]

    return build


def answered(capsys, arguments):
    code = main(arguments)
    shown = capsys.readouterr()
    return code, json.loads(shown.out) if shown.out else None, shown.err


def without_keys(arguments):
    at = arguments.index("--keys")
    return arguments[:at] + arguments[at + 2 :]


def marks(document):
    return [record["verified"] for finding in document["findings"] for record in finding["evidence"]]


def test_records_of_proven_logs_are_marked_so(delivered, capsys):
    code, document, _ = answered(capsys, delivered())
    assert code == 0
    assert marks(document) == [True] * 4
    assert "Not proven" not in document["findings"][0]["explanation"]
    assert document["coverage"]["gaps"] == []


def test_a_record_of_a_changed_log_is_marked_and_the_finding_says_so(delivered, capsys):
    def forge(trail):
        record = a_denial(1, recipientAccountId=ACCOUNT, eventTime="2026-03-04T09:41:00Z", eventID="e-forged")
        trail.logs[0].write_bytes(gzip.compress(json.dumps({"Records": [record]}).encode()))

    code, document, _ = answered(capsys, delivered(harm=forge))
    assert code == 0
    assert sorted(marks(document)) == [False, True, True, True]
    assert "Not proven: 1 of 4 cited records" in document["findings"][0]["explanation"]
    assert any("not as CloudTrail delivered it" in gap["why"] for gap in document["coverage"]["gaps"])


def test_a_deleted_log_leaves_a_quiet_case_inconclusive(delivered, capsys):
    whole = answered(capsys, delivered(denied=False))[1]
    code, document, _ = answered(capsys, delivered(denied=False, harm=lambda trail: trail.logs[1].unlink()))
    assert document["outcome"] == "inconclusive"
    assert code == 3
    assert "changed or are missing" in document["summary"]
    assert "changed or are missing" not in whole["summary"]


def test_without_keys_nothing_is_proven(delivered, capsys):
    arguments = without_keys(delivered())
    _, document, _ = answered(capsys, arguments)
    assert marks(document) == [False] * 4
    assert "hash_ok_signature_unknown" in document["findings"][0]["explanation"]


def test_without_the_option_no_record_carries_a_mark(delivered, capsys):
    arguments = [argument for argument in without_keys(delivered()) if argument != "--verify"]
    _, document, _ = answered(capsys, arguments)
    assert not any("verified" in record for finding in document["findings"] for record in finding["evidence"])


def test_verify_needs_a_directory_and_keys_need_verify(tmp_path, capsys):
    trail = tmp_path / "t.json"
    trail.write_text(json.dumps({"Records": [a_denial()]}))
    assert main(["diagnose", str(trail), "--verify"]) == 2
    assert "no directory was given" in capsys.readouterr().err
    assert main(["diagnose", str(trail), "--keys", "k.json"]) == 2
    assert "--keys is for --verify" in capsys.readouterr().err


def test_cited_records_have_file_and_position(tmp_path, capsys):
    trail = tmp_path / "t.json"
    trail.write_text(json.dumps({"Records": [a_record(1), a_record(2), a_denial(3)]}))
    _, document, _ = answered(capsys, ["diagnose", str(trail), "-o", "json"])
    assert [(record["source"], record["position"]) for record in document["findings"][0]["evidence"]] == [(str(trail), 2)]


@pytest.fixture
def case(tmp_path):
    folder = new_folder(tmp_path / "case", version="1.2.3", inquiry={"pipeline": "web"})
    folder.keep("trail.json", json.dumps({"Records": [a_denial()]}).encode(), Provenance(call="cloudtrail:LookupEvents", account=ACCOUNT))
    folder.finish()
    return folder


def test_a_case_folder_is_summed_up(case, capsys):
    code, document, _ = answered(capsys, ["info", str(case.path), "-o", "json"])
    assert code == 0
    assert document["schema"] == "trailsleuth.info/1"
    assert document["case"] == {"version": "1.2.3", "complete": True, "inquiry": {"pipeline": "web"}, "collectors": {}, "pieces": 1}
    assert document["holds"]["records"] == document["coverage"]["records_read"] == 1
    assert [len(given["sha256"]) for given in document["coverage"]["inputs"]] == [64]


def test_a_changed_piece_and_a_missing_one_are_told_with_exit_code_3(case, capsys):
    (case.path / "trail.json").write_text(json.dumps({"Records": []}))
    code, document, _ = answered(capsys, ["info", str(case.path), "-o", "json"])
    assert (code, [item["source"] for item in document["departures"]]) == (3, ["trail.json"])
    (case.path / "trail.json").unlink()
    assert main(["info", str(case.path)]) == 3
    assert "CHANGED   trail.json" in capsys.readouterr().out


def test_exports_are_summed_up_with_their_hashes_and_no_sign_acts_on_the_terminal(tmp_path, capsys):
    name = "evil\x1b[2J.json"
    (tmp_path / name).write_text(json.dumps({"Records": [a_denial(), {"foo": "\x1b[31m"}]}))
    assert main(["info", str(tmp_path)]) == 3
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "1 record of 1 account" in told
    assert "evil" in told


@pytest.mark.parametrize("pieces", [3, ["trail.json"], {"trail.json": 7}, {"trail.json": None}, None])
def test_a_manifest_that_somebody_made_up_ends_no_run(case, capsys, pieces):
    manifest = json.loads((case.path / "manifest.json").read_text())
    (case.path / "manifest.json").write_text(json.dumps(manifest | {"pieces": pieces, "version": "\x1b[2J", "collectors": 3}))
    (case.path / "gaps").mkdir()
    (case.path / "gaps" / "a.json").write_text("[")
    (case.path / "gaps" / "b.json").write_text('{"why": 3}')
    (case.path / "link.json").symlink_to("/etc/hostname")
    code, document, _ = answered(capsys, ["info", str(case.path), "-o", "json"])
    assert code in (0, 3)
    assert document["holds"]["records"] == 1
    assert not any("hostname" in given["path"] or "link" in given["path"] for given in document["coverage"]["inputs"])
