"""The least statement that allows what one finding needs, at the place where it must be allowed."""

from __future__ import annotations

from typing import Any

from trailsleuth.catalog.actions import resource_types, takes_resource
from trailsleuth.catalog.short_lived import widened
from trailsleuth.model import Cause, Finding, Mismatch, Placeholder, PolicyType, parse_arn

REQUEST_SIDE = (
    "aws:multifactorauthpresent",
    "aws:multifactorauthage",
    "aws:securetransport",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpcsourceip",
    "aws:requesttag/",
    "aws:tagkeys",
    "s3:x-amz-",
)  # keys (or their beginnings) that tell how a call was made or what it asked for: the caller has to call otherwise, the policy stays
FITTING = ("stringequals", "stringlike", "stringequalsignorecase", "arnequals", "arnlike", "bool")  # operators that a given value can simply be put under


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
    conditions = _conditions(finding)
    if conditions is None or finding.iam_action is None:
        return None, ()
    statement: dict[str, Any] = {"Effect": "Allow"}
    placeholders: tuple[Placeholder, ...] = ()
    if at in (PolicyType.RESOURCE, PolicyType.TRUST, PolicyType.VPC_ENDPOINT):
        principal = principal_element(finding)
        if principal is None:
            return None, ()
        statement["Principal"] = principal
    statement["Action"] = finding.iam_action
    if at is not PolicyType.TRUST:
        resource, placeholders = resource_for(finding)
        statement["Resource"] = "*" if at is PolicyType.RESOURCE and finding.iam_action.startswith("kms:") else resource
    if conditions:
        statement["Condition"] = conditions
    return statement, placeholders


def principal_element(finding: Finding) -> dict[str, str] | None:
    """Whom a resource or trust policy must name: the role or user, a service, an identity provider."""
    if finding.principal is None:
        return {"Federated": finding.grantee} if finding.grantee else None
    if finding.principal.startswith("arn:"):
        return {"AWS": finding.principal}
    return {"Service": finding.principal} if "amazonaws.com" in finding.principal else None


def _conditions(finding: Finding) -> dict[str, dict[str, Any]] | None:
    """The conditions of the new statement: those of the statement that nearly applied, with the failed one made to fit the request; None where it is
    the call that must change."""
    wanted: dict[str, dict[str, Any]] = {op: dict(keys) for op, keys in finding.conditions.items()}
    if finding.principal is None and finding.grantee and finding.cause is not Cause.CONDITION_MISMATCH:
        return _token_conditions(finding)
    if finding.cause is not Cause.CONDITION_MISMATCH or wanted:
        return wanted
    part = finding.mismatch
    near = finding.statements[0] if finding.statements else None
    if part is None or near is None or not _fits(part.operator) or part.key.lower().startswith(REQUEST_SIDE):
        return None
    for condition in near.conditions:
        values = _fitted(condition.key, condition.operator, condition.values, part, finding)
        if values is None:
            if not _cannot_be_sent(part.key, finding):
                return None
            continue
        wanted.setdefault(condition.operator, {})[condition.key] = values[0] if len(values) == 1 else list(values)
    return wanted


def _cannot_be_sent(key: str, finding: Finding) -> bool:
    """CodePipeline sends no external id when it assumes an action role: there the condition itself has to go, for this one role.

    Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create-cross-account.html (the trust it asks for has none)
    """
    return key.lower() == "sts:externalid" and finding.session_caller == "codepipeline.amazonaws.com"


def _fits(operator: str) -> bool:
    """The operator compares for equality: a date, a number or a negation has no single value that a policy should name."""
    return operator.lower().removesuffix("ifexists").rpartition(":")[2] in FITTING


def _fitted(key: str, operator: str, values: tuple[str, ...], part: Mismatch, finding: Finding) -> tuple[str, ...] | None:
    """The values of one condition: kept, or what the request carried; None drops a key that the request did not carry (or whose value is unknown)."""
    failed = {(part.key.lower(), part.operator.lower())}
    if (key.lower(), operator.lower()) not in failed:
        return values
    given = part.given or _context(finding, key)
    return given or None


def _context(finding: Finding, key: str) -> tuple[str, ...]:
    for request in finding.requests:
        for name, values in request.context.items():
            if name.lower() == key.lower():
                return values
    return ()


def _token_conditions(finding: Finding) -> dict[str, dict[str, Any]]:
    """Audience and subject of the presented token: a provider let in without them would let in everybody who has an account there.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html
    """
    keys = {k: v for request in finding.requests for k, v in request.context.items() if k.endswith((":aud", ":sub"))}
    return {"StringEquals": {k: v[0] for k, v in sorted(keys.items())}} if keys else {}
