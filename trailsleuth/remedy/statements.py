"""The least statement that allows what one finding needs, at the place where it must be allowed."""

from __future__ import annotations

from typing import Any

from trailsleuth.catalog.actions import resource_types, takes_resource
from trailsleuth.catalog.short_lived import widened
from trailsleuth.model import Finding, Placeholder, PolicyType, parse_arn
from trailsleuth.remedy.conditions import fit_conditions
from trailsleuth.remedy.presumed import presumed_sid


def resource_for(finding: Finding) -> tuple[str, tuple[Placeholder, ...]]:
    """The Resource of an Allow: the ARN (a short-lived id widened within its type), `*` where the action takes none, else an ARN with placeholders."""
    if finding.resource is not None:
        return widened(finding.resource), ()
    action = finding.iam_action or ""
    if takes_resource(action) is False:
        return "*", ()
    forms = [form for kind in resource_types(action) if kind.required for form in kind.arn_formats] or [
        form for kind in resource_types(action) for form in kind.arn_formats
    ]
    form = forms[0] if forms else "${ResourceArn}"
    arn = parse_arn(finding.principal)
    place = {"Partition": arn.partition if arn else "aws", "Account": finding.resource_account or finding.principal_account or "", "Region": _region(finding)}
    for name, value in place.items():
        form = form.replace("${" + name + "}", value) if value else form
    name = form.partition("${")[2].partition("}")[0] or "ResourceArn"
    how = (
        f"look at what {finding.evidence[0].event_name if finding.evidence else 'the call'} was asked to work on"
        if finding.evidence
        else "see the caller's input"
    )
    return form, (Placeholder(name=name, why="the record does not show the resource", how_to_find=how),)


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
        principal = principal_element(finding)
        if principal is None:
            return None, ()
        statement["Principal"] = principal
    statement["Action"] = finding.iam_action
    if at is not PolicyType.TRUST:
        resource, unknown = resource_for(finding)
        placeholders += unknown
        statement["Resource"] = "*" if at is PolicyType.RESOURCE and finding.iam_action.startswith("kms:") else resource
    if conditions.element:
        statement["Condition"] = conditions.element
    return statement, placeholders


def _mark(action: str, finding: Finding) -> dict[str, str]:
    """A presumed action is marked as such, unless the message of a refusal names it."""
    named = any(action.lower() in (cited.error_message or "").lower() for cited in finding.evidence)
    return {} if named else presumed_sid(action)


def principal_element(finding: Finding) -> dict[str, str] | None:
    """Whom a resource or trust policy must name: the role or user, a service, an identity provider."""
    if finding.principal is None:
        return {"Federated": finding.grantee} if finding.grantee else None
    if finding.principal.startswith("arn:"):
        return {"AWS": finding.principal}
    return {"Service": finding.principal} if "amazonaws.com" in finding.principal else None
