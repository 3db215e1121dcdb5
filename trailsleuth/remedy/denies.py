"""Deny statements and stale principals: what to take out or to narrow. Never an Allow against a Deny.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from trailsleuth.model import Cause, Finding, PolicyType, Statement

EXCEPTIONS = ("ArnNotEquals", "ArnNotLike", "StringNotEquals", "StringNotLike", "ArnNotEqualsIfExists", "ArnNotLikeIfExists")
PRINCIPAL_ARN = "aws:principalarn"


def removals(finding: Finding) -> tuple[Mapping[str, Any], ...]:
    """For each denying or stale statement in the evidence: the statement, how it should read instead, and what else the caller can do."""
    if finding.cause is Cause.EXPLICIT_DENY:
        return tuple(_narrowed(finding, ref.policy, s) for ref, s in zip(finding.blocking, finding.statements, strict=False))
    if finding.cause is Cause.STALE_PRINCIPAL:
        return tuple(
            {"policy": ref.policy, "statement": dict(s.raw), "principals": _stale_ids(s)} for ref, s in zip(finding.blocking, finding.statements, strict=False)
        )
    return ()


def _stale_ids(statement: Statement) -> list[str]:
    entries = statement.principals.entries if statement.principals else ()
    return [value for kind, value in entries if kind == "AWS" and value.startswith(("AROA", "AIDA"))]


def _narrowed(finding: Finding, policy: str, statement: Statement) -> Mapping[str, Any]:
    """A Deny with the principal excepted; where a condition on the request decides, the request can change instead, and a guardrail should stay."""
    entry: dict[str, Any] = {"policy": policy, "statement": dict(statement.raw)}
    on_request = [c for c in statement.conditions if not c.key.lower().startswith(("aws:principal", "aws:userid", "aws:username"))]
    if on_request:
        keys = ", ".join(f"{c.operator} {c.key} {'/'.join(c.values)}" for c in on_request)
        entry["request_change"] = f"make the request so that the condition does not hold ({keys}); then the Deny does not apply"
    if finding.principal is not None and finding.principal.startswith("arn:") and set(finding.policy_types).isdisjoint({PolicyType.TRUST}):
        entry["instead"] = _with_exception(statement, finding.principal)
    return entry


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
