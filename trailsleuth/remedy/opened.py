"""A Deny opened for one principal, one action and one resource: what else it denies to that principal, it denies still.

The principal is excepted from the statement, and what is left of the statement is denied to the principal anew: other actions, other resources.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from trailsleuth.catalog.actions import actions_of
from trailsleuth.catalog.own_stars import parts_of
from trailsleuth.iam.match import action_matches, resource_matches
from trailsleuth.model import Finding, Statement, parse_arn
from trailsleuth.model.written import written

EXCEPTIONS = ("ArnNotEquals", "ArnNotLike", "StringNotEquals", "StringNotLike", "ArnNotEqualsIfExists", "ArnNotLikeIfExists")
PRINCIPAL_ARN = "aws:principalarn"
MOST = 60  # actions that a statement can list: a guardrail holds 5,120 characters


def opened_for(statement: Statement, principal: str, finding: Finding) -> tuple[dict[str, Any], ...] | None:
    """The statements that stand instead of a Deny; None where it cannot be opened without opening more."""
    opened = (_with_exception(statement, principal),)
    action, resource = finding.iam_action, finding.resource
    if action is None or resource is None:
        return None
    name = written(*(finding.resource_parts or parts_of(resource, action)))
    elsewhere = _elsewhere(statement, name, resource)
    if elsewhere is None:
        here = {key: statement.raw[key] for key in ("Resource", "NotResource") if key in statement.raw}
        kept = [_other_actions(statement, action, here, whole=resource == "*")]
    else:
        same = {key: statement.raw[key] for key in ("Action", "NotAction") if key in statement.raw}
        kept = [{**same, **elsewhere} if elsewhere else {}, _other_actions(statement, action, {"Resource": name}, whole=resource == "*")]
    if None in kept:
        return None
    return (*opened, *(_denied_to(principal, statement, part, suffix) for part, suffix in zip(kept, _SUFFIXES[-len(kept) :], strict=True) if part))


_SUFFIXES = ("Elsewhere", "OtherActions")


def _elsewhere(statement: Statement, name: str, resource: str) -> dict[str, Any] | None:
    """The statement's resources but for the one; {} where it names no other, None where they cannot be told apart (a pattern among them covers it)."""
    if statement.not_resources:
        return {"NotResource": [*statement.not_resources, name]}
    if not statement.resources or resource == "*":
        return None
    if statement.resources == ("*",):
        return {"NotResource": name}
    if any(r not in (resource, name) and resource_matches(r, resource) for r in statement.resources):
        return None
    others = [r for r in statement.resources if r not in (resource, name)]
    return {"Resource": others} if others else {}


def _other_actions(statement: Statement, action: str, on: Mapping[str, Any], *, whole: bool) -> dict[str, Any] | None:
    """The statement's actions but for the one, on these resources; {} where it names no other, None where they cannot be listed."""
    if statement.not_actions:
        return {"NotAction": [*statement.not_actions, action], **on}
    if "*" in statement.actions or (not whole and _is_whole_service(statement.actions, action, on)):
        return {"NotAction": action, **on}
    others = list(dict.fromkeys(one for pattern in statement.actions for one in _listed(pattern, action)))
    if len(others) > MOST:
        return None
    return {"Action": others[0] if len(others) == 1 else others, **on} if others else {}


def _is_whole_service(patterns: Iterable[str], action: str, on: Mapping[str, Any]) -> bool:
    """`s3:*` on ARNs of S3: there every other action is one of the service too."""
    service = action.partition(":")[0].lower()
    named = on.get("Resource", ())
    arns = [parse_arn(text) for text in ([named] if isinstance(named, str) else named)]
    return any(p.lower() == f"{service}:*" for p in patterns) and bool(arns) and all(arn is not None and arn.service == service for arn in arns)


def _listed(pattern: str, action: str) -> list[str]:
    """The actions of a pattern without the one."""
    if not action_matches(pattern, action):
        return [pattern]
    return [one for one in actions_of(pattern.partition(":")[0]) if action_matches(pattern, one) and one.lower() != action.lower()]


def _denied_to(principal: str, statement: Statement, part: Mapping[str, Any], suffix: str) -> dict[str, Any]:
    """A part of the statement for this principal alone."""
    raw: dict[str, Any] = copy.deepcopy({k: v for k, v in statement.raw.items() if k not in ("Action", "NotAction", "Resource", "NotResource", "Condition")})
    raw |= {"Sid": f"{raw['Sid']}{suffix}"} if raw.get("Sid") else {}
    condition = copy.deepcopy(dict(statement.raw.get("Condition", {})))
    condition["ArnEquals"] = {**condition.get("ArnEquals", {}), "aws:PrincipalArn": principal}
    return {**raw, **part, "Condition": condition}


def _with_exception(statement: Statement, principal: str) -> dict[str, Any]:
    """The statement with the principal added to its list of exceptions, or given one."""
    raw: dict[str, Any] = copy.deepcopy(dict(statement.raw))
    condition = raw.setdefault("Condition", {})
    for operator in EXCEPTIONS:
        for key, values in condition.get(operator, {}).items():
            if key.lower() == PRINCIPAL_ARN:
                held = values if isinstance(values, list) else [values]
                condition[operator][key] = [*held, principal]
                return raw
    condition.setdefault("ArnNotEquals", {})["aws:PrincipalArn"] = principal
    return raw
