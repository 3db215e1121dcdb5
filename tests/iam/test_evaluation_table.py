"""Every row of the evaluation table: its source, its example and its counter-example."""

from __future__ import annotations

from typing import Any

import pytest

from trailsleuth.catalog.actions import spelling
from trailsleuth.catalog.evaluation import deciding_rows, gateway_endpoint_services, rcp_covers, request_keys, root_may_call, works_across_accounts
from trailsleuth.catalog.load import read_table
from trailsleuth.iam.match import action_matches

ROWS = [pytest.param(heading, row, id=f"{heading}-{row['id']}") for heading, rows in read_table("evaluation").items() for row in rows]


def says(heading: str, row: Any, text: str) -> bool:
    match heading:
        case "resource_policy_decides":
            return any(row is held and action_matches(held["actions"], text) for held in deciding_rows())
        case "cross_account_only":
            return text.startswith(row["service"] + ":") and works_across_accounts(text)
        case "own_account_only":
            return text.startswith(row["service"] + ":") and not works_across_accounts(text)
        case "rcp_exempt":
            return not rcp_covers(text)
        case "root_cannot":
            return not root_may_call(text)
        case "gateway_endpoint":
            return text.partition(":")[0] == row["service"] and row["service"] in gateway_endpoint_services()
        case "request_key":
            return request_keys(row["service"]).get(text) == row["key"]
    raise AssertionError(f"a heading that nothing reads: {heading}")


@pytest.mark.parametrize(("heading", "row"), ROWS)
def test_a_row_says_yes_to_its_example_and_no_to_its_counter_example(heading: str, row: Any) -> None:
    assert row["source"].startswith("https://docs.aws.amazon.com/")
    assert says(heading, row, row["example"])
    assert not says(heading, row, row["counter_example"])


def test_row_ids_are_unique_and_every_action_exists() -> None:
    rows = [row for held in read_table("evaluation").values() for row in held]
    assert len({row["id"] for row in rows}) == len(rows)
    named = [action for row in rows for action in (row["actions"] if isinstance(row.get("actions"), list) else [])]
    assert [action for action in named if spelling(action) != action] == []


def test_resource_control_policies_cover_some_services_only() -> None:
    assert rcp_covers("s3:GetObject")
    assert rcp_covers("sts:AssumeRole")
    assert not rcp_covers("ec2:RunInstances")
