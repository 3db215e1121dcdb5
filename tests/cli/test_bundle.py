from __future__ import annotations

import json
import zipfile

import pytest

from tests.views.trail import ROLE, records
from trailsleuth.cli.app import main


@pytest.fixture
def case(tmp_path):
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "trail.json").write_text(json.dumps({"Records": records()}))
    return folder


def test_a_redacted_bundle_is_asked_under_its_own_names(case, tmp_path, capsys):
    path = tmp_path / "shared.zip"
    assert main(["bundle", "--redact", str(case), "--to", str(path), "--role", ROLE]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    command = shown.err.strip().partition("ask it: trailsleuth ")[2].split()
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "ecs:RegisterTaskDefinition" in told
    assert "444455556666" not in told + shown.err
    assert "Deploy" not in told.replace("deploy", "")


def test_without_redact_the_files_are_as_they_are(case, tmp_path, capsys):
    path = tmp_path / "shared.zip"
    assert main(["bundle", str(case), "--to", str(path), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    with zipfile.ZipFile(path) as packed:
        assert [packed.read(name) for name in packed.namelist()] == [(case / "trail.json").read_bytes()]


def test_nothing_is_overwritten_and_nothing_empty_written(case, tmp_path, capsys):
    path = tmp_path / "shared.zip"
    path.write_text("mine")
    assert main(["bundle", str(case), "--to", str(path)]) == 2
    (tmp_path / "empty").mkdir()
    assert main(["bundle", str(tmp_path / "empty"), "--to", str(tmp_path / "new.zip")]) == 4
    assert main(["bundle"]) == 2
    assert path.read_text() == "mine"
    assert not (tmp_path / "new.zip").exists()
