"""The least statement that allows what one finding needs, at the place where it must be allowed."""

from __future__ import annotations

from typing import Any

from trailsleuth.catalog.actions import resource_types, takes_resource
from trailsleuth.catalog.evaluation import gateway_endpoint_services
from trailsleuth.catalog.own_stars import parts_of, writable
from trailsleuth.catalog.resource_policies import can_carry_policy, shape_of
from trailsleuth.catalog.services import is_service_name
from trailsleuth.iam.keys import is_absent
from trailsleuth.model import Finding, Placeholder, PolicyType, parse_arn
from trailsleuth.model.written import Blank, Literal, Part, Pattern, holds_signs, written
from trailsleuth.patterns import late
from trailsleuth.remedy.conditions import fit_conditions, with_source
from trailsleuth.remedy.presumed import presumed_sid

_BLANK = late(r"\$\{([^}]+)\}")
_PLAIN = late(r"[A-Za-z0-9-]+")


def resource_for(finding: Finding) -> tuple[str | None, tuple[Placeholder, ...]]:
    """The Resource of an Allow: the ARN (a short-lived id widened within its type), `*` where the action takes none, else an ARN with placeholders.

    None for a text that IAM would not take as an ARN.
    """
    if finding.resource is not None:
        parts = finding.resource_parts or parts_of(finding.resource, finding.iam_action or "")
        return (written(*parts) if writable(parts) else None), ()
    action = finding.iam_action or ""
    if takes_resource(action) is False:
        return "*", ()
    forms = [form for kind in resource_types(action) if kind.required for form in kind.arn_formats] or [
        form for kind in resource_types(action) for form in kind.arn_formats
    ]
    parts = _with_place(forms[0] if forms else "${ResourceArn}", finding)
    if is_unmade(finding) and [part.name.endswith("Id") for part in parts if isinstance(part, Blank)] == [True]:
        return written(*(Pattern("*") if isinstance(part, Blank) else part for part in parts)), ()
    name = next((part.name for part in parts if isinstance(part, Blank)), "ResourceArn")
    how = (
        f"look at what {finding.evidence[0].event_name if finding.evidence else 'the call'} was asked to work on"
        if finding.evidence
        else "see the caller's input"
    )
    return written(*parts), (Placeholder(name=name, why="the record does not show the resource", how_to_find=how),)


def is_unmade(finding: Finding) -> bool:
    """The call itself makes what it works on: nobody knows the id before AWS gives it, and the next one has another."""
    return finding.resource is None and any(is_absent("aws:resourcetag/", {key.lower() for key in request.absent}) for request in finding.requests)


def _with_place(form: str, finding: Finding) -> tuple[Part, ...]:
    """An ARN form with partition, account and region filled in as far as they are known; its other parts are left for the reader."""
    arn = parse_arn(finding.principal)
    place = {"Partition": arn.partition if arn else "aws", "Account": finding.resource_account or finding.principal_account or "", "Region": _region(finding)}
    pieces = _BLANK.split(form)
    parts: list[Part] = [Pattern(pieces[0])]
    for name, text in zip(pieces[1::2], pieces[2::2], strict=True):
        known = place.get(name, "")
        parts += [Literal(known) if known and _PLAIN.fullmatch(known) else Blank(name), Pattern(text)]
    return tuple(parts)


def _region(finding: Finding) -> str:
    return finding.evidence[0].region if finding.evidence else ""


def grant(finding: Finding, at: PolicyType) -> tuple[dict[str, Any] | None, tuple[Placeholder, ...]]:
    """The statement to add at one layer; None where no Allow there can help."""
    conditions = fit_conditions(finding)
    if conditions is None or finding.iam_action is None:
        return None, ()
    statement: dict[str, Any] = {**_mark(finding.iam_action, finding), "Effect": "Allow"}
    placeholders = conditions.placeholders
    if at in (PolicyType.RESOURCE, PolicyType.TRUST, PolicyType.VPC_ENDPOINT):
        principal = principal_element(finding) or (_stranger(finding) if at is PolicyType.VPC_ENDPOINT else None)
        if principal is None or not _takes(at, finding):
            return None, ()
        principal = _as_account(principal) if at is PolicyType.RESOURCE and shape_of(finding.iam_action).get("whole_account") else principal
        statement["Principal"] = principal
    statement["Action"] = finding.iam_action
    if at is not PolicyType.TRUST:
        resource, unknown = resource_for(finding)
        if resource is None:
            return None, ()
        placeholders += unknown
        statement["Resource"] = "*" if at is PolicyType.RESOURCE and finding.iam_action.startswith("kms:") else resource
    if at is PolicyType.RESOURCE and shape_of(finding.iam_action).get("resource") is False:
        del statement["Resource"]
    guarded = with_source(conditions.element, statement.get("Principal", {}), finding)
    if at is PolicyType.VPC_ENDPOINT and finding.principal is None:
        guarded = _own_id(guarded, finding)
    if guarded:
        statement["Condition"] = guarded
    return statement, placeholders


def _takes(at: PolicyType, finding: Finding) -> bool:
    """Whether a policy of that place can carry the action at all."""
    action = (finding.iam_action or "").lower()
    if at is PolicyType.TRUST:
        return action.startswith("sts:")
    return at is not PolicyType.RESOURCE or can_carry_policy(action, finding.resource)


def _stranger(finding: Finding) -> dict[str, str] | None:
    """The endpoint's owner sees of a caller its account and its unique id alone. At a gateway endpoint an account means its root user, so that everybody is
    named there and the condition says who.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
    """
    account = finding.principal_account
    if not account or not _PLAIN.fullmatch(_unique_id(finding).replace(":", "").replace("@", "")):
        return None
    return {"AWS": "*" if (finding.iam_action or "").partition(":")[0] in gateway_endpoint_services() else account}


def _own_id(element: dict[str, dict[str, Any]], finding: Finding) -> dict[str, dict[str, Any]]:
    """The condition with the caller's unique id; of a role, whose sessions are `id:name`, all of its sessions."""
    unique = _unique_id(finding)
    role = unique.startswith("AROA") and ":" not in unique
    told = {"StringLike" if role else "StringEquals": {"aws:userid": f"{unique}:*" if role else unique}}
    return {**element, **{operator: {**element.get(operator, {}), **keys} for operator, keys in told.items()}}


def _unique_id(finding: Finding) -> str:
    return next((request.principal_id for request in finding.requests if request.principal_id), "")


def _as_account(principal: dict[str, str]) -> dict[str, str]:
    """The account of the principal, for a policy that takes nobody smaller."""
    arn = parse_arn(principal.get("AWS"))
    return {"AWS": f"arn:{arn.partition}:iam::{arn.account}:root"} if arn is not None and arn.account else principal


def _mark(action: str, finding: Finding) -> dict[str, str]:
    """A presumed action is marked as such, unless the message of a refusal names it."""
    named = any(action.lower() in (cited.error_message or "").lower() for cited in finding.evidence)
    return {} if named else presumed_sid(action)


def principal_element(finding: Finding) -> dict[str, str] | None:
    """Whom a resource or trust policy must name: the role or user, a service, an identity provider. None where that would be a pattern."""
    who = finding.principal or finding.grantee
    if not who or holds_signs(who):
        return None
    if finding.principal is None:
        return {"Federated": who}
    if who.startswith("arn:"):
        return {"AWS": who}
    return {"Service": who} if is_service_name(who) else None
