"""What IAM would decide on one request, by the policies in saved evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trailsleuth.api.cases import load
from trailsleuth.api.decisions import check_form, simulate_by


def simulate(
    paths: Sequence[str],
    *,
    principal: str,
    action: str,
    resource: str,
    context: Mapping[str, tuple[str, ...]] | None = None,
    stdin: bytes | None = None,
) -> list[dict[str, Any]]:
    """One answer, in the contract's form. A key that is not given is unknown, and policies that the evidence lacks leave the decision undecided.

    So does a principal that a snapshot of its account lacks, or an action that does not exist: `notes` say what there is.
    Raises UsageError for an action without a service prefix, a pattern, or a principal or resource that is not an ARN.
    """
    check_form(action, resource)
    return simulate_by(load(paths, stdin=stdin).evidence.policies, principal=principal, action=action, resource=resource, context=context)
