"""Whole workloads: the reduced policy allows what the role will do tomorrow, and nothing that it never did, as `simulate` judges it."""

from __future__ import annotations

import json
import re
import tomllib
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.remedy.build import ACCOUNT, ROLE, a_call, a_snapshot, evidence
from trailsleuth import api
from trailsleuth.api.reductions import reduce_evidence

WORKLOADS = tomllib.loads(Path(__file__).with_name("workloads.toml").read_text(encoding="utf-8"))["workload"]
BEGIN = datetime(2026, 7, 1, 4, tzinfo=UTC)
OPEN = ("kms", "sts")  # a key's and a role's own policy must let the account in too


def filled(value: Any, day: int = 0) -> Any:
    """The value with its holes filled in, as of a day."""
    if isinstance(value, dict):
        return {name: filled(inner, day) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(one, day) for one in value]
    if not isinstance(value, str):
        return value
    value = re.sub(r"\{date:([^}]+)\}", lambda found: (BEGIN + timedelta(days=day)).strftime(found.group(1)), value)
    made = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{value} {day}"))
    for hole, text in (("{uuid}", made), ("{hex}", made.replace("-", "")), ("{n}", str(day)), ("{place}", f"eu-west-1:{ACCOUNT}"), ("{account}", ACCOUNT)):
        value = value.replace(hole, text)
    return value


def records(workload: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for call in workload["calls"]:
        for day in range(call["days"]):
            moment = BEGIN + timedelta(days=day, seconds=len(found) % 60)
            more = {"eventTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "eventCategory": "Data" if call.get("data") else "Management"}
            more |= {
                "responseElements": filled(call.get("answer"), day),
                "resources": [{"ARN": filled(arn), "accountId": arn.split(":")[4]} for arn in call.get("arns", ())],
            }
            record = a_call(len(found), call["call"], filled(call["request"], day), error=call.get("error"), **more)
            record["userIdentity"] |= {"invokedBy": call["through"]} if "through" in call else {}
            found.append(record)
    return found


def decided(document: list[dict[str, Any]], action: str, resource: str, context: dict[str, list[str]]) -> str:
    prefix, account = action.partition(":")[0], resource.split(":")[4] or ACCOUNT if resource != "*" else ACCOUNT
    guard = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": f"{prefix}:*", **({"Resource": "*"} if prefix == "kms" else {})}
    resource_policy = {"Version": "2012-10-17", "Statement": [guard]} if prefix in OPEN else None
    if account != ACCOUNT and prefix == "dynamodb":  # the owner's policy lets the account in
        resource_policy = {"Version": "2012-10-17", "Statement": [{**guard, "Action": "dynamodb:*", "Resource": "*"}]}
    policies = {"identity": [{"name": "reduced", "policy": {"Version": "2012-10-17", "Statement": document}}], "resource": resource_policy}
    asked = {"id": "1", "principal": ROLE, "action": action, "resource": resource, "resource_account": account, "context": context, "policies": policies}
    return str(api.simulate_requests(json.dumps([asked]))[0]["decision"])


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload["name"])
def test_the_reduced_policy_of_a_workload_allows_tomorrow_and_nothing_else(workload):
    statements = [{"Effect": "Allow", **statement} for statement in filled(workload.get("allow", []))]
    answer = reduce_evidence(evidence(records(workload), a_snapshot(*statements) if statements else None), role=ROLE)
    document = [dict(statement) for statement in answer.statements]
    lacks = [ask for ask in filled(workload["must"]) if decided(document, *ask) != "allowed"]
    extra = [ask for ask in filled(workload["no"]) if decided(document, *ask) == "allowed"]
    assert (lacks, extra) == ([], [])
    assert answer.proof.minimal is (True if statements else None)
    assert answer.proof.sufficient is (None if answer.proof.undecided else True)  # a tag that no record shows is left open
