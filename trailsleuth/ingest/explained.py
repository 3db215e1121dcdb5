"""A denial that was read, in the shape that `explain` shows; what is no denial of IAM in the same shape."""

from __future__ import annotations

from trailsleuth.catalog.advice import advice_for
from trailsleuth.catalog.asides import Aside
from trailsleuth.model import Cause, Denial, Effect, EncodedMessage, OpaqueError, PolicyType, parse_arn, role_of_session
from trailsleuth.model.explanation import ExplainedDenial

_ELSEWHERE = (PolicyType.LAKE_FORMATION, PolicyType.OTHER)


def explained(denial: Denial, *, principal: str | None, action: str | None, resource: str | None, known: dict[str, str]) -> ExplainedDenial:
    """The denial with what its surroundings add; `known` says where each added field comes from."""
    fields = {"iam_action": action, "resource": resource, "principal": principal}
    return ExplainedDenial(
        principal=principal,
        iam_action=action,
        resource=resource,
        effect=denial.effect,
        policy_type=denial.policy_type if denial.policy_type not in _ELSEWHERE else None,
        policy_arn=denial.policy_arn,
        authorization_id=denial.authorization_id,
        encoded_message=denial.encoded,
        cause=_cause(denial, action),
        known_from={name: known.get(name, "message") for name, value in fields.items() if value is not None},
        advice=advice_for(denial, principal=principal or denial.principal, iam_action=action, resource=resource),
    )


def _cause(denial: Denial, action: str | None) -> Cause:
    """What the wording alone allows to say; without policies an implicit refusal is a missing Allow (a trust policy: an untrusted principal)."""
    if denial.cause is not None:
        return denial.cause
    if denial.effect is Effect.EXPLICIT:
        return Cause.EXPLICIT_DENY
    if denial.policy_type is PolicyType.TRUST:
        return Cause.UNTRUSTED_PRINCIPAL
    if action is None and (denial.effect is Effect.UNKNOWN or denial.encoded is EncodedMessage.TRUNCATED):
        return Cause.UNKNOWN
    return Cause.MISSING_ALLOW


def role_or_user(arn: str | None) -> str | None:
    """A session as its role; a service's name is no principal to attach a policy to."""
    return role_of_session(arn) or (arn if parse_arn(arn) is not None else None)


def no_denial(aside: Aside) -> ExplainedDenial:
    """What only looks like a denial by IAM, with what to do about it."""
    return _nothing_known(Cause.NOT_A_PERMISSION, aside.advice)


def opaque(error: OpaqueError) -> ExplainedDenial:
    """A text that hides its cause, with where to look."""
    return _nothing_known(Cause.UNKNOWN, opaque_advice(error))


def _nothing_known(cause: Cause, advice: str) -> ExplainedDenial:
    return ExplainedDenial(
        principal=None,
        iam_action=None,
        resource=None,
        effect=Effect.UNKNOWN,
        policy_type=None,
        policy_arn=None,
        authorization_id=None,
        encoded_message=None,
        cause=cause,
        advice=advice,
    )


def opaque_advice(error: OpaqueError) -> str:
    """The meaning of an opaque text, the event sources to look at, and what else gives the same text."""
    parts = [error.meaning]
    if error.sources:
        parts.append(f"Look in CloudTrail at {', '.join(error.sources)}.")
    if error.look_at:
        parts.append(f"Where: {error.look_at}.")
    if error.other_causes:
        parts.append(f"The same text also comes when: {'; '.join(error.other_causes)}.")
    return " ".join(parts)
