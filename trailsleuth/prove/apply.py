"""The policies of the evidence with a delta put in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from trailsleuth.iam.applies import find_principal
from trailsleuth.iam.document import parse_policy
from trailsleuth.model import Delta, IamPrincipal, Policy, PolicyEvidence, PolicyType, ResourcePolicy

ADDED = "the proposed change"


def with_deltas(policies: PolicyEvidence, deltas: tuple[Delta, ...]) -> PolicyEvidence:
    """A new set of policies with every delta applied, statements added and removals made."""
    for delta in deltas:
        evaluated = tuple((key, _with(held, delta)) for key, held in policies.evaluated)
        policies = replace(_with(policies, delta), evaluated=evaluated)
    return policies


def _with(policies: PolicyEvidence, delta: Delta) -> PolicyEvidence:
    match delta.policy_type:
        case PolicyType.IDENTITY | PolicyType.TRUST | PolicyType.BOUNDARY:
            return replace(policies, principals=tuple(_principal(p, delta, policies) for p in policies.principals))
        case PolicyType.RESOURCE:
            return replace(policies, resources=_resources(policies.resources, delta))
        case PolicyType.SCP | PolicyType.RCP:
            changed = tuple(replace(o, policy=_edited(o.policy, delta)) if o.policy.arn == delta.attach_to else o for o in policies.organization)
            return replace(policies, organization=changed)
        case PolicyType.VPC_ENDPOINT:
            return replace(policies, endpoints=_resources(policies.endpoints, delta))
        case _:
            return policies


def _principal(principal: IamPrincipal, delta: Delta, policies: PolicyEvidence) -> IamPrincipal:
    if delta.policy_type is PolicyType.BOUNDARY:
        bounded = principal.boundary is not None and principal.boundary_arn == delta.attach_to
        return replace(principal, boundary=_edited(principal.boundary, delta)) if bounded and principal.boundary else principal
    if find_principal(delta.attach_to, policies) is not principal:
        return principal
    if delta.policy_type is PolicyType.TRUST:
        return replace(principal, trust=_edited(principal.trust or parse_policy({"Statement": []}, name="trust policy", arn=principal.arn), delta))
    kept = tuple(_without(p, delta) for p in principal.policies)
    added = (parse_policy({"Version": "2012-10-17", "Statement": list(delta.statements)}, name=ADDED),) if delta.statements else ()
    return replace(principal, policies=(*kept, *added))


def _resources(held: tuple[ResourcePolicy, ...], delta: Delta) -> tuple[ResourcePolicy, ...]:
    if any(r.resource_arn == delta.attach_to for r in held):
        return tuple(replace(r, policy=_edited(r.policy, delta)) if r.resource_arn == delta.attach_to else r for r in held)
    if delta.attach_to is None:
        return held
    policy = parse_policy({"Version": "2012-10-17", "Statement": list(delta.statements)}, name="resource policy", arn=delta.attach_to)
    return (*held, ResourcePolicy(resource_arn=delta.attach_to, policy=policy))


def _edited(policy: Policy, delta: Delta) -> Policy:
    """The policy without what the delta takes out, with what it adds."""
    kept = _raw(_without(policy, delta))
    return parse_policy({"Version": policy.document.version, "Statement": [*kept, *delta.statements]}, name=policy.name, arn=policy.arn)


def _without(policy: Policy, delta: Delta) -> Policy:
    """Each removed statement gone, or as it should read instead; a removed principal alone leaves the rest of its statement."""
    if not delta.remove:
        return policy
    statements: list[Mapping[str, Any]] = []
    for raw in _raw(policy):
        entry = next((r for r in delta.remove if r.get("statement") == raw and r.get("policy") == policy.name), None)
        if entry is None:
            statements.append(raw)
        elif "instead" in entry:
            statements += entry["instead"] if isinstance(entry["instead"], list) else [entry["instead"]]
        elif "principals" in entry:
            statements += _without_principals(raw, entry["principals"])
    return parse_policy({"Version": policy.document.version, "Statement": statements}, name=policy.name, arn=policy.arn)


def _without_principals(raw: Mapping[str, Any], gone: list[str]) -> list[Mapping[str, Any]]:
    held = raw.get("Principal", {}).get("AWS", [])
    left = [p for p in (held if isinstance(held, list) else [held]) if p not in gone]
    return [{**raw, "Principal": {**raw["Principal"], "AWS": left}}] if left else []


def _raw(policy: Policy) -> list[Mapping[str, Any]]:
    return [dict(s.raw) for s in policy.document.statements]
