"""Refusals whose record tells too little, made sharper by the rest of the evidence.

Sees:  an encoded or bare message; a key or bucket that no field names; saved answers of DecodeAuthorizationMessage or GetRequestAuthorizationDetails.
Why:   EC2 names the action only in the encoded part, S3 often says no more than "Access Denied", a refused KMS call carries no request.
       Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
Sure:  observed where a decoded answer tells; else worked out from the request and the policies.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from trailsleuth.analyze.meant_role import with_meant_role
from trailsleuth.analyze.passrole import passed_next
from trailsleuth.analyze.refusal import BY_POLICIES, Refusal
from trailsleuth.analyze.refusals import passed_service
from trailsleuth.analyze.requests import access_request
from trailsleuth.analyze.required import depended_on, identity_verdict, needed_by_content, never_granted
from trailsleuth.catalog.operations import checks_more
from trailsleuth.catalog.passed_roles import passing_rows
from trailsleuth.iam.applies import TRUST_ACTIONS, policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import (
    DecodedAuthorization,
    Effect,
    EncodedMessage,
    Evidence,
    Execution,
    PolicyType,
    Verdict,
    account_of,
    parse_arn,
    role_of_session,
    same_role,
)
from trailsleuth.model.names import RoleNames


def sharpen(refusal: Refusal, evidence: Evidence, execution: Execution | None, names: RoleNames) -> Refusal:
    """The same refusal with what the evidence adds: a decoded answer, the artifact key or bucket of the pipeline, the part of the call that misses."""
    refusal = _decoded(refusal, evidence.decoded, names)
    refusal = with_meant_role(_named_by_content(_artifact(refusal, execution)), evidence)
    if "iam_action" not in refusal.denial.known_from and not refusal.denial.wraps and refusal.denial.cause is None:
        refusal = _missing_part(refusal, evidence, names)
    return refusal


def unreadable(refusal: Refusal, evidence: Evidence) -> bool:
    """An encoded message without a readable part, or one in words that nobody knows, of a call that is checked for several things, and no policies that
    would tell which was refused."""
    hidden = (refusal.denial.encoded is not None or bool(refusal.own_words)) and "iam_action" not in refusal.denial.known_from
    call = refusal.first
    several = checks_more(call.event_source, call.event_name) or bool(passing_rows(call.event_source, call.event_name))
    return hidden and several and identity_verdict(refusal, evidence.policies) is None and not _is_told_by_trust(refusal, evidence)


def _is_told_by_trust(refusal: Refusal, evidence: Evidence) -> bool:
    """Who comes with a token has no policies of its own: the role's trust policy decides, and the evidence holds it."""
    if not refusal.is_assume or refusal.request is None:
        return False
    return decide(refusal.request, policies_for(refusal.request, evidence.policies)).layer(PolicyType.TRUST) is not None


def is_cut(refusal: Refusal) -> bool:
    """Its encoded message breaks off: nobody can decode it."""
    return refusal.denial.encoded is EncodedMessage.TRUNCATED


def _decoded(refusal: Refusal, decoded: tuple[DecodedAuthorization, ...], names: RoleNames) -> Refusal:
    for answer in decoded:
        if answer.allowed or not _answers(refusal, answer):
            continue
        clear = _as_told(refusal, answer, names)
        request = access_request(clear)
        if request is None:
            return clear
        lower = {key.lower() for key in answer.context}
        known = {key: values for key, values in request.context.items() if key.lower() not in lower}
        asked = replace(request, context={**known, **answer.context}, complete=bool(answer.key), evaluated=answer.key)
        return replace(clear, resource_account=account_of(clear.resource) or refusal.resource_account, request=asked)
    return refusal


def _as_told(refusal: Refusal, answer: DecodedAuthorization, names: RoleNames) -> Refusal:
    """The refusal with AWS's word on action, resource, effect, layer and policy."""
    resource = answer.resource or refusal.resource
    layer = next((check.layer for check in answer.deciding if check.layer), refusal.denial.policy_type)
    effect = refusal.denial.effect if answer.explicit is None else Effect.EXPLICIT if answer.explicit else Effect.IMPLICIT
    known = {**refusal.denial.known_from, "iam_action": "decoded", "resource": "decoded"}
    arn = next((found.uri for _, found in answer.denying if found.uri.startswith("arn:")), refusal.denial.policy_arn)
    action = answer.action or refusal.iam_action
    if layer is PolicyType.RESOURCE and (action or "").lower().startswith(TRUST_ACTIONS):
        layer = PolicyType.TRUST
    denial = replace(refusal.denial, iam_action=action, resource=resource, effect=effect, policy_type=layer, policy_arn=arn, known_from=known)
    role = names.whole(resource)
    passed_to = passed_service(refusal.first, role) if action == "iam:PassRole" else None
    return replace(refusal, denial=denial, iam_action=action, resource=role, passed_to=passed_to, answer=answer)


def _answers(refusal: Refusal, answer: DecodedAuthorization) -> bool:
    """By authorization id; else by the principal, of a refusal that is encoded or of the very action on a resource of that name."""
    if answer.authorization_id and refusal.denial.authorization_id:
        return answer.authorization_id == refusal.denial.authorization_id
    who = role_of_session(answer.principal) or answer.principal
    if who != refusal.principal and not same_role(who, refusal.principal):
        return False
    if "iam_action" not in refusal.denial.known_from:
        return refusal.denial.encoded is not None
    same_action = (answer.action or "").lower() == (refusal.iam_action or "").lower()
    return same_action and (refusal.resource is None or _last(answer.resource) == _last(refusal.resource))


def _last(resource: str | None) -> str:
    return (resource or "").rpartition("/")[2]


def _artifact(refusal: Refusal, execution: Execution | None) -> Refusal:
    """A refused KMS or S3 call of a pipeline action that names nothing means the artifact store's one key, or its one bucket."""
    definition = execution.definition if execution else None
    if refusal.resource is not None or definition is None or refusal.iam_action is None:
        return refusal
    resource: str | None = None
    if refusal.iam_action.startswith("kms:") and len(set(definition.artifact_keys)) == 1:
        resource = _key_arn(definition.artifact_keys[0], definition.arn)
    elif refusal.iam_action in ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject") and len(set(definition.artifact_buckets)) == 1:
        partition = (definition.arn or "arn:aws").split(":")[1]
        keys = {key for bucket, key in (execution.attempt.artifacts if execution and execution.attempt else ()) if bucket == definition.artifact_buckets[0]}
        resource = f"arn:{partition}:s3:::{definition.artifact_buckets[0]}/{next(iter(keys)) if len(keys) == 1 else '*'}"
    if resource is None:
        return refusal
    owner = account_of(resource) or account_of(definition.service_role)
    known = {**refusal.denial.known_from, "resource": "pipeline"}
    clear = replace(refusal, denial=replace(refusal.denial, known_from=known), resource=resource, resource_account=owner)
    return replace(clear, request=access_request(clear))


def _named_by_content(refusal: Refusal) -> Refusal:
    """A reported action whose resource the message leaves out: what the request is checked for tells it (a template's object, a role's tags)."""
    if refusal.resource is not None or refusal.iam_action is None:
        return refusal
    same = (p for p in needed_by_content(refusal, certain=False) if p.refusal.iam_action == refusal.iam_action)
    found: dict[str | None, str | None] = {}
    for pending in same:
        found.setdefault(pending.refusal.resource if pending.own else pending.because, pending.refusal.resource)
    if len(set(found.values())) != 1:
        return refusal
    resource = next(iter(found.values()))
    owner = account_of(resource) or (None if ":s3:::" in (resource or "") else refusal.resource_account)  # a bucket's ARN does not say whose it is
    clear = replace(refusal, resource=resource, resource_account=owner)
    return replace(clear, request=access_request(clear))


def _key_arn(key: str, pipeline_arn: str | None) -> str | None:
    """A key id as `get-pipeline` gives it, as an ARN in the pipeline's Region and account; an alias cannot stand in a policy."""
    if key.startswith("arn:"):
        return key
    arn = parse_arn(pipeline_arn)
    if arn is None or key.startswith("alias/"):
        return None
    return f"arn:{arn.partition}:kms:{arn.region}:{arn.account}:key/{key}"


def _missing_part(refusal: Refusal, evidence: Evidence, names: RoleNames) -> Refusal:
    """Where the policies allow the call's own action, the refused part is what else the request is checked for, or a role that it passes."""
    if identity_verdict(refusal, evidence.policies) is not Verdict.ALLOWED:
        return refusal
    for part in _parts_refused(refusal, evidence, names):
        return part
    lacking = never_granted(refusal, evidence.policies) if refusal.first.request or not refusal.own_words else ()
    if len(lacking) != 1:
        return refusal
    part = _as_part(refusal, lacking[0])
    return replace(part, denial=replace(part.denial, known_from={**part.denial.known_from, "iam_action": BY_POLICIES}))


def _as_part(refusal: Refusal, part: Refusal) -> Refusal:
    return replace(part, denial=replace(refusal.denial, iam_action=part.iam_action, resource=part.resource))


def _parts_refused(refusal: Refusal, evidence: Evidence, names: RoleNames) -> Iterator[Refusal]:
    parts = [p.refusal for p in needed_by_content(refusal)] + [p.refusal for p in passed_next(refusal, None, frozenset(), names)]
    parts += [p.refusal for p in depended_on(refusal)]
    for part in parts:
        if identity_verdict(part, evidence.policies) is Verdict.IMPLICITLY_DENIED:
            yield _as_part(refusal, part)
