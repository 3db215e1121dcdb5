"""What AWS's own engine is to be asked about a change: the call behind it, with the policies as they would then be.

The answer counts like our own: one that says otherwise leaves open whether the change is sufficient. Parameters, and what cannot be given:
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

from msgspec.structs import replace

from trailsleuth.iam.applies import policies_for
from trailsleuth.model import AccessRequest, Delta, Finding, Policy, PolicyEvidence, PolicyLevel, PolicySet, Proof, Simulation, parse_arn, role_of_session
from trailsleuth.prove.apply import with_deltas

LEVELS = 7
ALLOWED = "allowed"
_NUMERIC = frozenset({"aws:epochtime", "aws:multifactorauthage"})
_TIMES = frozenset({"aws:currenttime", "aws:tokenissuetime"})


def with_simulations(deltas: tuple[Delta, ...], findings: tuple[Finding, ...], policies: PolicyEvidence) -> tuple[Delta, ...]:
    """The deltas with what the engine is to be asked: one simulation for each call behind them; none where the caller's policies are not in the evidence."""
    after = with_deltas(policies, deltas)
    return tuple(replace(delta, second_opinion=tuple(_simulations(delta, findings, after))) for delta in deltas)


def agreed(delta: Delta) -> Delta:
    """The delta once the engine has answered: where it says otherwise, or lacked a value, what rests on our evaluation alone is claimed less."""
    against = [one for one in delta.second_opinion if one.decision not in (None, ALLOWED)]
    if not against or delta.proof is None:
        return delta
    words = sorted({f"AWS's policy simulator, which says {one.decision}{_for_want_of(one)}" for one in against})
    proof = Proof(sufficient=None, minimal=None, harmless=None, undecided=tuple(sorted({*delta.proof.undecided, *words})))
    return replace(delta, proof=proof)


def _for_want_of(one: Simulation) -> str:
    return f" for want of {', '.join(one.missing)}" if one.missing else ""


def _simulations(delta: Delta, findings: tuple[Finding, ...], after: PolicyEvidence) -> Iterator[Simulation]:
    for finding in findings:
        if finding.id not in delta.finding_ids:
            continue
        for request in finding.requests:
            held = policies_for(request, after, endpoint=finding.endpoint)
            if held.identity and (parse_arn(request.principal) is not None):
                yield Simulation(parameters=_parameters(request, held), left_out=tuple(_left_out(held)))


def _parameters(request: AccessRequest, held: PolicySet) -> dict[str, Any]:
    """In the words of the API; what there is none of is left out."""
    given: dict[str, Any] = {
        "PolicyInputList": [_text(policy) for policy in held.identity],
        "PermissionsBoundaryPolicyInputList": [_text(policy) for policy in (held.boundaries or ())[:1]],
        "OrderedOrganizationPolicyInputList": [
            {"ServiceControlPolicyInputList": [_text(policy) for policy in level.policies]} for level in sorted(held.scps or (), key=_depth)[:LEVELS]
        ],
        "ActionNames": [request.action],
        "ResourceArns": [request.resource] if request.resource.startswith("arn:") else [],
        "ContextEntries": [_entry(key, values) for key, values in sorted(request.context.items())],
    }
    if held.resource is not None:
        given |= {"ResourcePolicy": _text(held.resource), "CallerArn": role_of_session(request.principal) or request.principal}
        if request.resource_account:
            given["ResourceOwner"] = f"arn:{request.principal.split(':')[1]}:iam::{request.resource_account}:root"
    return {name: value for name, value in given.items() if value}


def _left_out(held: PolicySet) -> Iterator[str]:
    """Layers that the simulator has no parameter for, and documents that the evidence lacks."""
    kinds = (("session policies", held.session), ("scope-down policies", held.scoped), ("resource control policies", held.rcps))
    yield from (name for name, found in (*kinds, ("the endpoint's policy", held.endpoint)) if found)
    yield from held.identity_incomplete
    if held.resource_unknown:
        yield "the resource's policy, which is not in the evidence"


def _depth(level: PolicyLevel) -> tuple[int, str]:
    """The root first, the account last; every level must allow, so the order of the units between changes nothing."""
    return (0 if level.name.startswith("r-") or ":root/" in level.name else 2 if level.name.isdigit() else 1), level.name


def _text(policy: Policy) -> str:
    document = {"Version": policy.document.version, "Statement": [dict(statement.raw) for statement in policy.document.statements]}
    return json.dumps(document, separators=(",", ":"))


def _entry(key: str, values: tuple[str, ...]) -> dict[str, Any]:
    kind = _kind(key.lower(), values)
    return {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": kind if len(values) == 1 else f"{kind}List"}


def _kind(key: str, values: tuple[str, ...]) -> str:
    if values and all(value.lower() in ("true", "false") for value in values):
        return "boolean"
    if key in _NUMERIC and all(re.fullmatch(r"\d+", value) for value in values):
        return "numeric"
    if key in _TIMES:
        return "date"
    return "ip" if values and key.endswith("ip") and all(map(_is_address, values)) else "string"


def _is_address(value: str) -> bool:
    try:
        ip_network(value, strict=False)
    except ValueError:
        return False
    return True
