"""What IAM would decide on one request, by the policies in saved evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trailsleuth.api.cases import load
from trailsleuth.iam.applies import find_principal, policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.iam.requests import answer_of, meant
from trailsleuth.model import AccessRequest, IamPrincipal, role_of_session


def simulate(
    paths: Sequence[str],
    *,
    principal: str,
    action: str,
    resource: str,
    context: Mapping[str, tuple[str, ...]] | None = None,
    stdin: bytes | None = None,
) -> list[dict[str, Any]]:
    """One answer, in the contract's form. A key that is not given is unknown, and policies that the evidence lacks leave the decision undecided."""
    policies = load(paths, stdin=stdin).evidence.policies
    holder = find_principal(principal, policies)
    given = dict(context or {})
    known = {**_told_by(holder, principal), **given}
    request = AccessRequest(principal=principal, action=action, resource=resource, context=known, principal_id=holder.unique_id or None if holder else None)
    asked = meant(request)
    return [answer_of(decide(asked, policies_for(asked, policies)), action=action)]


def _told_by(holder: IamPrincipal | None, principal: str) -> dict[str, tuple[str, ...]]:
    """The keys that the snapshot tells of a principal: its ARN with the path, and its tags (a session may have more)."""
    if holder is None:
        return {}
    tags: dict[str, tuple[str, ...]] = {f"aws:PrincipalTag/{key}": (value,) for key, value in holder.tags.items()}
    return {**tags, "aws:PrincipalArn": (holder.arn,)} if role_of_session(principal) else tags
