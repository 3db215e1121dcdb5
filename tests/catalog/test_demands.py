"""What calls need of others than their caller: every row is read by its example, and names actions that IAM knows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trail import B, call, diagnose, service, session, snapshot, trusts
from tests.trail import role as role_arn
from trailsleuth.catalog.actions import spelling
from trailsleuth.catalog.demands import deliveries, demands
from trailsleuth.catalog.load import rows_of

ROWS = rows_of("demands", "demand")
OF_CALLS = [row for row in ROWS if "target" not in row]
OF_ROLES = [row for row in OF_CALLS if row["actor"] == "role" and "given" not in row]
PLACE = {"partition": "aws", "region": "eu-west-1", "account": "111122223333"}
CALLER, ACTOR = role_arn("ci/Ship"), role_arn("fn/Worker")
STAR = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def found(case: dict[str, Any], text: str = "") -> set[str]:
    prefix, _, name = case["event"].partition(":")
    return {need.id for need in demands(f"{prefix}.amazonaws.com", name, case["request"], text, **PLACE)}


@pytest.mark.parametrize("row", OF_CALLS, ids=lambda row: row["id"])
def test_a_row_reads_its_example_and_leaves_its_counter_example_alone(row: dict[str, Any]) -> None:
    assert row["id"] in found(row["example"], row["example"].get("text", ""))
    assert row["id"] not in found(row["counter_example"])


@pytest.mark.parametrize("row", [row for row in ROWS if "target" in row], ids=lambda row: row["id"])
def test_a_target_is_read_by_its_form(row: dict[str, Any]) -> None:
    assert (row["actions"][0], row["example"]["target"]) in deliveries([row["example"]["target"]])
    assert all(action != row["actions"][0] for action, _ in deliveries([row["counter_example"]["target"]]))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_row_names_its_actor_its_source_and_known_actions(row: dict[str, Any]) -> None:
    assert row["actor"] in ("role", "service")
    assert ("service" in row) is (row["actor"] == "service" and "target" not in row)
    assert row["source"].startswith("https://")
    assert [spelling(action) for action in row["actions"]] == row["actions"]


def test_no_two_rows_have_one_id() -> None:
    assert len({row["id"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", OF_ROLES, ids=lambda row: row["id"])
def test_a_role_that_lacks_what_a_row_names_is_found_and_the_caller_is_not_blamed(row: dict[str, Any]) -> None:
    """The text says only that the role is not set up; its policies tell the rest."""
    prefix, _, name = row["example"]["event"].partition(":")
    actor = role_arn(row["role"]) if "role" in row else ACTOR
    text = f"The IAM Role {actor} is not configured properly. on EC2, Describe, Log Destination, monitoring"
    record = call(session(CALLER), prefix, name, request=row["example"]["request"], errorCode="AccessDeniedFault", errorMessage=text)
    trusted = [trusts({"Service": f"{prefix}.amazonaws.com"}), trusts({"Service": "dms.amazonaws.com"})]
    case = diagnose([record], snapshot((CALLER, [STAR], []), (actor, [], trusted)))
    blamed = {(f.principal, f.iam_action) for f in case.findings if f.standing.value in ("cause", "also_needed")}
    assert {(actor, action) for action in row["actions"]} <= blamed
    assert CALLER not in {principal for principal, _ in blamed}


def test_what_the_role_is_allowed_is_not_said() -> None:
    actor = role_arn("dms-vpc-role")
    text = f"The IAM Role {actor} is not configured properly."
    record = call(session(CALLER), "dms", "CreateReplicationSubnetGroup", errorCode="AccessDeniedFault", errorMessage=text)
    granted = {"Effect": "Allow", "Action": ["ec2:Describe*", "ec2:*NetworkInterface*"], "Resource": "*"}
    half = {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}
    trusted = [trusts({"Service": "dms.amazonaws.com"})]
    whole = diagnose([record], snapshot((CALLER, [STAR], []), (actor, [granted], trusted)))
    assert all("ec2:" not in (f.iam_action or "") for f in whole.findings)
    part = diagnose([record], snapshot((CALLER, [STAR], []), (actor, [half], trusted)))
    named = {f.iam_action for f in part.findings}
    assert named == {"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:ModifyNetworkInterfaceAttribute"}


def test_a_trust_that_does_not_let_the_service_in_comes_before_its_permissions() -> None:
    actor = role_arn("dms-vpc-role")
    text = f"The IAM Role {actor} is not configured properly."
    record = call(session(CALLER), "dms", "CreateReplicationSubnetGroup", errorCode="AccessDeniedFault", errorMessage=text)
    case = diagnose([record], snapshot((CALLER, [STAR], []), (actor, [], [trusts({"Service": "ec2.amazonaws.com"})])))
    assert [f.iam_action for f in case.findings] == ["sts:AssumeRole"]
    assert service("dms")["invokedBy"] == case.findings[0].principal
    assert B in (case.findings[0].resource or "")
