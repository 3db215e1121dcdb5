"""Policies, requests and snapshots of IAM, from sound to absurd."""

from __future__ import annotations

import json
from typing import Any

from fuzz.choices import Choices, Json, chance, pick
from fuzz.messages import ACTIONS, PRINCIPALS, RESOURCES
from fuzz.values import text, value

OPERATORS = (
    "StringEquals", "StringNotEquals", "StringLike", "StringEqualsIgnoreCase", "ArnLike", "ArnEquals", "Bool", "Null", "IpAddress", "NotIpAddress",
    "NumericLessThan", "DateGreaterThan", "BinaryEquals", "ForAllValues:StringEquals", "ForAnyValue:StringLike", "StringEqualsIfExists", "Odd", "",
)  # fmt: skip
KEYS = ("aws:SourceIp", "aws:PrincipalTag/team", "iam:PassedToService", "aws:CurrentTime", "aws:TagKeys", "s3:prefix", "aws:PrincipalOrgID", "")
VALUES = ("192.0.2.0/24", "::/0", "300.1.1.1/99", "true", "2026-03-04T09:00:00Z", "1e9", "*", "${aws:username}", "${aws:x, 'd'}", "${", "a?*b", "=" * 9)
PATTERNS = (*ACTIONS, "s3:*", "*:*", "s3:Get?bject", "s3", ":", "arn:aws:s3:::plans/*", "arn:aws:s3:::${aws:username}/*", "?" * 40, "*a" * 40)


def statement(choose: Choices) -> Json:
    """A statement; some of its members may be anything."""
    made: dict[str, Any] = {
        "Effect": pick(choose, ("Allow", "Allow", "Deny")),
        pick(choose, ("Action", "Action", "NotAction")): _some(choose, PATTERNS),
        pick(choose, ("Resource", "Resource", "NotResource")): _some(choose, (*PATTERNS, *RESOURCES)),
    }
    if chance(choose, 40):
        made["Condition"] = {pick(choose, OPERATORS): {pick(choose, KEYS): _some(choose, VALUES)} for _ in range(choose.number(1, 2))}
    if chance(choose, 30):
        made[pick(choose, ("Principal", "NotPrincipal"))] = pick(choose, ("*", {"AWS": list(PRINCIPALS)}, {"Service": "ecs-tasks.amazonaws.com"}, {}, 3))
    if chance(choose, 25):
        made[pick(choose, [*made, "Sid"])] = value(choose, 2)
    return value(choose, 2) if chance(choose, 5) else made


def _some(choose: Choices, among: tuple[str, ...]) -> Json:
    listed = [pick(choose, among) if chance(choose, 90) else text(choose) for _ in range(choose.number(0, 3))]
    return listed if chance(choose, 60) or not listed else listed[0]


def policy(choose: Choices) -> Json:
    """A document as an object, as text, URL-encoded, or something else altogether."""
    made: Any = {"Version": pick(choose, ("2012-10-17", "2008-10-17", 3)), "Statement": [statement(choose) for _ in range(choose.number(0, 3))]}
    if chance(choose, 10):
        made["Statement"] = value(choose, 2)
    kind = choose.number(0, 9)
    return json.dumps(made) if kind == 0 else value(choose, 3) if kind == 1 else made


def _named(choose: Choices, count: int) -> list[dict[str, Any]]:
    return [{"name": f"p{number}", "policy": policy(choose)} for number in range(choose.number(0, count))]


def _levels(choose: Choices) -> Json:
    return [{"orgIdentifier": name, "policies": _named(choose, 2)} for name in ("root", "ou-1")[: choose.number(0, 2)]]


def request(choose: Choices, number: int = 0) -> dict[str, Any]:
    """One request in the form of `trailsleuth simulate --requests`."""
    policies: dict[str, Any] = {
        "identity": _named(choose, 2),
        "permission_boundaries": _named(choose, 1) if chance(choose, 30) else None,
        "session": _named(choose, 1) if chance(choose, 30) else None,
        "scps": _levels(choose) if chance(choose, 30) else None,
        "rcps": _levels(choose) if chance(choose, 20) else None,
        "resource": policy(choose) if chance(choose, 40) else None,
        "vpc_endpoint": policy(choose) if chance(choose, 10) else None,
    }
    made: dict[str, Any] = {
        "id": f"r{number}",
        "principal": pick(choose, PRINCIPALS),
        "action": pick(choose, ACTIONS),
        "resource": pick(choose, RESOURCES),
        "resource_account": pick(choose, (None, "111111111111", "222222222222")),
        "context": {pick(choose, KEYS): _some(choose, VALUES) for _ in range(choose.number(0, 3))},
        "policies": policies,
    }
    if chance(choose, 15):
        inner = pick(choose, (made, policies))
        inner[pick(choose, list(inner))] = value(choose, 2)
    return made


def snapshot(choose: Choices, roles: tuple[str, ...]) -> dict[str, Any]:
    """An answer of `aws iam get-account-authorization-details` with some of the roles."""
    details = []
    for role in roles:
        if chance(choose, 60):
            made = {
                "Arn": role,
                "RoleName": role.rpartition("/")[2],
                "RoleId": f"AROA{role[-8:]}",
                "AssumeRolePolicyDocument": policy(choose),
                "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": policy(choose)} for _ in range(choose.number(0, 2))],
                "AttachedManagedPolicies": [{"PolicyName": "m", "PolicyArn": "arn:aws:iam::222222222222:policy/m"}],
            }
            if chance(choose, 20):
                made[pick(choose, list(made))] = value(choose, 2)
            details.append(made)
    managed = {"PolicyName": "m", "Arn": "arn:aws:iam::222222222222:policy/m", "DefaultVersionId": "v1"}
    versions = [{"VersionId": "v1", "IsDefaultVersion": True, "Document": policy(choose)}]
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": details, "Policies": [managed | {"PolicyVersionList": versions}]}


def attached(choose: Choices) -> list[Any]:
    """Resource policies and organization policies."""
    made: list[Any] = [{"ResourceArn": pick(choose, (*RESOURCES, "arn:aws:s3:::plans")), "Policy": policy(choose)} for _ in range(choose.number(0, 2))]
    if chance(choose, 40):
        about = {"Id": "p-1", "Name": "guard", "Arn": "arn:aws:organizations::111111111111:policy/o-1/service_control_policy/p-1"}
        kind = pick(choose, ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY", 1))
        made.append({"Policy": {"PolicySummary": about | {"Type": kind}, "Content": json.dumps(policy(choose))}, "Targets": ["222222222222"]})
    return made
