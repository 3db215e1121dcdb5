"""What holds for the answer to every case, whatever its truth: the contract's rules, and no grant wider than what was asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.test_cases import CASES, diagnosed
from trailsleuth.analyze.requests import POOLS
from trailsleuth.catalog import actions
from trailsleuth.catalog.load import rows_of

FOLDERS = sorted(CASES.iterdir())
Document = dict[str, Any]

WITHOUT_ARN = {action for row in rows_of("evaluation", "without_arn") for action in row["actions"]}  # what they work on may have none: a star is right then


def added(answer: Document) -> list[tuple[Document, Document]]:
    """Every added statement with its delta."""
    return [(delta, statement) for delta in answer["deltas"] for statement in (delta["document"] or {}).get("Statement", [])]


def listed(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [] if value is None else [str(value)]


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name, scope="module")
def answer(request: pytest.FixtureRequest) -> Document:
    folder: Path = request.param
    return json.loads(json.dumps(diagnosed(folder)))


def test_findings_are_ranked_and_cite_their_records(answer: Document) -> None:
    ranks = [finding["rank"] for finding in answer["findings"]]
    assert ranks == list(range(1, len(ranks) + 1))
    assert all(finding["evidence"] for finding in answer["findings"] if finding["basis"] == "observed")
    assert all(finding["explanation"] for finding in answer["findings"])


def test_a_denial_is_told_once_for_each_policy_that_must_change(answer: Document) -> None:
    what = ("principal", "iam_action", "resource", "cause", "policy_types", "policy_arn")
    told = [json.dumps([[f[each] for each in what], [e["event_id"] for e in f["evidence"]]]) for f in answer["findings"]]
    assert len(told) == len(set(told))


def test_deltas_serve_only_what_must_change(answer: Document) -> None:
    standing = {finding["id"]: finding["standing"] for finding in answer["findings"]}
    causes = {finding["id"]: finding["cause"] for finding in answer["findings"]}
    for delta in answer["deltas"]:
        assert {standing[each] for each in delta["finding_ids"]} <= {"cause", "also_needed"}
        granting = {causes[each] for each in delta["finding_ids"]}
        assert not (delta["document"] or {}).get("Statement") or granting - {"explicit_deny", "no_policy_fix", "not_a_permission", "unknown"}


def test_grants_name_actions_and_resources(answer: Document) -> None:
    for delta, statement in added(answer):
        assert statement["Effect"] == "Allow"
        assert not statement.keys() & {"NotAction", "NotResource", "NotPrincipal"}
        assert not any("*" in action for action in listed(statement["Action"]))
        if "*" in listed(statement.get("Resource")) and ":kms:" not in (delta["attach_to"] or ""):
            assert not any(actions.takes_resource(action) and action not in WITHOUT_ARN for action in listed(statement["Action"])), statement


def test_nobody_is_let_in_without_a_name(answer: Document) -> None:
    for _, statement in added(answer):
        principal = statement.get("Principal")
        assert principal != "*"
        named = [each for value in principal.values() for each in listed(value)] if isinstance(principal, dict) else []
        assert "*" not in named
        if isinstance(principal, dict) and "Federated" in principal and ":saml-provider/" not in str(principal):
            keys = {key for test in statement.get("Condition", {}).values() for key in test}
            if named == [POOLS]:  # all tokens of identity pools come from one issuer: the pool, and whether somebody signed in, are its guards
                assert {f"{POOLS}:aud", f"{POOLS}:amr"} <= keys, statement
                continue
            assert ":oidc-provider/" in str(principal), statement
            assert any(key.endswith(":sub") for key in keys), statement


def test_a_delta_is_never_known_to_be_wrong(answer: Document) -> None:
    for delta in answer["deltas"]:
        if (delta["document"] or {}).get("Statement") and delta["proof"]:
            assert delta["proof"]["sufficient"] is not False
            assert delta["proof"]["minimal"] is not False


def test_no_resource_stands_beside_a_pattern_that_covers_it(answer: Document) -> None:
    for _, statement in added(answer):
        resources = listed(statement.get("Resource"))
        wide = [each[:-1] for each in resources if each.endswith("*")]
        assert not [each for each in resources if not each.endswith("*") and any(each.startswith(start) for start in wide)]


def test_nobody_is_left_alone(answer: Document) -> None:
    """Each cause ends in a change or in advice, and what is open has a question; advice stands only where nothing changes it."""
    fixed = {each for delta in answer["deltas"] for each in delta["finding_ids"]}
    for finding in answer["findings"]:
        stands = finding["standing"] in ("cause", "also_needed")
        assert bool(finding["advice"]) is (stands and finding["id"] not in fixed), finding["explanation"]
    assert answer["outcome"] != "inconclusive" or answer["questions"]
