from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from trailsleuth.cli import output
from trailsleuth.cli.app import main
from trailsleuth.errors import SourceError, UsageError
from trailsleuth.sources.files.beside import file_beside, folder_beside


def test_a_file_is_written_whole_with_the_usual_rights(tmp_path):
    path = tmp_path / "report.md"
    output.write_file("Größe\n", path, force=False)
    assert path.read_bytes() == "Größe\n".encode()
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.md"]


def test_an_existing_file_is_kept_without_force(tmp_path):
    path = tmp_path / "report.md"
    path.write_text("old")
    with pytest.raises(UsageError, match="--force"):
        output.check_output_file(path, force=False)
    with pytest.raises(UsageError, match="--force"):
        output.write_file("new", path, force=False)
    assert path.read_text() == "old"
    output.write_file("new", path, force=True)
    assert path.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.md"]


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(output.os, "fsync", full)
    with pytest.raises(SourceError) as failed:
        output.write_file("new", tmp_path / "report.md", force=False)
    assert failed.value.why == "No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_writing_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(output.os, "fsync", interrupted)
    path = tmp_path / "report.md"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        output.write_file("new", path, force=True)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.md"]


def test_a_file_system_without_hard_links_will_do(tmp_path, monkeypatch):
    def unsupported(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(output.os, "link", unsupported)
    path = tmp_path / "report.md"
    output.write_file("new", path, force=False)
    assert path.read_text() == "new"
    with pytest.raises(UsageError, match="--force"):
        output.write_file("newer", path, force=False)
    assert path.read_text() == "new"


def test_what_cannot_be_written_is_refused_before_any_work(tmp_path):
    with pytest.raises(UsageError, match="is a directory"):
        output.check_output_file(tmp_path, force=True)
    with pytest.raises(UsageError, match="no directory"):
        output.check_output_file(tmp_path / "missing" / "report.md", force=False)
    output.check_output_file(None, force=False)
    output.check_output_file(tmp_path / "new.md", force=False)


def test_without_a_file_the_answer_goes_to_stdout_alone(capsys):
    output.write_answer("answer\n", None)
    assert capsys.readouterr() == ("answer\n", "")


@pytest.mark.parametrize("given", ["trail.json", "link.json", "hard.json", "."])
def test_what_is_read_is_never_written_over(tmp_path, given):
    path = tmp_path / "trail.json"
    path.write_text("{}")
    (tmp_path / "link.json").symlink_to(path)
    os.link(path, tmp_path / "hard.json")
    with pytest.raises(UsageError, match=r"trail\.json is read as evidence"):
        output.check_output_file(path, force=True, inputs=["s3://bucket/logs", "x" * 5000, "a\0b", tmp_path / given])
    output.check_output_file(tmp_path / "report.json", force=True, inputs=[path, tmp_path])


def test_standard_input_that_is_a_file_is_read_too(tmp_path, monkeypatch):
    path = tmp_path / "trail.json"
    path.write_text("{}")
    with path.open() as stdin:
        monkeypatch.setattr(output.sys, "stdin", stdin)
        with pytest.raises(UsageError, match="never takes an input's place"):
            output.check_output_file(path, force=True, inputs=["-"])


@pytest.mark.parametrize(
    "line",
    [
        "diagnose {t} --output-file {t}",
        "diagnose {d} --output-file {t}",
        "diagnose {d}/other.json --policy-file {t} --output-file {t}",
        "events {t} --output-file {t}",
        "denied {t} --to {t}",
        "bundle {d} --to {t}",
        "reduce {t} --role arn:aws:iam::732000000019:role/R --output-file {t}",
        "info {t} --output-file {t}",
        "explain {t} --output-file {t}",
        "simulate --requests {t} --output-file {t}",
        "verify {d} --output-file {t}",
        "fix {t} --output-file {t}",
    ],
)
def test_no_command_writes_over_its_input(tmp_path, line, capsys):
    path = tmp_path / "trail.json"
    path.write_text('{"Records": []}')
    (tmp_path / "other.json").write_text("{}")
    assert main([*line.format(t=path, d=tmp_path).split(), "--force"]) == 2
    assert "is read as evidence" in capsys.readouterr().err
    assert path.read_text() == '{"Records": []}'


def test_what_a_killed_run_left_is_cleared_away_and_a_living_one_is_let_be(tmp_path):
    target = tmp_path / "report.json"
    (tmp_path / ".report.json.dead.trailsleuth").write_text("half")
    (tmp_path / ".report.json.gone.trailsleuth").mkdir()
    (tmp_path / ".report.json.swp").write_text("somebody else's")
    handle, alive = file_beside(target)
    output.write_file("new", target, force=False)
    with folder_beside(target) as folder:
        assert folder.is_dir()
    os.close(handle)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted([Path(alive).name, ".report.json.swp", "report.json"])
    output.write_file("newer", target, force=True)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".report.json.swp", "report.json"]
