from __future__ import annotations

import json

import pytest

from tests.report.build import the_founding_case
from trailsleuth.cli.app import main
from trailsleuth.report.document import case_document
from trailsleuth.report.json import render_json


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "case.json"
    path.write_text(render_json(case_document(the_founding_case())))
    return path


def test_a_saved_case_gives_its_change_in_any_form(saved, capsys):
    assert main(["fix", str(saved)]) == 0
    assert "aws_iam_role_policy" in capsys.readouterr().out
    assert main(["fix", str(saved), "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == case_document(the_founding_case())["deltas"]


def test_a_missing_file_and_one_that_is_no_case_are_exit_4(tmp_path, capsys):
    assert main(["fix", str(tmp_path / "missing.json")]) == 4
    (tmp_path / "other.json").write_text("[1, 2]")
    assert main(["fix", str(tmp_path / "other.json")]) == 4
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "No such file" in shown.err
    assert "trailsleuth.case/2" in shown.err
