"""An index is made whole or not at all, is brought up to date, and says so where it no longer tells what its sources hold."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.index.test_answers import document, read_whole
from tests.scan.test_equal_to_reading_everything import compact, some_files
from trailsleuth import api
from trailsleuth.cli.app import main
from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.trail_index import inputs as index_inputs
from trailsleuth.trail_index import write as index_write
from trailsleuth.trail_index.rules import reading_rules
from trailsleuth.trail_index.store import SCHEMA as STORED

duckdb = pytest.importorskip("duckdb")


# --- stale


def changed(folder: Path) -> None:
    data = bytearray((folder / "1.json.gz").read_bytes())
    data[9] ^= 1  # the system that wrote it: https://www.rfc-editor.org/rfc/rfc1952#page-6
    (folder / "1.json.gz").write_bytes(data)
    os.utime(folder / "1.json.gz", ns=(1, 1))


def linked(folder: Path) -> None:
    (folder / "link").symlink_to("1.json.gz")


STALE = {
    "1.json.gz has changed": changed,
    "1.json.gz is gone": lambda folder: (folder / "1.json.gz").unlink(),
    "2.json.gz has changed": lambda folder: (folder / "2.json.gz").write_bytes(b"{}"),
    "new.json is new": lambda folder: (folder / "new.json").write_bytes(b"{}"),
    "link: a symbolic link": linked,
}


@pytest.mark.parametrize("told", STALE)
def test_a_stale_index_is_refused_and_says_what_changed(told: str, trail: Path, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    STALE[told](trail)
    for command in ("diagnose", "events"):
        assert main([command, str(index)]) == 4
        said = capsys.readouterr().err
        assert f"the index {index} is stale" in said
        assert told in said
        assert f"trailsleuth index {trail} --to {index}" in said


def test_one_root_of_two_that_is_gone_makes_it_stale(trail: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    shutil.copy(trail / "1.json.gz", other)
    api.index([trail, other], tmp_path / "i")
    other.unlink()
    with pytest.raises(EvidenceUnreadable, match="stale") as raised:
        api.load(tmp_path / "i").diagnose()
    assert raised.value.why == f"{other} is gone"


def test_a_file_that_was_only_touched_is_the_same(trail: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(trail / "1.json.gz", ns=(1, 1))
    assert document(index) == read_whole(trail, monkeypatch)


def test_an_index_of_other_rules_is_refused(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailsleuth.trail_index.fresh.reading_rules", lambda: "others")
    with pytest.raises(EvidenceUnreadable) as raised:
        api.load(index).diagnose()
    assert "another version" in raised.value.why


def test_without_its_sources_an_index_answers_and_says_that_it_could_not_be_checked(
    trail: Path, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [r for path in sorted(trail.iterdir()) for r in json.loads(gzip.decompress(path.read_bytes()))["Records"]]
    refused = next(r["eventID"] for r in records if r.get("errorCode") == "AccessDenied")
    for asked in ({"event_id": refused}, {}):
        expected = json.loads(document(index, **asked))
        trail.rename(tmp_path / "elsewhere")
        found = json.loads(document(index, **asked))
        (tmp_path / "elsewhere").rename(trail)
        assert found["coverage"].pop("skipped") == [{"source": str(index), "reason": index_inputs.NOT_HERE}]
        expected["coverage"].pop("skipped")
        assert found["coverage"] == expected["coverage"]
        assert found["background"] == expected["background"]
        assert [one["evidence"] for one in found["findings"]] == [one["evidence"] for one in expected["findings"]]
    trail.rename(tmp_path / "elsewhere")
    with pytest.raises(EvidenceUnreadable, match="are not here"):
        api.reduce(index, role="arn:aws:iam::111122223333:role/Any")


def test_relative_paths_lead_to_the_sources_from_anywhere(trail: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    api.index("trail", "i.duckdb")
    expected = document(Path("trail"))
    assert document(Path("i.duckdb")) == expected
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert document(tmp_path / "i.duckdb") == expected
    assert json.dumps(api.load(tmp_path / "i.duckdb").evidence.coverage.inputs, default=str).count("trail/") == 3
    linked(trail)
    with pytest.raises(EvidenceUnreadable, match="stale"):
        document(tmp_path / "i.duckdb")


# --- what is no index, or a broken one


def test_an_index_in_a_tree_is_named(trail: Path, index: Path) -> None:
    shutil.move(index, trail / "inside")
    told = "a DuckDB database: an index of trailsleuth is read where it is named itself"
    assert [item.reason for item in api.load(trail).evidence.coverage.skipped] == [told]


@pytest.mark.parametrize("left", [1000, -1, -9, -200])
def test_a_cut_index_is_an_error_that_says_so(left: int, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index.write_bytes(index.read_bytes()[:left])
    assert main(["diagnose", str(index)]) == 4
    said = capsys.readouterr().err
    assert f"cannot read the index {index}" in said
    assert "trailsleuth index" in said


def test_a_damaged_index_is_an_error_and_no_traceback(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = index.read_bytes()
    told = set()
    for at in range(4, len(data), max(1, len(data) // 60)):
        index.write_bytes(data[:at] + bytes(byte ^ 0xFF for byte in data[at : at + 40]) + data[at + 40 :])
        code = main(["diagnose", str(index), "-o", "json"])
        said = capsys.readouterr().err
        assert "broke off" not in said
        assert "Traceback" not in said
        assert code in (0, 1, 3) or (code == 4 and said)
        told.add(code)
    assert 4 in told


MADE_UP = {
    "nothing": ["SELECT 1"],
    "no rules": ["CREATE TABLE about AS SELECT 1 AS format"],
    "another format": [STORED, "INSERT INTO about VALUES (99, '', '', [], false)"],
    "no files": [STORED, "INSERT INTO about VALUES (1, 'RULES', '', [], false)", "DROP TABLE files"],
    "a number for a name": [STORED, "DROP TABLE files", "CREATE TABLE files AS SELECT 1 path, 2 name, 3 size, 4 modified, 5 sha256, 6 log, false gone"],
}


@pytest.mark.parametrize("made", MADE_UP)
def test_an_index_that_is_made_up_is_an_error(made: str, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "i")) as database:
        for statement in MADE_UP[made]:
            database.execute(statement.replace("RULES", reading_rules()))
    with pytest.raises(EvidenceUnreadable, match="cannot read the index"):
        document(tmp_path / "i")


def test_a_record_that_is_not_where_the_index_says_is_an_error(trail: Path, index: Path) -> None:
    with duckdb.connect(str(index)) as database:
        database.execute("UPDATE rows SET gap = gap + 1 WHERE rowid % 7 = 0")
    with pytest.raises(EvidenceUnreadable, match="has changed"):
        document(index)


# --- making one


def test_the_command_says_what_it_wrote(trail: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "t.duckdb"
    assert main(["index", str(trail), "--to", str(target)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    records = sum(len(json.loads(gzip.decompress(path.read_bytes()))["Records"]) for path in trail.iterdir())
    assert f"{target}: {records:,} records, " in said.err
    assert main(["index", str(trail), "--to", str(target)]) == 0  # an older index is replaced


@pytest.mark.parametrize("target", ["other.txt", "trail", "no-folder/x", "trail/i.duckdb"])
def test_nothing_but_an_index_is_overwritten_and_none_lies_in_the_evidence(target: str, trail: Path, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("mine")
    with pytest.raises(UsageError):
        api.index(trail, tmp_path / target)
    assert (tmp_path / "other.txt").read_text() == "mine"
    assert sorted(path.name for path in trail.iterdir()) == ["0.json.gz", "1.json.gz", "2.json.gz"]


@pytest.mark.parametrize("evidence", [[], ["-"], ["s3://bucket/prefix"], ["INDEX"]])
def test_only_files_are_indexed(evidence: list[str], index: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        api.index([str(index) if name == "INDEX" else name for name in evidence], tmp_path / "i")


def test_an_index_is_written_whole_or_not_at_all(trail: Path, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = index.read_bytes()

    def fails(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(index_write.IndexWriter, "finish", fails)
    with pytest.raises(Exception, match="cannot write"):
        api.index(trail, index)
    assert index.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trail", "trail.duckdb"]


def test_evidence_that_changes_while_it_is_indexed_gives_no_index(trail: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = index_write.IndexWriter.finish

    def changes(writer: index_write.IndexWriter, *told: Any) -> None:
        write(writer, *told)
        STALE["new.json is new"](trail)

    monkeypatch.setattr(index_write.IndexWriter, "finish", changes)
    with pytest.raises(EvidenceUnreadable, match="stale"):
        api.index(trail, tmp_path / "i")
    assert not (tmp_path / "i").exists()


def test_a_build_that_is_killed_loses_nothing_and_leaves_nothing(trail: Path, index: Path, tmp_path: Path) -> None:
    before = index.read_bytes()
    STALE["2.json.gz has changed"](trail)
    code = "import os\nfrom trailsleuth import api\nfrom trailsleuth.trail_index.write import IndexWriter as W\nW.finish = lambda *_: os.kill(os.getpid(), 9)\n"
    done = subprocess.run([sys.executable, "-c", f"{code}api.index({str(trail)!r}, {str(index)!r})"], capture_output=True, check=False)
    assert done.returncode == -9
    assert index.read_bytes() == before
    api.index(trail, index)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trail", "trail.duckdb"]


def test_an_index_is_brought_up_to_date_by_what_is_new_and_gone(trail: Path, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(trail / "0.json.gz", trail / "copy.json.gz")
    for number, records in enumerate(some_files("later")):
        (trail / f"later-{number}.json").write_bytes(compact(records))
        made = api.index(trail, index)
        assert (made.added, made.gone) == (1 if number else 2, 0)
        assert document(index) == read_whole(trail, monkeypatch)
    (trail / "0.json.gz").unlink()  # its copy is still there
    (trail / "1.json.gz").unlink()
    (trail / "later-0.json").write_bytes(compact(some_files("other")[0]))
    made = api.index(trail, index)
    assert (made.added, made.gone) == (1, 3)
    assert document(index) == read_whole(trail, monkeypatch)
    api.index(trail, tmp_path / "anew")
    told = [api.index(path).sql("SELECT * EXCLUDE file, count(*) FROM records GROUP BY ALL ORDER BY ALL") for path in (index, tmp_path / "anew")]
    assert told[0].equals(told[1])
    gone = api.index(index).sql("SELECT name FROM files WHERE gone ORDER BY name")["name"]
    assert [Path(name).name for name in gone] == ["0.json.gz", "1.json.gz", "later-0.json"]
