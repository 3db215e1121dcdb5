"""Every case of this folder: a request with its policies, and what AWS's documentation says comes out.

`cases.jsonl` has one case a line, by theme: an `id`, `why` (the rule in words), `source` (the page of AWS that says so), `expected`, optionally `blocked_by`,
and the `request` in the form of `trailsleuth simulate --requests`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trailsleuth.iam.operators import _OPERATORS
from trailsleuth.iam.requests import answer_request

FILE = Path(__file__).with_name("cases.jsonl")
CASES = [pytest.param(case, id=f"{case['theme']}/{case['id']}") for case in map(json.loads, FILE.read_text(encoding="utf-8").splitlines())]


@pytest.mark.parametrize("case", CASES)
def test_the_decision_is_the_documented_one(case: dict[str, Any]) -> None:
    answer = answer_request({"id": case["id"], **case["request"]})
    assert answer["decision"] == case["expected"], f"{case['why']} ({case['source']})"
    if "blocked_by" in case:
        assert answer["blocked_by"] == case["blocked_by"]
    assert (answer["blocked_by"] == []) is (answer["decision"] == "allowed")


def test_there_are_at_least_three_hundred_cases_and_each_has_its_source() -> None:
    assert len(CASES) >= 300
    assert all(param.values[0]["source"].startswith("https://docs.aws.amazon.com/") and param.values[0]["why"] for param in CASES)


def test_every_condition_operator_has_a_case() -> None:
    text = FILE.read_text(encoding="utf-8").lower()
    assert [name for name in _OPERATORS if f'"{name}"' not in text and f'"{name}ifexists"' not in text] == []


@pytest.mark.parametrize(
    ("asked", "checked"), [("s3:ListObjects", "s3:ListBucket"), ("lambda:Invoke", "lambda:InvokeFunction"), ("s3:HeadObject", "s3:GetObject")]
)
def test_an_operation_is_decided_as_the_action_that_it_is_checked_for(asked: str, checked: str) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": checked, "Resource": "*"}]}
    request = {"principal": "arn:aws:iam::515151515151:user/ops", "action": asked, "resource": "arn:aws:s3:::plans", "policies": {"identity": [policy]}}
    answer = answer_request(request)
    assert answer["decision"] == "allowed"
    assert answer["notes"] == [f"{asked} is an operation; it is checked for {checked}"]
