"""A role's trust policy does not let the caller in.

Sees:  a refused AssumeRole (or a service that could not take its role), and the decision of the role's trust policy.
Why:   STS gives no reason; the trust may not name the caller, name one that was deleted, name it for another way in, or hang on a condition.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
Sure:  shown where the trust policy is in the evidence, or AWS names it. Else nobody knows: a role that is absent, or was made seconds ago, is refused in the
       same words.
"""

from __future__ import annotations

from trailsleuth.analyze.claim import Claim, nearest
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.iam.applies import TRUST_ACTIONS, find_principal
from trailsleuth.model import Cause, LayerDecision, Mismatch, NearMiss, PolicyEvidence, PolicyType, StatementRef, Verdict, account_of


def trust_claim(refusal: Refusal, found: LayerDecision | None, policies: PolicyEvidence) -> Claim:
    """A role's trust policy that does not let the caller in: by condition, by a principal id that no longer exists, or by not naming it."""
    if found is not None and found.verdict is Verdict.UNDECIDED and found.missing_context:
        return Claim(layers=(PolicyType.TRUST,), cause=Cause.CONDITION_MISMATCH, mismatch=Mismatch(part="condition", key=found.missing_context[0]), sure=False)
    if found is None or found.verdict is Verdict.UNDECIDED:
        named = refusal.denial.policy_type is not None and refusal.denial.cause is None  # AWS's own sentence, not that of the service that took the role
        return Claim(layers=(PolicyType.TRUST,), cause=Cause.UNTRUSTED_PRINCIPAL if named else Cause.UNKNOWN, sure=False)
    if found.verdict is Verdict.ALLOWED:
        return Claim(layers=(), cause=Cause.NOT_A_PERMISSION, rule="not-settled")  # a role just made, or a change on its way: the call has to be repeated
    if found.verdict is Verdict.EXPLICITLY_DENIED:
        return Claim(layers=(PolicyType.TRUST,), cause=Cause.EXPLICIT_DENY, blocking=found.matched)
    near, part = nearest(found)
    if part is not None and part.part == "condition":
        return Claim(layers=(PolicyType.TRUST,), cause=Cause.CONDITION_MISMATCH, blocking=(near.statement,) if near else (), mismatch=part)
    other = _for_another_way_in(found)
    if other is not None:
        return Claim(layers=(PolicyType.TRUST,), cause=Cause.UNTRUSTED_PRINCIPAL, blocking=(other.statement,), mismatch=other.mismatches[0])
    stale = stale_statements(refusal, policies)
    if stale:
        return Claim(layers=(PolicyType.TRUST,), cause=Cause.STALE_PRINCIPAL, blocking=stale)
    return Claim(layers=(PolicyType.TRUST,), cause=Cause.UNTRUSTED_PRINCIPAL)


def _for_another_way_in(found: LayerDecision) -> NearMiss | None:
    """The statement that names the caller, whose conditions do not speak against it, and that allows it another way in alone: STS takes a role by three
    actions, one for principals of AWS, one for tokens and one for SAML assertions.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    """
    near = (miss for miss in found.near_misses if miss.effect == "Allow" and [part.part for part in miss.mismatches] == ["action"])
    return next((miss for miss in near if any(action.lower().startswith(TRUST_ACTIONS) for action in miss.mismatches[0].wanted)), None)


def stale_statements(refusal: Refusal, policies: PolicyEvidence) -> tuple[StatementRef, ...]:
    """Trust statements that name a unique id (`AROA…`, `AIDA…`): IAM shows one where the role or user was deleted, even if one of its name exists again.

    An id that the snapshot lacks is taken for a deleted principal's only where the snapshots of caller and role are whole: a partial one lacks
    the living, too.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    target = find_principal(refusal.resource, policies)
    if target is None or target.trust is None or {account_of(refusal.principal), account_of(target.arn)} & set(policies.partial_accounts):
        return ()
    live = {p.unique_id for p in policies.principals}
    return tuple(
        StatementRef(layer=PolicyType.TRUST, policy=target.trust.name, statement=s.label, policy_arn=target.arn, index=s.index)
        for s in target.trust.document.statements
        if s.principals and any(k == "AWS" and v.startswith(("AROA", "AIDA")) and v not in live for k, v in s.principals.entries)
    )
