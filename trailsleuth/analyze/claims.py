"""What a refusal comes down to: the layers that must change and why, from the message first, then from the policies.

Sees:  one refusal, and the decision of the policies in the evidence on its request.
Why:   a message names one policy type even where several refuse; policies tell the rest. Where both speak, the message holds: it is what AWS decided.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
Sure:  a layer named by the message is observed; one found by evaluation is inferred.
"""

from __future__ import annotations

from msgspec.structs import replace

from trailsleuth.analyze.beyond import beyond_policies, is_service_linked
from trailsleuth.analyze.claim import Claim, layer_claim
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.trust import trust_claim
from trailsleuth.catalog.evaluation import deciding_rows
from trailsleuth.catalog.managed_policies import only_denies
from trailsleuth.iam.applies import conditioned_on, find_principal, named_statements, policies_at, policies_for, statements_of
from trailsleuth.iam.evaluate import decide
from trailsleuth.iam.match import action_matches
from trailsleuth.model import (
    AccessRequest,
    Cause,
    Decision,
    Effect,
    Policy,
    PolicyEvidence,
    PolicySet,
    PolicyType,
    StatementRef,
    Verdict,
    parse_arn,
)
from trailsleuth.model.evaluated import policy_name
from trailsleuth.model.parties import is_root

SIDES = (PolicyType.IDENTITY, PolicyType.RESOURCE, PolicyType.TRUST)


def weigh(refusal: Refusal, policies: PolicyEvidence, session: tuple[Policy, ...] = ()) -> tuple[tuple[Claim, ...], Decision | None]:
    """The claims that a refusal comes down to, the message's own first; and the policies' decision, None where nothing could be decided."""
    denial = refusal.denial
    fixed = beyond_policies(refusal, policies)
    if fixed is not None:
        return (fixed,), None
    if refusal.request is None or refusal.iam_action is None:
        layers = (denial.policy_type,) if denial.policy_type else ()
        cause = denial.cause or (Cause.EXPLICIT_DENY if denial.effect is Effect.EXPLICIT else Cause.UNKNOWN)
        return (Claim(layers=layers, cause=cause, policy_arn=denial.policy_arn, sure=False),), None
    policies = policies.of(refusal.request.evaluated)
    held = policies_for(refusal.request, policies, session=session, endpoint=refusal.first.vpc_endpoint_id)
    decision = decide(refusal.request, held)
    claims = tuple(_as_aws_named(_with_unsure_statement(c, refusal.request, held), refusal, held) for c in _claims(refusal, decision, policies))
    return tuple(replace(c, statements=statements_of(c.blocking, held)) if c.blocking else c for c in claims), decision


def _as_aws_named(claim: Claim, refusal: Refusal, held: PolicySet) -> Claim:
    """The Deny statements that AWS's own answer names, those first whose documents are in the evidence; whatever else would match did not decide."""
    answer = refusal.answer
    if answer is None or claim.cause is not Cause.EXPLICIT_DENY or not claim.observed or not answer.denying:
        return claim
    layer = claim.layers[0] if claim.layers else PolicyType.OTHER
    here = named_statements(((found.uri, found.sid) for _, found in answer.denying), held, layer)
    known = {ref.statement for ref in here}
    unread = (
        StatementRef(layer=layer, policy=policy_name(found.uri), statement=found.sid, policy_arn=found.uri if found.uri.startswith("arn:") else None, index=-1)
        for _, found in answer.denying
        if found.uri and found.sid not in known
    )
    blocking = (*here, *unread)
    return replace(claim, blocking=blocking, policy_arn=claim.policy_arn or blocking[0].policy_arn) if blocking else claim


def _with_unsure_statement(claim: Claim, request: AccessRequest, held: PolicySet) -> Claim:
    """A condition whose value the trail does not show: the statement that hangs on it."""
    if claim.cause is not Cause.CONDITION_MISMATCH or claim.blocking or claim.mismatch is None:
        return claim
    layer = claim.layers[0]
    return replace(claim, blocking=conditioned_on(claim.mismatch.key, request, layer, policies_at(layer, held))[:1])


def _claims(refusal: Refusal, decision: Decision, policies: PolicyEvidence) -> tuple[Claim, ...]:
    if refusal.denial.effect is Effect.EXPLICIT:
        own = _explicit(refusal, decision, policies)
        return (own, *(c for c in _besides(own, refusal, decision, policies) if c.cause is Cause.EXPLICIT_DENY))
    if is_service_linked(refusal.principal) and refusal.denial.policy_type in (None, PolicyType.IDENTITY, PolicyType.RESOURCE):
        return (Claim(layers=(PolicyType.RESOURCE,), cause=Cause.MISSING_ALLOW),)
    if refusal.denial.policy_type is None or (refusal.denial.layer_presumed and _is_denied_elsewhere(refusal.denial.policy_type, decision)):
        return _by_policies(refusal, decision, policies)
    own = _of_layer(refusal, refusal.denial.policy_type, decision, policies)
    return (own, *_besides(own, refusal, decision, policies))


def _is_denied_elsewhere(layer: PolicyType, decision: Decision) -> bool:
    """A Deny of another layer than a wording usually means: that one decides, whatever the usual one says."""
    return any(found.verdict is Verdict.EXPLICITLY_DENIED and found.layer is not layer for found in decision.layers)


def _explicit(refusal: Refusal, decision: Decision, policies: PolicyEvidence) -> Claim:
    """The Deny that decided: of the layer that the message names, else wherever the policies hold one that matches. Where AWS says that a layer denied, and
    only one Deny of it hangs on a key that the trail does not show, that one did."""
    named = refusal.denial.policy_type
    denying = [d for d in decision.layers if d.verdict is Verdict.EXPLICITLY_DENIED and named in (None, d.layer)]
    doubtful = [d for d in decision.layers if d.verdict is Verdict.UNDECIDED and named in (None, d.layer) and d.missing_context]
    layers = (named,) if named else tuple(d.layer for d in denying) or tuple(d.layer for d in doubtful[:1])
    doubted = tuple(ref for d in doubtful for ref in d.doubted)
    said = _of_named_policy(refusal, decision)
    blocking = tuple(ref for d in denying for ref in d.matched) or said or (doubted if named and len(doubted) == 1 else ())
    arn = refusal.denial.policy_arn or next((ref.policy_arn for ref in blocking if ref.policy_arn), None)
    if arn is None and not blocking and named in (None, PolicyType.IDENTITY):
        arn = _stopped_by_aws(refusal, policies)
        layers = layers or ((PolicyType.IDENTITY,) if arn else ())
    return Claim(layers=layers, cause=Cause.EXPLICIT_DENY, policy_arn=arn, blocking=blocking, sure=bool(layers))


def _stopped_by_aws(refusal: Refusal, policies: PolicyEvidence) -> str | None:
    """The one policy of AWS on the principal that does nothing but deny, where the snapshot names it without its document."""
    principal = find_principal(refusal.principal, policies)
    found = [arn for arn in principal.unknown_policies if only_denies(arn)] if principal else []
    return found[0] if len(found) == 1 else None


def _of_named_policy(refusal: Refusal, decision: Decision) -> tuple[StatementRef, ...]:
    """The one Deny of the policy that AWS names whose conditions alone speak against it: AWS knows the context of the request, the trail does not."""
    arn = refusal.denial.policy_arn
    near = (n for d in decision.layers for n in d.near_misses if arn and n.effect == "Deny" and n.statement.policy_arn == arn)
    found = tuple(n.statement for n in near if {m.part for m in n.mismatches} == {"condition"})
    return found if len(found) == 1 else ()


def _of_layer(refusal: Refusal, layer: PolicyType, decision: Decision, policies: PolicyEvidence) -> Claim:
    """The layer that the message names, with the cause that its policies show. An STS trust policy has causes of its own."""
    if layer is PolicyType.RESOURCE and refusal.is_assume:
        layer = PolicyType.TRUST
    found = decision.layer(layer)
    if layer is PolicyType.TRUST:
        return replace(trust_claim(refusal, found, policies), policy_arn=refusal.denial.policy_arn)
    claim = layer_claim(layer, found)
    arn = refusal.denial.policy_arn or _holder(refusal, layer, policies)
    return replace(claim, policy_arn=arn, already=found is not None and found.verdict is Verdict.ALLOWED)


def _holder(refusal: Refusal, layer: PolicyType, policies: PolicyEvidence) -> str | None:
    if layer is PolicyType.BOUNDARY:
        principal = find_principal(refusal.principal, policies)
        return principal.boundary_arn if principal else None
    return None


def _by_policies(refusal: Refusal, decision: Decision, policies: PolicyEvidence) -> tuple[Claim, ...]:
    """A refusal without a reason: every layer that blocks by its policies; with none known, the default for the accounts involved.

    Nobody's policies decide on a caller that the record does not tell: that is not an anonymous one, who would need a resource policy.
    """
    if refusal.principal is None and not refusal.first.identity.is_told:
        return (Claim(layers=(), cause=Cause.UNKNOWN, sure=False),)
    denying = [d for d in decision.layers if d.verdict is Verdict.EXPLICITLY_DENIED]
    if denying:
        blocking = tuple(ref for d in denying for ref in d.matched)
        arn = next((ref.policy_arn for ref in blocking if ref.policy_arn), None)
        return (Claim(layers=tuple(d.layer for d in denying), cause=Cause.EXPLICIT_DENY, policy_arn=arn, blocking=blocking),)
    blocked = [d for d in decision.layers if d.layer in decision.blocked_by and d.verdict is Verdict.IMPLICITLY_DENIED]
    if not refusal.cross_account and {d.layer for d in blocked} & {PolicyType.RESOURCE, PolicyType.TRUST}:
        blocked = [d for d in blocked if d.layer is not PolicyType.IDENTITY]  # in one account a key or trust policy that names the caller is enough
    claims = [_of_layer(refusal, d.layer, decision, policies) for d in blocked]
    if claims:
        return _merged(claims)
    return (_default(refusal, decision, policies),)


def _default(refusal: Refusal, decision: Decision, policies: PolicyEvidence) -> Claim:
    """No layer refuses by the policies in the evidence: what is left by elimination, else both sides of a call across accounts, else the identity."""
    if is_root(refusal.principal or "") and not refusal.cross_account:
        return _of_root(refusal, decision)
    identity, resource = decision.layer(PolicyType.IDENTITY), decision.layer(PolicyType.TRUST if refusal.is_assume else PolicyType.RESOURCE)
    allowed_here = identity is not None and identity.verdict is Verdict.ALLOWED
    far_side = PolicyType.TRUST if refusal.is_assume else PolicyType.RESOURCE
    if allowed_here and (refusal.cross_account or refusal.is_assume) and (resource is None or resource.verdict is not Verdict.ALLOWED):
        return (
            replace(trust_claim(refusal, resource, policies), sure=False)
            if refusal.is_assume
            else Claim(layers=(far_side,), cause=Cause.MISSING_ALLOW, sure=False)
        )
    doubted = [(d.layer, ref) for d in decision.layers for ref in d.doubted]
    if allowed_here and len(doubted) == 1 and (not refusal.cross_account or (resource is not None and resource.verdict is Verdict.ALLOWED)):
        layer, ref = doubted[0]  # all that the evidence holds allows it, but for one Deny that hangs on a key which the trail lacks
        return Claim(layers=(layer,), cause=Cause.EXPLICIT_DENY, policy_arn=ref.policy_arn, blocking=(ref,), sure=False)
    if allowed_here and (resource is None or resource.verdict is Verdict.IMPLICITLY_DENIED) and _foreign_bucket(refusal):
        return Claim(layers=(PolicyType.RESOURCE,), cause=Cause.MISSING_ALLOW, sure=False)
    if decision.verdict is Verdict.ALLOWED:
        return Claim(layers=(), cause=Cause.UNKNOWN, already=True, sure=False)
    if refusal.is_assume and (refusal.principal is None or (identity is None and resource is None and not refusal.cross_account)):
        return trust_claim(refusal, None, policies)
    if parse_arn(refusal.principal) is None:
        return replace(trust_claim(refusal, resource, policies) if refusal.is_assume else layer_claim(far_side, resource), sure=False)
    if refusal.cross_account and (resource is None or resource.verdict is not Verdict.ALLOWED):
        return Claim(layers=(PolicyType.IDENTITY, far_side), cause=Cause.MISSING_ALLOW, sure=False)
    if identity is not None and identity.verdict is Verdict.UNDECIDED and identity.doubted and not identity.hangs_on:
        only = identity.doubted if len(doubted) == 1 else ()  # an Allow is there: one of the Denies in doubt holds, and no further Allow helps
        return Claim(layers=(PolicyType.IDENTITY,), cause=Cause.EXPLICIT_DENY, blocking=only, sure=False)
    return replace(layer_claim(PolicyType.IDENTITY, identity), sure=False)


def _of_root(refusal: Refusal, decision: Decision) -> Claim:
    """In its own account nothing but a Deny holds the root user back, and no Allow gives it more; but for what the resource's own policy decides alone."""
    if any(action_matches(row["actions"], refusal.iam_action or "") for row in deciding_rows()):
        return replace(layer_claim(PolicyType.RESOURCE, decision.layer(PolicyType.RESOURCE)), sure=False)
    return Claim(layers=(), cause=Cause.UNKNOWN, sure=False, rule="root-user")


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
        and (d.layer not in SIDES or refusal.cross_account)
    ]
    return tuple(replace(_of_layer(refusal, d.layer, decision, policies), observed=False) for d in others)
