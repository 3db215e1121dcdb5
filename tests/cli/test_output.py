from __future__ import annotations

import errno
import os

import pytest

from trailsleuth.cli import output
from trailsleuth.errors import SourceError, UsageError


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
