"""What a shell offers after `--profile` and `--pipeline`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.test_mistakes import EVIDENCE
from trailsleuth.cli.completion import pipelines, profiles


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").write_text("[default]\n[profile tooling]\nregion = eu-west-1\n[profile target]\n[sso-session corp]\n[services dev]\n")
    (tmp_path / "credentials").write_text("[tooling]\n[old]\naws_access_key_id = AKIAEXAMPLE\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def test_profiles_come_from_both_files_each_once(configured: Path) -> None:
    assert profiles("") == ["default", "tooling", "target", "old"]
    assert profiles("t") == ["tooling", "target"]


def test_a_broken_or_missing_file_offers_nothing(configured: Path) -> None:
    (configured / "config").write_text("not a section\n")
    (configured / "credentials").unlink()
    assert profiles("") == []


@pytest.mark.parametrize(
    ("given", "wanted"), [([EVIDENCE], ["basket"]), (["-"], []), (["s3://bucket/x"], []), (["nowhere/"], []), ([], []), (None, [])], ids=str
)
def test_pipelines_come_from_the_evidence_on_the_line(given: list[str] | None, wanted: list[str]) -> None:
    assert pipelines(SimpleNamespace(params={"evidence": given}, args=[]), "") == wanted
    assert pipelines(SimpleNamespace(params={"evidence": given}, args=[]), "x") == []


@pytest.mark.parametrize(("words", "offered"), [(["diagnose", EVIDENCE, "--pipeline", ""], "basket"), (["diagnose", "--profile", "to"], "tooling")])
def test_a_shell_gets_them(words: list[str], offered: str, configured: Path) -> None:
    asked = {"_TRAILSLEUTH_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(["trailsleuth", *words]), "COMP_CWORD": str(len(words))}
    code = "import sys; sys.argv[0] = 'trailsleuth'; from trailsleuth.cli.app import main; raise SystemExit(main())"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True)
    assert offered in done.stdout.split(), done.stderr
