from __future__ import annotations

import json

import pytest

from tests.report.build import the_founding_case
from tests.test_cases import CASES
from trailsleuth.cli.app import main
from trailsleuth.report.document import case_document
from trailsleuth.report.json import render_json

EVIDENCE = str(CASES / "cp-key-both-sides" / "evidence")
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::billing-artifacts-5777/*"}


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "role.json"
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": [ALLOW]}, indent=2))
    return path


def test_fix_prints_the_patched_policy_alone_and_the_diff_beside_it(tmp_path, policy, capsys):
    case = tmp_path / "case.json"
    case.write_text(render_json(case_document(the_founding_case())))
    before = policy.read_text()
    assert main(["fix", str(case), "--policy-file", str(policy)]) == 0
    shown = capsys.readouterr()
    assert [s["Action"] for s in json.loads(shown.out)["Statement"]] == ["s3:GetObject", "ecs:RegisterTaskDefinition", "iam:PassRole"]
    assert '+      "Action": "iam:PassRole",' in shown.err
    assert policy.read_text() == before


def test_diagnose_shows_the_diff_and_the_patched_policy(policy, capsys):
    assert main(["diagnose", EVIDENCE, "--policy-file", str(policy)]) == 0
    told = capsys.readouterr().out
    section = told[told.index("PATCHED") :]
    assert '+      "Action": "kms:Decrypt",' in section
    assert main(["diagnose", EVIDENCE, "--policy-file", str(policy), "-o", "markdown"]) == 0
    assert "```diff\n" in capsys.readouterr().out
    assert main(["diagnose", EVIDENCE, "--policy-file", str(policy), "-o", "sarif"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["results"]


@pytest.mark.parametrize(
    ("options", "said", "code"),
    [
        (("-o", "sarif"), "needs --policy-file", 2),
        (("-o", "json", "--policy-file", "POLICY"), "--policy-file is for", 2),
        (("--redact", "--policy-file", "POLICY"), "exclude each other", 2),
        (("--attached-to", "arn:aws:iam::1:role/x"), "--attached-to", 2),
        (("--policy-file", "POLICY", "--attached-to", "arn:aws:iam::1:role/x"), "which change", 2),
        (("--policy-file", "/nowhere/p.json"), "cannot read", 4),
    ],
)
def test_what_cannot_be_meant_is_refused(policy, capsys, options, said, code):
    assert main(["diagnose", EVIDENCE, *(str(policy) if option == "POLICY" else option for option in options)]) == code
    assert said in capsys.readouterr().err
