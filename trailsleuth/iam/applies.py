"""Which policies of the evidence apply to a request.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from trailsleuth.catalog.managed_policies import managed_document, newest_document
from trailsleuth.iam.document import parse_policy
from trailsleuth.iam.match import action_matches, patterns_overlap, resource_matches
from trailsleuth.model import (
    AccessRequest,
    IamPrincipal,
    OrgPolicy,
    Policy,
    PolicyEvidence,
    PolicyLevel,
    PolicySet,
    PolicyType,
    Statement,
    StatementRef,
    account_of,
    parse_arn,
    role_of_session,
    same_role,
)

FULL_ACCESS = {"Effect": "Allow", "Action": "*", "Resource": "*"}
DEFAULTS = {  # what AWS attaches everywhere by default
    PolicyType.SCP: ("FullAWSAccess", FULL_ACCESS),
    PolicyType.RCP: ("RCPFullAWSAccess", FULL_ACCESS | {"Principal": "*"}),
}
TRUST_ACTIONS = ("sts:assumerole", "sts:assumerolewithwebidentity", "sts:assumerolewithsaml", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext")


def find_principal(arn: str | None, policies: PolicyEvidence) -> IamPrincipal | None:
    """The role (by account and name, the path may be missing) or user of a snapshot."""
    wanted = role_of_session(arn) or arn
    return next((p for p in policies.principals if p.arn == wanted or same_role(p.arn, wanted)), None)


def named_without_document(principals: Iterable[str | None], policies: PolicyEvidence) -> tuple[str, ...]:
    """The policies that the snapshot only names of these principals, boundaries included."""
    found = {p.arn: p for arn in principals if (p := find_principal(arn, policies)) is not None}
    return tuple(arn for p in found.values() for arn in (*p.unknown_policies, *p.bounded_by[1]))


def find_resource_policy(resource: str | None, policies: PolicyEvidence) -> Policy | None:
    """The policy on the resource itself, or on the one that holds it (the bucket of an object, the table of an index, the secret without its suffix)."""
    if resource is None:
        return None
    for found in policies.resources:
        holder = found.resource_arn
        if resource == holder or (resource.startswith((holder + "/", holder + ":", holder + "-")) and not _sibling(resource, holder)):
            return found.policy
    return None


def _sibling(resource: str, holder: str) -> bool:
    """`arn:aws:s3:::logs-old` is no part of `arn:aws:s3:::logs`; only a secret's random suffix goes on with a hyphen."""
    return resource[len(holder)] == "-" and not (":secretsmanager:" in holder and len(resource) == len(holder) + 7)


def trust_policy(role: str | None, policies: PolicyEvidence) -> Policy | None:
    """The role trust policy of a role in the snapshot."""
    principal = find_principal(role, policies)
    return principal.trust if principal else None


def policies_for(request: AccessRequest, policies: PolicyEvidence, *, session: tuple[Policy, ...] = (), endpoint: str | None = None) -> PolicySet:
    """The policy set of a request, with what is attached but not in the evidence named as incomplete. `session`: the policy that the session was opened with,
    and those that narrowed it since."""
    policies = policies.of(request.evaluated)
    principal = find_principal(request.principal, policies)
    own = principal or IamPrincipal(arn="", unique_id="", kind="")
    identity, missing, newest = _named(own.policies, own.unknown_policies)
    boundary, unbounded, widest = _named(*own.bounded_by)
    target_is_role = request.action.lower() in TRUST_ACTIONS
    resource = trust_policy(request.resource, policies) if target_is_role else find_resource_policy(request.resource, policies)
    account = account_of(request.principal)
    owner = request.resource_account or account_of(request.resource)
    service = parse_arn(request.principal) is None
    return PolicySet(
        identity=identity,
        identity_incomplete=() if service else missing if principal else (f"the policies of {request.principal}",),
        identity_newest=newest,
        boundaries=boundary if boundary or unbounded else None,
        boundary_incomplete=unbounded,
        boundary_newest=widest,
        session=policies.session or session[:1] or None,
        scoped=() if policies.session else session[1:],
        scps=_levels(account, PolicyType.SCP, policies, assume_allow=False) if account else None,
        rcps=_levels(owner, PolicyType.RCP, policies, assume_allow=True) if owner else None,
        resource=resource,
        resource_unknown=resource is None and (target_is_role or PolicyType.RESOURCE in policies.unread or _needs_resource_policy(request, account, owner)),
        endpoint=find_endpoint(endpoint, policies),
    )


def _needs_resource_policy(request: AccessRequest, account: str | None, owner: str | None) -> bool:
    """A key policy always decides; in another account the owner's policy must allow. Elsewhere no known policy is taken for none."""
    return (request.action.lower().startswith("kms:") and request.resource != "*") or (account is not None and owner is not None and account != owner)


def _named(held: tuple[Policy, ...], arns: tuple[str, ...]) -> tuple[tuple[Policy, ...], tuple[str, ...], tuple[Policy, ...]]:
    """The policies that are held, with those of the named ones that are known for good; those that are not; and what the newest of them said."""
    known = {arn: _of_aws(arn, document) for arn in arns if (document := managed_document(arn)) is not None}
    missing = tuple(arn for arn in arns if arn not in known)
    newest = tuple(_of_aws(arn, document) for arn in missing if (document := newest_document(arn)) is not None)
    return (*held, *known.values()), missing, newest


def _of_aws(arn: str, document: Mapping[str, Any]) -> Policy:
    return parse_policy(document, name=arn.rpartition("/")[2], arn=arn)


def _levels(account: str | None, kind: PolicyType, policies: PolicyEvidence, *, assume_allow: bool) -> tuple[PolicyLevel, ...] | None:
    """One level for each place of attachment, or set of targets where these are not known.

    AWS attaches a policy that allows everything by default: where a level shows no Allow of its own, that one is taken to be there too. A target
    that is an OU or a root is taken to hold the account.
    """
    held = [p for p in policies.organization if p.type is kind and _targets(p, account)]
    groups: dict[str, list[Policy]] = {}
    for found in held:
        for name in [level for holder, level in found.attached if holder == account] or [",".join(found.targets) or "organization"]:
            groups.setdefault(name, []).append(found.policy)
    levels = []
    for name, group in sorted(groups.items()):
        allows = any(s.effect == "Allow" for p in group for s in p.document.statements)
        default, statement = DEFAULTS[kind]
        extra = () if allows and not assume_allow else (parse_policy({"Version": "2012-10-17", "Statement": [statement]}, name=default),)
        levels.append(PolicyLevel(name=name, policies=(*group, *extra)))
    return tuple(levels) or None


def _targets(found: OrgPolicy, account: str | None) -> bool:
    owner = account_of(found.policy.arn)
    if owner is not None and owner == account:
        return False  # guardrails do not bind the management account
    return not found.targets or account in found.targets or any(not t.isdigit() for t in found.targets)


def find_endpoint(endpoint: str | None, policies: PolicyEvidence) -> tuple[Policy, ...] | None:
    """The policy of a VPC endpoint, named by its id or its ARN."""
    held = tuple(p.policy for p in policies.endpoints if endpoint and p.resource_arn.endswith(endpoint))
    return held or None


def policies_at(layer: PolicyType, held: PolicySet) -> tuple[Policy, ...]:
    """The policies of one layer; () where there are none."""
    one = (held.resource,) if held.resource else ()
    return {
        PolicyType.IDENTITY: held.identity,
        PolicyType.BOUNDARY: held.boundaries or (),
        PolicyType.SESSION: (*(held.session or ()), *held.scoped),
        PolicyType.SCP: tuple(policy for level in held.scps or () for policy in level.policies),
        PolicyType.RCP: tuple(policy for level in held.rcps or () for policy in level.policies),
        PolicyType.VPC_ENDPOINT: held.endpoint or (),
    }.get(layer, one)


_LAYERS = (PolicyType.IDENTITY, PolicyType.BOUNDARY, PolicyType.SESSION, PolicyType.SCP, PolicyType.RCP, PolicyType.RESOURCE, PolicyType.VPC_ENDPOINT)


def _all_of(held: PolicySet) -> tuple[Policy, ...]:
    return tuple(policy for layer in _LAYERS for policy in policies_at(layer, held))


def named_statements(named: Iterable[tuple[str, str]], held: PolicySet, layer: PolicyType) -> tuple[StatementRef, ...]:
    """The Deny statements that are meant by (URI of the policy, Sid). Without a URI, or with one that is no policy's ARN, the Sid alone has to be enough."""
    found = []
    for uri, sid in named:
        denies = [(policy, s) for policy in _all_of(held) for s in policy.document.statements if s.effect != "Allow" and s.sid == sid and sid]
        exact = [(policy, s) for policy, s in denies if uri in (policy.arn, policy.name)]
        if exact or (len(denies) == 1 and not uri.startswith("arn:")):
            policy, s = (exact or denies)[0]
            found.append(StatementRef(layer=layer, policy=policy.name, statement=s.label, policy_arn=policy.arn, index=s.index))
    return tuple(dict.fromkeys(found))


def statements_of(refs: tuple[StatementRef, ...], held: PolicySet) -> tuple[Statement, ...]:
    """The statements that the references mean, in their order; one that the set does not hold is left out."""
    policies = _all_of(held)
    found = []
    for ref in refs:
        hit = next((p for p in policies if p.name == ref.policy and p.arn == ref.policy_arn), None)
        found += [s for s in hit.document.statements if s.index == ref.index] if hit else []
    return tuple(found)


def grants_part(request: AccessRequest, held: PolicySet) -> bool:
    """Whether an Allow of the caller's own policies has the action, on a resource that the request's pattern may mean. Conditions are not looked at."""
    return any(
        s.effect == "Allow"
        and (any(action_matches(a, request.action) for a in s.actions) if s.actions else not any(action_matches(a, request.action) for a in s.not_actions))
        and (not s.resources or any(patterns_overlap(as_pattern(r), request.resource) for r in s.resources))
        for policy in held.identity
        for s in policy.document.statements
    )


def as_pattern(resource: str) -> str:
    """A `Resource` whose policy variables may be anything."""
    return re.sub(r"\$\{[^}]*\}", "*", resource)


def conditioned_on(key: str, request: AccessRequest, layer: PolicyType, policies: tuple[Policy, ...]) -> tuple[StatementRef, ...]:
    """The Allows of a layer that fit the request but for a condition on a key whose value is not known."""
    return tuple(
        StatementRef(layer=layer, policy=policy.name, statement=s.label, policy_arn=policy.arn, index=s.index)
        for policy in policies
        for s in policy.document.statements
        if s.effect == "Allow"
        and any(c.key.lower() == key.lower() for c in s.conditions)
        and any(action_matches(pattern, request.action) for pattern in s.actions)
        and (not s.resources or any(resource_matches(pattern, request.resource) for pattern in s.resources))
    )
