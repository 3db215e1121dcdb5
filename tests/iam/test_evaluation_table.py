"""Every row of the evaluation table: its source, its example and its counter-example."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from bench.cross_account import PREFIXES, table
from trailsleuth.catalog.actions import spelling
from trailsleuth.catalog.evaluation import (
    checked_on,
    deciding_rows,
    gateway_endpoint_services,
    has_no_arn,
    is_of_one_region,
    management_only,
    needs_nothing,
    nobody_may_change,
    rcp_covers,
    region_in_id,
    request_keys,
    root_may_call,
    works_across_accounts,
)
from trailsleuth.catalog.load import read_table
from trailsleuth.iam.match import action_matches

HEADINGS = [held for name in ("evaluation", "cross_account") for held in read_table(name).items()]
ROWS = [pytest.param(heading, row, id=f"{heading}-{row['id']}") for heading, rows in HEADINGS for row in rows]


def says(heading: str, row: Any, text: Any) -> bool:
    match heading:
        case "resource_policy_decides":
            return any(row is held and action_matches(held["actions"], text) for held in deciding_rows())
        case "cross_account_only":
            return text.startswith(row["service"] + ":") and works_across_accounts(text)
        case "never_across":
            return text in row["actions"] and not works_across_accounts(text)
        case "own_account_only":
            return text.startswith(row["service"] + ":") and not works_across_accounts(text)
        case "rcp_exempt":
            return not rcp_covers(text)
        case "root_cannot":
            return not root_may_call(text)
        case "gateway_endpoint":
            return text.partition(":")[0] == row["service"] and row["service"] in gateway_endpoint_services()
        case "nobody_may_change":
            return nobody_may_change(text["action"], text["resource"]) == row
        case "management_only":
            member = frozenset(filter(None, [row.get("member")]))
            return management_only(text, member) == row and (not member or management_only(text) is None)
        case "of_one_region":
            return is_of_one_region(text["event"], text["action"])
        case "region_in_id":
            return region_in_id(text["arn"]) == text["region"]
        case "without_arn":
            return has_no_arn(text["action"], [text["said"]])
        case "needs_nothing":
            return needs_nothing(text)
        case "checked_on":
            return checked_on(text) == row["resource"]
        case "request_key":
            return request_keys(row["service"]).get(text) == row["key"]
    raise AssertionError(f"a heading that nothing reads: {heading}")


@pytest.mark.parametrize(("heading", "row"), ROWS)
def test_a_row_says_yes_to_its_example_and_no_to_its_counter_example(heading: str, row: Any) -> None:
    assert row["source"].startswith(("https://docs.aws.amazon.com/", "https://github.com/boto/botocore/"))
    assert says(heading, row, row["example"])
    assert not says(heading, row, row["counter_example"])


def test_row_ids_are_unique_and_every_action_exists() -> None:
    rows = [row for _, held in HEADINGS for row in held]
    assert len({row["id"] for row in rows}) == len(rows)
    named = [action for row in rows for action in (row["actions"] if isinstance(row.get("actions"), list) else [])]
    assert [action for action in named if spelling(action) != action] == []


def test_the_operations_that_work_across_accounts_are_those_of_the_installed_models() -> None:
    made = tomllib.loads(table(PREFIXES))["cross_account_only"]
    assert {row["service"]: row["actions"] for row in read_table("cross_account")["cross_account_only"]} == {row["service"]: row["actions"] for row in made}


def test_resource_control_policies_cover_some_services_only() -> None:
    assert rcp_covers("s3:GetObject")
    assert rcp_covers("sts:AssumeRole")
    assert not rcp_covers("ec2:RunInstances")
