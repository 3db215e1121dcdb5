"""What IAM would decide on one request, by policies that were read already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from trailsleuth.catalog.actions import nearest, services_with
from trailsleuth.catalog.operations import meant_action
from trailsleuth.errors import UsageError
from trailsleuth.iam.applies import find_principal, policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.iam.requests import answer_of, meant
from trailsleuth.model import AccessRequest, IamPrincipal, PolicyEvidence, Verdict, account_of, parse_arn, role_of_session

_SHOWN = 5  # names of what there is instead


def simulate_by(
    policies: PolicyEvidence, *, principal: str, action: str, resource: str, context: Mapping[str, tuple[str, ...]] | None = None
) -> list[dict[str, Any]]:
    """One answer, in the contract's form. A key that is not given is unknown, and policies that the evidence lacks leave the decision undecided.

    So does a principal that a snapshot of its account lacks, or an action that does not exist: `notes` say what there is.
    Raises UsageError for an action without a service prefix, a pattern, or a principal or resource that is not an ARN.
    """
    check_form(action, resource)
    _check_principal(principal, policies)
    holder = find_principal(principal, policies)
    given = dict(context or {})
    known = {**_told_by(holder, principal), **given}
    request = AccessRequest(principal=principal, action=action, resource=resource, context=known, principal_id=holder.unique_id or None if holder else None)
    asked = meant(request)
    answer = answer_of(decide(asked, policies_for(asked, policies)), action=action)
    missing = list(_not_there(principal, holder, policies))
    if (missing and account_of(principal) in _snapshots(policies)) or meant_action(action) is None:
        answer |= {"decision": str(Verdict.UNDECIDED), "blocked_by": [], "matched": [], "near_misses": []}
    return [{**answer, "notes": [*answer["notes"], *missing]}]


def check_form(action: str, resource: str) -> None:
    """Raises UsageError for what is not one action on one resource."""
    prefix, colon, name = action.partition(":")
    if not colon:
        arn = parse_arn(resource)
        services = sorted(services_with(action), key=lambda service: arn is None or service != arn.service)
        near = [f"{service}:{action}" for service in services][:_SHOWN]
        raise UsageError(f"{action} has no service prefix", next_step=f"did you mean {', '.join(near)}?" if near else "write it as IAM does: s3:GetObject")
    if not prefix or not name or "*" in action or "?" in action:
        near = list(nearest(action.rstrip("*?")))
        raise UsageError(f"{action} is not one action", next_step=f"name one: {', '.join(near)}" if near else "write it as IAM does: s3:GetObject")
    if resource != "*" and parse_arn(resource) is None:
        raise UsageError(f"the resource {resource!r} is not an ARN", next_step="give its ARN, or * where the action takes no resource")


def _check_principal(principal: str, policies: PolicyEvidence) -> None:
    """A name alone could be anybody's."""
    if parse_arn(principal) is None and not principal.endswith((".amazonaws.com", ".amazonaws.com.cn")) and not (principal.isdigit() and len(principal) == 12):
        there = _near(principal, policies)
        raise UsageError(f"the principal {principal!r} is not an ARN", next_step=f"there is {', '.join(there)}" if there else "name a role, user or service")


def _not_there(principal: str, holder: IamPrincipal | None, policies: PolicyEvidence) -> Iterator[str]:
    """That the evidence holds no such role or user, and what it holds."""
    arn = parse_arn(role_of_session(principal) or principal)
    if holder is not None or arn is None or arn.service != "iam" or not arn.resource.startswith(("role/", "user/")):
        return
    there = _near(principal, policies)
    told = f"there is {', '.join(there)}" if there else "it holds no identity policies at all; add `aws iam get-account-authorization-details`"
    yield f"no principal {principal} is in the evidence: {told}"


def _near(principal: str, policies: PolicyEvidence) -> list[str]:
    """The principals of the snapshots, those of a near name first."""
    named = {one.arn.rpartition("/")[2]: one.arn for one in policies.principals}
    wanted = (role_of_session(principal) or principal).rpartition("/")[2]
    near = [named[name] for name in get_close_matches(wanted, named, n=3, cutoff=0.6)]
    return [*near, *sorted(arn for arn in named.values() if arn not in near)][:_SHOWN]


def _snapshots(policies: PolicyEvidence) -> set[str | None]:
    """The accounts whose principals are in the evidence."""
    return {account_of(one.arn) for one in policies.principals}


def _told_by(holder: IamPrincipal | None, principal: str) -> dict[str, tuple[str, ...]]:
    """The keys that the snapshot tells of a principal: its ARN with the path, and its tags (a session may have more)."""
    if holder is None:
        return {}
    tags: dict[str, tuple[str, ...]] = {f"aws:PrincipalTag/{key}": (value,) for key, value in holder.tags.items()}
    return {**tags, "aws:PrincipalArn": (holder.arn,)} if role_of_session(principal) else tags
