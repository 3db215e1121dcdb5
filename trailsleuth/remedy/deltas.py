"""From the findings that stand to one policy change for each attachment point."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from trailsleuth.iam.applies import find_principal
from trailsleuth.iam.match import covers_others, resource_matches
from trailsleuth.model import Cause, Delta, Finding, Placeholder, PolicyEvidence, PolicyType, Standing, account_of, parse_arn
from trailsleuth.patterns import late
from trailsleuth.remedy.denies import removals
from trailsleuth.remedy.presumed import with_own_sid
from trailsleuth.remedy.statements import grant
from trailsleuth.remedy.warnings import warnings_of

NO_DOCUMENT = (Cause.NO_POLICY_FIX, Cause.NOT_A_PERMISSION, Cause.UNKNOWN)
_PLACE = late(r"[\w+=,.@:/#-]+", re.ASCII)
OF_ROLES = (PolicyType.IDENTITY, PolicyType.TRUST, PolicyType.BOUNDARY)
NO_POLICY = (PolicyType.LAKE_FORMATION, PolicyType.OTHER)


class _Site(Struct):
    """One place where a document stands, and what it needs."""

    statements: list[dict[str, Any]] = field(default_factory=list)
    remove: list[Mapping[str, Any]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    behind: list[Finding] = field(default_factory=list)
    placeholders: list[Placeholder] = field(default_factory=list)


def propose_deltas(findings: tuple[Finding, ...], policies: PolicyEvidence) -> tuple[Delta, ...]:
    """The least change at each role, user, resource, trust, boundary, guardrail or endpoint; none for what no policy document cures."""
    sites: dict[tuple[PolicyType, str, str | None], _Site] = defaultdict(_Site)
    for finding in findings:
        if finding.standing not in (Standing.CAUSE, Standing.ALSO_NEEDED) or finding.cause in NO_DOCUMENT or finding.already:
            continue
        for layer in finding.policy_types:
            place = attachment(finding, layer, policies)
            if place is not None and layer not in NO_POLICY and _is_one_thing(place[0]):
                _need(sites[layer, *place], finding, layer)
    return tuple(
        Delta(
            policy_type=layer,
            account=account,
            attach_to=attach_to,
            statements=tuple(merge(site.statements)),
            remove=tuple(_unique(site.remove)),
            finding_ids=tuple(sorted(set(site.findings))),
            placeholders=tuple(dict.fromkeys(site.placeholders)),
            warnings=warnings_of(layer, attach_to, site.statements, site.behind, policies),
            maker=next((f.maker for f in site.behind if f.maker is not None), None) if layer in OF_ROLES else None,
        )
        for (layer, attach_to, account), site in sorted(sites.items(), key=lambda item: (item[0][1], item[0][0]))
        if site.statements or site.remove
    )


def _need(site: _Site, finding: Finding, layer: PolicyType) -> None:
    site.remove += removals(finding)
    if finding.cause is not Cause.EXPLICIT_DENY:
        statement, placeholders = grant(finding, layer)
        if statement is not None:
            site.statements.append(statement)
            site.placeholders += placeholders
    if site.statements or site.remove:
        site.findings.append(finding.id)
        site.behind.append(finding)


def attachment(finding: Finding, layer: PolicyType, policies: PolicyEvidence) -> tuple[str, str | None] | None:
    """Where the document of a layer hangs, and in which account; None where the evidence does not tell."""
    policies = policies.of(finding.requests[0].evaluated if finding.requests else "")
    match layer:
        case PolicyType.IDENTITY:
            holder = parse_arn(finding.principal)
            return (str(holder), holder.account) if holder is not None and holder.names_principal else None
        case PolicyType.TRUST:
            return (finding.resource, account_of(finding.resource)) if finding.resource and finding.resource.startswith("arn:") else None
        case PolicyType.RESOURCE:
            held = resource_holder(finding.resource)
            return (held, finding.resource_account) if held else None
        case PolicyType.BOUNDARY:
            principal = find_principal(finding.principal, policies)
            arn = finding.policy_arn or (principal.boundary_arn if principal else None)
            return (arn, account_of(arn) or finding.principal_account) if arn else None
        case PolicyType.SCP | PolicyType.RCP:
            arn = finding.policy_arn or _blocking(finding, layer) or _allow_list(finding, layer, policies)
            return (arn, account_of(arn)) if arn else None
        case PolicyType.VPC_ENDPOINT:
            arn = _blocking(finding, layer) or finding.endpoint
            return (arn, account_of(arn)) if arn else None
        case PolicyType.SESSION:
            caller = finding.session_caller
            return (caller, account_of(caller)) if caller and caller.startswith("arn:") else None
        case _:
            return None


def _is_one_thing(place: str | None) -> bool:
    """A place that a policy can hang on: no pattern, no variable, nothing that a shell, a template or a terminal would make more of."""
    return place is None or _PLACE.fullmatch(place) is not None


def _blocking(finding: Finding, layer: PolicyType) -> str | None:
    return next((ref.policy_arn for ref in finding.blocking if ref.layer is layer and ref.policy_arn), None)


def _allow_list(finding: Finding, layer: PolicyType, policies: PolicyEvidence) -> str | None:
    """The one guardrail of the account that allows by a list, and so leaves this action out; None where there is none or several."""
    account = finding.principal_account if layer is PolicyType.SCP else finding.resource_account
    lists = [
        held.policy.arn
        for held in policies.organization
        if held.type is layer and (not held.targets or account in held.targets)
        if any(s.effect == "Allow" and "*" not in s.actions for s in held.policy.document.statements)
    ]
    return lists[0] if len(lists) == 1 else None


def resource_holder(resource: str | None) -> str | None:
    """The resource that carries the policy: the bucket or the access point of an object, the function of a version, else the resource itself."""
    if resource is None or not resource.startswith("arn:"):
        return None
    arn = parse_arn(resource)
    if arn is not None and arn.service == "s3" and arn.resource.startswith("accesspoint/"):
        return "/".join(resource.split("/")[:2])
    if arn is not None and arn.service == "s3":
        return f"arn:{arn.partition}:s3:::{arn.resource.partition('/')[0]}"
    if arn is not None and arn.service == "lambda" and arn.resource.startswith("function:") and arn.resource.count(":") == 2:
        return resource.rpartition(":")[0]
    return resource


def merge(statements: list[dict[str, Any]], *, whole: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    """Statements that differ only in their actions, then only in their resources, put together; sorted, each once.

    Actions are merged first: `{a, b} on x` stays one statement, and no pair of action and resource is allowed that was not asked for. `whole`: actions
    that are checked on several kinds of resources at once, whose resources stay in one statement.
    """
    uncovered = _without_covered(statements)
    apart = [statement for statement in uncovered if statement["Action"] in whole]
    return sorted([*_merged(s for s in uncovered if s["Action"] not in whole), *_merged_whole(apart)], key=_key)


def _merged_whole(statements: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each action with all of its resources, and actions with the very same ones together."""
    by_action: dict[str, tuple[dict[str, Any], set[str]]] = {}
    for statement in statements:
        rest = {k: v for k, v in statement.items() if k != "Resource"}
        by_action.setdefault(_key(rest), (rest, set()))[1].add(statement["Resource"])
    by_resources: dict[str, tuple[dict[str, Any], set[str]]] = {}
    for rest, resources in by_action.values():
        body = {k: v for k, v in rest.items() if k != "Action"} | {"Resource": _one_or_list(resources)}
        by_resources.setdefault(_key(body), (body, set()))[1].add(rest["Action"])
    yield from (with_own_sid(_ordered(body | {"Action": _one_or_list(actions)})) for body, actions in by_resources.values())


def _merged(statements: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    by_rest: dict[str, tuple[dict[str, Any], set[str]]] = {}
    for statement in statements:
        rest = {k: v for k, v in statement.items() if k != "Action"}
        by_rest.setdefault(_key(rest), (rest, set()))[1].add(statement["Action"])
    by_actions: dict[str, tuple[dict[str, Any], set[str]]] = {}
    for rest, actions in by_rest.values():
        body = {k: v for k, v in rest.items() if k != "Resource"} | {"Action": _one_or_list(actions)}
        by_actions.setdefault(_key(body), (body, set()))[1].update([rest["Resource"]] if "Resource" in rest else [])
    merged = [_ordered(body | ({"Resource": _one_or_list(resources)} if resources else {})) for body, resources in by_actions.values()]
    return [with_own_sid(statement) for statement in merged]


def _without_covered(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The statements (of one action and at most one resource each) without those that a wider one beside them already allows."""
    wide: dict[str, set[str]] = defaultdict(set)
    for statement in statements:
        if "Resource" in statement and covers_others(statement["Resource"]):
            wide[_but_resource(statement)].add(statement["Resource"])

    def is_covered(statement: dict[str, Any]) -> bool:
        resource = statement["Resource"]
        return any(wider != resource and resource_matches(wider, resource) for wider in wide[_but_resource(statement)])

    return [s for s in statements if "Resource" not in s or not is_covered(s)] if wide else statements


def _but_resource(statement: Mapping[str, Any]) -> str:
    return _key({k: statement.get(k) for k in ("Principal", "Action", "Condition")})


def _ordered(statement: dict[str, Any]) -> dict[str, Any]:
    return {name: statement[name] for name in ("Sid", "Effect", "Principal", "Action", "Resource", "Condition") if name in statement}


def _one_or_list(values: set[str]) -> str | list[str]:
    ordered = sorted(values)
    return ordered[0] if len(ordered) == 1 else ordered


def _unique(entries: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list({_key(entry): entry for entry in entries}.values())


def _key(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, default=str)
