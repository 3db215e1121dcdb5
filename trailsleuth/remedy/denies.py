"""Deny statements and stale principals: what to take out or to narrow. Never an Allow against a Deny.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trailsleuth.catalog.managed_policies import is_of_aws
from trailsleuth.model import Cause, Finding, PolicyType, Statement
from trailsleuth.model.written import holds_signs
from trailsleuth.remedy.opened import opened_for

TOO_WIDE = "the Deny covers far more than this call and cannot be opened for it alone: call otherwise, or let the owner of the guard decide"


def removals(finding: Finding) -> tuple[Mapping[str, Any], ...]:
    """For each denying or stale statement in the evidence: the statement, how it should read instead, and what else the caller can do."""
    if finding.cause is Cause.EXPLICIT_DENY:
        denying = zip(finding.blocking, finding.statements, strict=False)
        return tuple(_narrowed(finding, ref.policy, s) for ref, s in denying if not is_of_aws(ref.policy_arn))
    if finding.cause is Cause.STALE_PRINCIPAL:
        return tuple(
            {"policy": ref.policy, "statement": dict(s.raw), "principals": _stale_ids(s)} for ref, s in zip(finding.blocking, finding.statements, strict=False)
        )
    return ()


def _stale_ids(statement: Statement) -> list[str]:
    entries = statement.principals.entries if statement.principals else ()
    return [value for kind, value in entries if kind == "AWS" and value.startswith(("AROA", "AIDA"))]


def _narrowed(finding: Finding, policy: str, statement: Statement) -> Mapping[str, Any]:
    """A Deny opened for the one call; where a condition on the request decides, the request can change instead, and a guardrail should stay."""
    entry: dict[str, Any] = {"policy": policy, "statement": dict(statement.raw)}
    on_request = [c for c in statement.conditions if not c.key.lower().startswith(("aws:principal", "aws:userid", "aws:username"))]
    if on_request:
        keys = ", ".join(f"{c.operator} {c.key} {'/'.join(c.values)}" for c in on_request)
        entry["request_change"] = f"make the request so that the condition does not hold ({keys}); then the Deny does not apply"
    who = finding.principal
    if who is not None and who.startswith("arn:") and not holds_signs(who) and PolicyType.TRUST not in finding.policy_types:
        opened = opened_for(statement, who, finding)
        if opened is not None:
            entry["instead"] = opened[0] if len(opened) == 1 else list(opened)
        else:
            entry.setdefault("request_change", TOO_WIDE)
    return entry
