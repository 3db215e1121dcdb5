"""`--policy-file FOLDER`: the diff of the files that hold the policy, and what is written where."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_mistakes import EVIDENCE
from trailsleuth.cli.app import main

IAM = """\
resource "aws_iam_role" "deploy" {
  name               = "BlueGreen"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "deploy" {
  role = aws_iam_role.deploy.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "ecs:DescribeServices"
        Resource = "*"
      }
    ]
  })
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "infra" / ".terraform").mkdir(parents=True)
    (tmp_path / "infra" / "iam.tf").write_text(IAM)
    (tmp_path / "infra" / ".terraform" / "copy.tf").write_text(IAM)
    (tmp_path / "infra" / "binary.json").write_bytes(b"\xff\xfe")
    assert main(["diagnose", EVIDENCE, "--pipeline", "basket", "-o", "json", "--output-file", "case.json"]) == 0
    return tmp_path / "infra"


def test_diagnose_shows_the_diff_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", EVIDENCE, "--pipeline", "basket", "--policy-file", str(folder)]) == 0
    shown = capsys.readouterr()
    assert f"PATCHED {folder / 'iam.tf'}" in shown.out
    assert '+        "Action" = "ecs:RegisterTaskDefinition"' in shown.out
    assert "binary.json was not read: it is not UTF-8" in shown.err
    assert (folder / "iam.tf").read_text() == IAM


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
def test_fix_prints_a_diff_that_git_applies(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fix", "case.json", "--policy-file", "infra"]) == 0
    diff = capsys.readouterr().out
    assert diff.startswith("--- a/infra/iam.tf\n+++ b/infra/iam.tf\n")
    subprocess.run(["git", "apply", "-"], input=diff, text=True, check=True)
    assert '"iam:PassRole"' in (folder / "iam.tf").read_text()


def test_fix_writes_the_files_only_where_it_is_told_to(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fix", "case.json", "--policy-file", "infra", "--write"]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "written: infra/iam.tf" in shown.err
    assert '"ecs:RegisterTaskDefinition"' in (folder / "iam.tf").read_text()
    assert (folder / ".terraform" / "copy.tf").read_text() == IAM
    assert main(["fix", "case.json", "--policy-file", "infra", "--write"]) == 0
    assert "has the change already" in capsys.readouterr().err


def test_fix_writes_a_single_document_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (tmp_path / "p.json").write_text('{"Statement": []}')
    assert main(["fix", "case.json", "--policy-file", "p.json", "--write"]) == 0
    assert "ecs:RegisterTaskDefinition" in (tmp_path / "p.json").read_text()


@pytest.mark.parametrize("words", [["--write"], ["--write", "--policy-file", "infra", "--output-file", "x"]])
def test_write_needs_a_policy_file_and_no_other_place(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fix", "case.json", *words]) == 2
    assert "add --policy-file PATH" in capsys.readouterr().err
