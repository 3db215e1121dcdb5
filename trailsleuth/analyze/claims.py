"""What a refusal comes down to: the layers that must change and why, from the message first, then from the policies.

Sees:  one refusal, and the decision of the policies in the evidence on its request.
Why:   a message names one policy type even where several refuse; policies tell the rest. Where both speak, the message holds: it is what AWS decided.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
Sure:  a layer named by the message is observed; one found by evaluation is inferred.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from trailsleuth.analyze.refusals import Refusal
from trailsleuth.catalog.passed_roles import passing_rows
from trailsleuth.catalog.resource_policies import can_carry_policy
from trailsleuth.iam.applies import conditioned_on, find_principal, policies_for, statements_of
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import (
    AccessRequest,
    Cause,
    Decision,
    Effect,
    LayerDecision,
    Mismatch,
    NearMiss,
    Policy,
    PolicyEvidence,
    PolicySet,
    PolicyType,
    Statement,
    StatementRef,
    Verdict,
    account_of,
    parse_arn,
)

GUARDS = (PolicyType.SCP, PolicyType.RCP, PolicyType.BOUNDARY, PolicyType.SESSION, PolicyType.VPC_ENDPOINT)
SIDES = (PolicyType.IDENTITY, PolicyType.RESOURCE, PolicyType.TRUST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing that must change: the layers (one, or both sides for one cause), the cause, and the statements that deny or misfit.

    `observed`: the refusal itself names the layer, or nothing but it can be meant. `sure` false: by elimination or by default, not shown.
    `mismatch` is the part of the nearest statement that failed. `already` true: the policies in the evidence allow it, against the message.
    """

    layers: tuple[PolicyType, ...]
    cause: Cause
    policy_arn: str | None = None
    blocking: tuple[StatementRef, ...] = ()
    statements: tuple[Statement, ...] = ()  # what `blocking` refers to
    mismatch: Mismatch | None = None
    observed: bool = True
    sure: bool = True
    already: bool = False


def weigh(refusal: Refusal, policies: PolicyEvidence, session_policy: tuple[Policy, ...] | None = None) -> tuple[tuple[Claim, ...], Decision | None]:
    """The claims that a refusal comes down to, the message's own first; and the policies' decision, None where nothing could be decided."""
    denial = refusal.denial
    fixed = _beyond_policies(refusal, policies)
    if fixed is not None:
        return (fixed,), None
    if refusal.request is None or refusal.iam_action is None:
        layers = (denial.policy_type,) if denial.policy_type else ()
        cause = denial.cause or (Cause.EXPLICIT_DENY if denial.effect is Effect.EXPLICIT else Cause.UNKNOWN)
        return (Claim(layers=layers, cause=cause, policy_arn=denial.policy_arn, sure=False),), None
    held = policies_for(refusal.request, policies, session=session_policy, endpoint=refusal.first.vpc_endpoint_id)
    decision = decide(refusal.request, held)
    claims = tuple(_with_unsure_statement(c, refusal.request, held) for c in _claims(refusal, decision, policies))
    return tuple(replace(c, statements=statements_of(c.blocking, held)) for c in claims), decision


def _with_unsure_statement(claim: Claim, request: AccessRequest, held: PolicySet) -> Claim:
    """A condition whose value the trail does not show: the statement that hangs on it."""
    if claim.cause is not Cause.CONDITION_MISMATCH or claim.blocking or claim.mismatch is None:
        return claim
    resource = (held.resource,) if held.resource else ()
    policies = held.identity if PolicyType.IDENTITY in claim.layers else resource
    return replace(claim, blocking=conditioned_on(claim.mismatch.key, request, policies)[:1])


def _claims(refusal: Refusal, decision: Decision, policies: PolicyEvidence) -> tuple[Claim, ...]:
    if refusal.denial.effect is Effect.EXPLICIT:
        own = _explicit(refusal, decision)
        return (own, *(c for c in _besides(own, refusal, decision, policies) if c.cause is Cause.EXPLICIT_DENY))
    if is_service_linked(refusal.principal) and refusal.denial.policy_type in (None, PolicyType.IDENTITY, PolicyType.RESOURCE):
        return (Claim(layers=(PolicyType.RESOURCE,), cause=Cause.MISSING_ALLOW),)
    if refusal.denial.policy_type is None:
        return _by_policies(refusal, decision, policies)
    own = _of_layer(refusal, refusal.denial.policy_type, decision, policies)
    return (own, *_besides(own, refusal, decision, policies))


def is_service_linked(principal: str | None) -> bool:
    """Nobody can edit a service-linked role's policies: what it lacks, the resource must grant.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
    """
    return ":role/aws-service-role/" in (principal or "")


def _beyond_policies(refusal: Refusal, policies: PolicyEvidence) -> Claim | None:
    """Refusals that no policy decides: by wording, a role passed across accounts, an AWS managed key used from outside, grants of other kinds."""
    denial = refusal.denial
    if denial.cause in (Cause.NO_POLICY_FIX, Cause.NOT_A_PERMISSION, Cause.UNKNOWN):
        return Claim(layers=(), cause=denial.cause)
    if (refusal.iam_action == "iam:PassRole" and refusal.cross_account) or _handed_across(refusal):
        return Claim(layers=(), cause=Cause.NO_POLICY_FIX)
    if refusal.cross_account and _is_aws_managed_key(refusal, policies):
        return Claim(layers=(), cause=Cause.NO_POLICY_FIX)
    if _owner_only(refusal, policies):
        return Claim(layers=(), cause=Cause.NO_POLICY_FIX)
    if denial.policy_type in (PolicyType.LAKE_FORMATION, PolicyType.OTHER):
        return Claim(layers=(denial.policy_type,), cause=denial.cause or Cause.MISSING_ALLOW)
    return None


def _handed_across(refusal: Refusal) -> bool:
    """A service was handed a role of another account than the call's own: whatever the text says, a role is passed only inside its account.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    call = refusal.first
    by_service = refusal.principal is not None and not refusal.principal.startswith("arn:") and refusal.is_assume
    caller = call.identity.account
    return bool(by_service and caller and refusal.resource_account and caller != refusal.resource_account and passing_rows(call.event_source, call.event_name))


def _owner_only(refusal: Refusal, policies: PolicyEvidence) -> bool:
    """Another account's resource of a service without resource policies, refused without a reason although the caller's own policies allow it.

    Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing-service-behavior.html
    """
    action, request = refusal.iam_action, refusal.request
    if action is None or request is None or not refusal.cross_account or refusal.denial.policy_type is not None or can_carry_policy(action):
        return False
    found = decide(request, policies_for(request, policies)).layer(PolicyType.IDENTITY)
    return found is not None and found.verdict is Verdict.ALLOWED


def _is_aws_managed_key(refusal: Refusal, policies: PolicyEvidence) -> bool:
    """An AWS managed key's policy names no principal but the services of its own account (`kms:CallerAccount` with `kms:ViaService`).

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    if ":alias/aws/" in (refusal.resource or "") or "alias/aws/" in str(refusal.first.request.get("keyId", "")):
        return True
    found = next((p.policy for p in policies.resources if p.resource_arn == refusal.resource), None)
    if found is None or not (refusal.iam_action or "").startswith("kms:"):
        return False
    grants = [s for s in found.document.statements if s.effect == "Allow" and s.principals and ("AWS", "*") in s.principals.entries]
    return bool(grants) and all({"kms:calleraccount", "kms:viaservice"} <= {c.key.lower() for c in s.conditions} for s in grants)


def _explicit(refusal: Refusal, decision: Decision) -> Claim:
    """The Deny that decided: of the layer that the message names, else wherever the policies hold one that matches."""
    named = refusal.denial.policy_type
    denying = [d for d in decision.layers if d.verdict is Verdict.EXPLICITLY_DENIED and named in (None, d.layer)]
    doubtful = [d for d in decision.layers if d.verdict is Verdict.UNDECIDED and named in (None, d.layer) and d.missing_context]
    layers = (named,) if named else tuple(d.layer for d in denying) or tuple(d.layer for d in doubtful[:1])
    blocking = tuple(ref for d in denying for ref in d.matched)
    arn = refusal.denial.policy_arn or next((ref.policy_arn for ref in blocking if ref.policy_arn), None)
    return Claim(layers=layers, cause=Cause.EXPLICIT_DENY, policy_arn=arn, blocking=blocking, sure=bool(layers))


def _of_layer(refusal: Refusal, layer: PolicyType, decision: Decision, policies: PolicyEvidence) -> Claim:
    """The layer that the message names, with the cause that its policies show. An STS trust policy has causes of its own."""
    if layer is PolicyType.RESOURCE and refusal.is_assume:
        layer = PolicyType.TRUST
    found = decision.layer(layer)
    if layer is PolicyType.TRUST:
        return replace(_trust(refusal, found, policies), policy_arn=refusal.denial.policy_arn)
    claim = _claim(layer, found, guard=layer in GUARDS)
    arn = refusal.denial.policy_arn or _holder(refusal, layer, policies)
    return replace(claim, policy_arn=arn, already=found is not None and found.verdict is Verdict.ALLOWED)


def _holder(refusal: Refusal, layer: PolicyType, policies: PolicyEvidence) -> str | None:
    if layer is PolicyType.BOUNDARY:
        principal = find_principal(refusal.principal, policies)
        return principal.boundary_arn if principal else None
    return None


def _claim(layer: PolicyType, found: LayerDecision | None, *, guard: bool = False) -> Claim:
    if found is None:
        return Claim(layers=(layer,), cause=Cause.MISSING_ALLOW)
    if found.verdict is Verdict.EXPLICITLY_DENIED:
        return Claim(layers=(layer,), cause=Cause.EXPLICIT_DENY, blocking=found.matched)
    near, part = nearest(found)
    if part is None and found.missing_context and not guard:
        return Claim(layers=(layer,), cause=Cause.CONDITION_MISMATCH, mismatch=Mismatch(part="condition", key=found.missing_context[0]), sure=False)
    cause = {"condition": Cause.CONDITION_MISMATCH, "resource": Cause.SCOPE_MISMATCH}.get(part.part if part else "", Cause.MISSING_ALLOW)
    return Claim(layers=(layer,), cause=cause, blocking=(near.statement,) if near and cause is not Cause.MISSING_ALLOW else (), mismatch=part)


def nearest(found: LayerDecision) -> tuple[NearMiss | None, Mismatch | None]:
    """The Allow that came nearest: one that only a condition kept from applying, else one whose resource misses; else none."""
    allows = [n for n in found.near_misses if n.effect == "Allow"]
    by_condition = [n for n in allows if {m.part for m in n.mismatches} == {"condition"}]
    by_resource = [n for n in allows if {m.part for m in n.mismatches} in ({"resource"}, {"resource", "condition"})]
    if by_condition:
        best = min(by_condition, key=lambda n: len(n.mismatches))
        return best, best.mismatches[0]
    if by_resource:
        best = min(by_resource, key=lambda n: len(n.mismatches))
        return best, next(m for m in best.mismatches if m.part == "resource")
    return None, None


def _trust(refusal: Refusal, found: LayerDecision | None, policies: PolicyEvidence) -> Claim:
    """A role's trust policy that does not let the caller in: by condition, by a principal id that no longer exists, or by not naming it."""
    if found is not None and found.verdict is Verdict.UNDECIDED and found.missing_context:
        return Claim(layers=(PolicyType.TRUST,), cause=Cause.CONDITION_MISMATCH, mismatch=Mismatch(part="condition", key=found.missing_context[0]), sure=False)
    if found is None or found.verdict is Verdict.UNDECIDED:
        return Claim(layers=(PolicyType.TRUST,), cause=refusal.denial.cause or Cause.UNTRUSTED_PRINCIPAL, sure=False)
    if found.verdict is Verdict.EXPLICITLY_DENIED:
        return Claim(layers=(PolicyType.TRUST,), cause=Cause.EXPLICIT_DENY, blocking=found.matched)
    near, part = nearest(found)
    if part is not None and part.part == "condition":
        return Claim(layers=(PolicyType.TRUST,), cause=Cause.CONDITION_MISMATCH, blocking=(near.statement,) if near else (), mismatch=part)
    stale = stale_statements(refusal, policies)
    if stale:
        return Claim(layers=(PolicyType.TRUST,), cause=Cause.STALE_PRINCIPAL, blocking=stale)
    return Claim(layers=(PolicyType.TRUST,), cause=Cause.UNTRUSTED_PRINCIPAL)


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


def _by_policies(refusal: Refusal, decision: Decision, policies: PolicyEvidence) -> tuple[Claim, ...]:
    """A refusal without a reason: every layer that blocks by its policies; with none known, the default for the accounts involved."""
    denying = [d for d in decision.layers if d.verdict is Verdict.EXPLICITLY_DENIED]
    if denying:
        blocking = tuple(ref for d in denying for ref in d.matched)
        arn = next((ref.policy_arn for ref in blocking if ref.policy_arn), None)
        return (Claim(layers=tuple(d.layer for d in denying), cause=Cause.EXPLICIT_DENY, policy_arn=arn, blocking=blocking),)
    blocked = [d for d in decision.layers if d.layer in decision.blocked_by and d.verdict is Verdict.IMPLICITLY_DENIED]
    claims = [_of_layer(refusal, d.layer, decision, policies) for d in blocked]
    if claims:
        return _merged(claims)
    return (_default(refusal, decision, policies),)


def _default(refusal: Refusal, decision: Decision, policies: PolicyEvidence) -> Claim:
    """No layer refuses by the policies in the evidence: what is left by elimination, else both sides of a call across accounts, else the identity."""
    identity, resource = decision.layer(PolicyType.IDENTITY), decision.layer(PolicyType.TRUST if refusal.is_assume else PolicyType.RESOURCE)
    allowed_here = identity is not None and identity.verdict is Verdict.ALLOWED
    far_side = PolicyType.TRUST if refusal.is_assume else PolicyType.RESOURCE
    if allowed_here and (refusal.cross_account or refusal.is_assume) and (resource is None or resource.verdict is not Verdict.ALLOWED):
        return (
            replace(_trust(refusal, resource, policies), sure=False) if refusal.is_assume else Claim(layers=(far_side,), cause=Cause.MISSING_ALLOW, sure=False)
        )
    if allowed_here and resource is None and _foreign_bucket(refusal):
        return Claim(layers=(PolicyType.RESOURCE,), cause=Cause.MISSING_ALLOW, sure=False)
    if decision.verdict is Verdict.ALLOWED:
        return Claim(layers=(), cause=Cause.UNKNOWN, already=True, sure=False)
    if refusal.principal is None and refusal.is_assume:
        return Claim(layers=(PolicyType.TRUST,), cause=Cause.UNTRUSTED_PRINCIPAL, sure=False)
    if parse_arn(refusal.principal) is None:
        return replace(_trust(refusal, resource, policies) if refusal.is_assume else _claim(far_side, resource), sure=False)
    if refusal.cross_account and (resource is None or resource.verdict is not Verdict.ALLOWED):
        return Claim(layers=(PolicyType.IDENTITY, far_side), cause=Cause.MISSING_ALLOW, sure=False)
    return replace(_claim(PolicyType.IDENTITY, identity), sure=False)


def _foreign_bucket(refusal: Refusal) -> bool:
    """A bucket that nothing in the evidence shows to be the caller's own: S3 gives callers of its own account a reason, others a bare refusal.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
    """
    arn = parse_arn(refusal.resource)
    return arn is not None and arn.service == "s3" and refusal.resource_account != refusal.principal_account


def _merged(claims: list[Claim]) -> tuple[Claim, ...]:
    """Both sides with one cause are one claim; different causes stay apart."""
    by_cause: dict[Cause, Claim] = {}
    for claim in claims:
        held = by_cause.get(claim.cause)
        if held is None:
            by_cause[claim.cause] = claim
        else:
            by_cause[claim.cause] = replace(held, layers=(*held.layers, *claim.layers), blocking=(*held.blocking, *claim.blocking))
    return tuple(by_cause.values())


def _besides(own: Claim, refusal: Refusal, decision: Decision, policies: PolicyEvidence) -> tuple[Claim, ...]:
    """The other layers that would refuse next: AWS names one type only, and fixing it can reveal the next."""
    others = [
        d
        for d in decision.layers
        if d.layer not in own.layers
        and (d.verdict is Verdict.EXPLICITLY_DENIED or (d.layer in decision.blocked_by and d.verdict is Verdict.IMPLICITLY_DENIED))
        and (d.layer not in SIDES or refusal.cross_account or refusal.is_assume or (refusal.iam_action or "").startswith("kms:"))
    ]
    return tuple(replace(_of_layer(refusal, d.layer, decision, policies), observed=False) for d in others)


def owner_account(refusal: Refusal) -> str | None:
    """The account that owns what was asked for."""
    return refusal.resource_account or account_of(refusal.resource)
