"""Law: every row can fire. A call is denied without a word of why, its caller lacks one row's action alone: that row names it, with and without the request.

One row a test would be thousands of tests; each test here goes through a share of a table and names the rows that failed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.catalog.test_packed import placed
from tests.sample import some_of
from tests.trail import B, call, diagnose, role, session, snapshot
from trailsleuth.catalog.load import DATA, read_table, rows_of
from trailsleuth.catalog.operations import needs
from trailsleuth.catalog.packed import packed_keys, packed_rows
from trailsleuth.model import CaseFile, Finding

CALLER, PASSED = role("ci/Ship"), role("fn/Worker")
PLACE = {"partition": "aws", "region": "eu-west-1", "account": B}
Row = tuple[str, str, str, dict[str, Any], str]
"""Id, service, event, request, action."""


def without(action: str, service: str, event: str, request: dict[str, Any] | None) -> CaseFile:
    """The call denied in two words, its caller allowed everything but one action."""
    record = call(session(CALLER), service, event, request=request, errorCode="AccessDenied", errorMessage="Access Denied")
    return diagnose([record], snapshot((CALLER, [{"Effect": "Allow", "NotAction": [action], "Resource": "*"}], [])))


def blamed(case: CaseFile) -> list[Finding]:
    return [f for f in case.findings if f.standing.value in ("cause", "also_needed")]


def _at_home(request: dict[str, Any]) -> dict[str, Any]:
    """The example's request, of things in the caller's own account."""
    at_home: dict[str, Any] = json.loads(json.dumps(request).replace("111122223333", B))
    return at_home


def of_operations(heading: str) -> Iterator[Row]:
    for path in sorted((DATA / "operations").glob("*.toml")):
        for row in rows_of(f"operations/{path.stem}", heading):
            yield row["id"], path.stem, row["example"]["event"], _at_home(row["example"].get("request", {})), row["action"]


def of_passed_roles() -> Iterator[Row]:
    for prefix, rows in read_table("passed_roles").items():
        for row in rows:
            yield row["id"], prefix, row["events"][0], _at_home(row["example"]["request"]), "iam:PassRole"
    for prefix in packed_keys("role_places"):
        for name, places in packed_rows("role_places", prefix).items():
            yield f"{prefix}:{name}", prefix, name, placed(places[0], PASSED), "iam:PassRole"


TABLES = {"operation": lambda: of_operations("operation"), "need": lambda: of_operations("need"), "passed role": of_passed_roles}


@pytest.mark.parametrize("table", TABLES)
def test_every_row_names_the_action_that_alone_is_lacking(table: str) -> None:
    silent = [row for name, *rest in some_of(TABLES[table](), 4) if (row := _silent(name, *rest, recorded=True))]
    assert silent == []


def test_what_is_known_by_elimination_alone_is_said_to_be() -> None:
    (found,) = blamed(without("iam:CreateServiceLinkedRole", "ecs", "CreateCluster", None))
    assert "They allow CreateCluster itself; of all that it may be checked for besides, they lack this alone; the record shows no request" in found.explanation


def test_what_some_such_call_needs_is_named_and_not_changed_where_neither_words_nor_request_tell_on_what() -> None:
    case = without("ecs:TagResource", "ecs", "CreateCluster", None)
    (found,) = blamed(case)
    assert (found.iam_action, found.resource, case.deltas) == ("ecs:TagResource", None, ())
    assert "whether it needed ecs:TagResource" in (found.advice or "")
    assert without("ecs:TagResource", "ecs", "CreateCluster", {"clusterName": "mill", "tags": [{"key": "team", "value": "x"}]}).deltas


@pytest.mark.parametrize("table", TABLES)
def test_every_row_names_it_where_no_request_was_recorded(table: str) -> None:
    rows = [row for row in some_of(TABLES[table](), 4, start=2) if row[1] != "sts"]  # without a request it is not known which role's trust policy decides
    silent = [row for name, *rest in rows if (row := _silent(name, *rest, recorded=False))]
    assert silent == []


def _silent(name: str, service: str, event: str, request: dict[str, Any], action: str, *, recorded: bool) -> str:
    """The row and what was said in its place; "" where it fired. Where the request tells the resource, that is named."""
    found = blamed(without(action, service, event, request if recorded else None))
    if {f.iam_action for f in found} != {action}:
        return f"{name}: {sorted(str(f.iam_action) for f in found)}"
    told = {need.resource for need in needs(f"{service}.amazonaws.com", event, request, **PLACE) if need.iam_action == action} - {None}
    wrong = recorded and told and not told & {f.resource for f in found}
    return f"{name}: on {sorted(str(f.resource) for f in found)} for {sorted(map(str, told))}" if wrong else ""


def test_where_two_actions_are_lacking_none_is_guessed() -> None:
    record = call(session(CALLER), "ecs", "CreateCluster", request=None, errorCode="AccessDenied", errorMessage="Access Denied")
    lacking = {"Effect": "Allow", "NotAction": ["ecs:TagResource", "iam:CreateServiceLinkedRole"], "Resource": "*"}
    case = diagnose([record], snapshot((CALLER, [lacking], [])))
    assert [f.cause.value for f in case.findings] == ["unknown"]


def test_an_action_that_some_resource_has_is_not_guessed_where_the_request_is_unknown() -> None:
    record = call(session(CALLER), "ecs", "CreateCluster", request=None, errorCode="AccessDenied", errorMessage="Access Denied")
    rights = [
        {"Effect": "Allow", "NotAction": ["ecs:TagResource"], "Resource": "*"},
        {"Effect": "Allow", "Action": "ecs:TagResource", "Resource": f"arn:aws:ecs:eu-west-1:{B}:cluster/other"},
    ]
    case = diagnose([record], snapshot((CALLER, rights, [])))
    assert [f.cause.value for f in case.findings] == ["unknown"]
