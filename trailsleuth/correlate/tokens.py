"""Denied tokens whose record names no role: which role they asked for, as far as its trust policy tells."""

from __future__ import annotations

from trailsleuth.iam.applies import find_principal
from trailsleuth.iam.trust_texts import is_about, is_written_for
from trailsleuth.model import PolicyEvidence, Record, account_of


def asks_for(record: Record, role: str, policies: PolicyEvidence) -> bool:
    """A web identity that was denied without a role in its record, and the role's trust is written for this very token, or for no other of its provider."""
    who = record.identity
    if record.denial is None or who.type != "WebIdentityUser" or record.denial.resource is not None or "roleArn" in record.request:
        return False
    held = find_principal(role, policies)
    if held is None or not who.identity_provider or not is_about(held, who.identity_provider):
        return False
    rivals = [p for p in policies.principals if p is not held and account_of(p.arn) == account_of(held.arn) and is_about(p, who.identity_provider)]
    return is_written_for(held, who.user_name or "") or not rivals
