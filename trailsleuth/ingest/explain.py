"""What messages and records say by themselves: who, what, where, which layer, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from trailsleuth.catalog.actions import takes_resource
from trailsleuth.catalog.advice import advice_for
from trailsleuth.catalog.messages import OpaqueError, opaque_error
from trailsleuth.catalog.operations import primary_action, resource_of
from trailsleuth.ingest.pasted import messages_in, operation_in, read_pasted
from trailsleuth.model import ActionRun, Cause, Denial, Effect, EncodedMessage, Evidence, PolicyType, Record, parse_arn, role_of_session, same_role
from trailsleuth.model.explanation import ExplainedDenial, Explanation

# Bare texts whose wording is one service's: the operation that the text names is that service's then.
_BARE = {"plain-access-denied": "s3.amazonaws.com", "unauthorized-operation": "ec2.amazonaws.com"}
_PRINTED = frozenset(_BARE) | {"bare", "code-only", "user-not-authorized-access"}
_ACCOUNT = re.compile(r"\d{12}")


def explain_text(text: str) -> Explanation:
    """Pasted messages, each by itself."""
    found = [_explain_message(message) for message in messages_in(text)]
    return Explanation(denials=tuple(one for one in found if one is not None), not_denials=sum(one is None for one in found))


def explain_evidence(evidence: Evidence) -> Explanation:
    """The records, and the failed pipeline actions, of an export."""
    records = [_explain_record(record) for record in evidence.records]
    actions = [_explain_action(action) for action in evidence.actions if action.error_text]
    found = [*records, *actions]
    return Explanation(
        denials=tuple(one for one in found if one is not None),
        not_denials=sum(one is None for one in found),
        unreadable=evidence.coverage.unreadable,
    )


def joined(explanations: Iterable[Explanation]) -> Explanation:
    """Several explanations as one."""
    parts = tuple(explanations)
    return Explanation(
        denials=tuple(denial for part in parts for denial in part.denials),
        not_denials=sum(part.not_denials for part in parts),
        unreadable=sum(part.unreadable for part in parts),
    )


def _explain_message(message: str) -> ExplainedDenial | None:
    denial = read_pasted(message)
    opaque = opaque_error(message)
    if denial is None:
        return _opaque(opaque) if opaque is not None and opaque.permission else None
    action, known = denial.iam_action, dict(denial.known_from)
    source, operation = _BARE.get(denial.pattern_id), operation_in(message)
    if action is None and source and operation:
        action = primary_action(source, operation, {})
        known["iam_action"] = "event_name"
    if denial.pattern_id in _PRINTED and opaque is not None and not denial.encoded:
        denial = replace(denial, advice=_opaque_advice(opaque))
    return _explained(denial, principal=_principal(denial), action=action, resource=denial.resource, known=known)


def _explain_record(record: Record) -> ExplainedDenial | None:
    denial = record.denial
    if denial is None:
        return None
    known = dict(denial.known_from)
    principal = _principal(denial)
    caller = record.identity.issuer.arn if record.identity.issuer is not None and record.identity.issuer.arn else _role_or_user(record.identity.arn)
    if caller and not denial.by_passed_role and not _is_service(denial.principal) and (principal is None or same_role(principal, caller)):
        principal, known["principal"] = caller, "record"
    action = denial.iam_action
    if action is None and not denial.by_passed_role:
        action = primary_action(record.event_source, record.event_name, record.request)
        known["iam_action"] = "event_name"
    resource = denial.resource
    if resource is None and action is not None:
        resource = _resource_of(record, action, known)
    return replace(_explained(denial, principal=principal, action=action, resource=resource, known=known), event_id=record.event_id)


def _resource_of(record: Record, action: str, known: dict[str, str]) -> str | None:
    """From the request parameters, else from the record's own list of resources."""
    if takes_resource(action) is False:
        known["resource"] = "catalog"
        return "*"
    account = record.recipient_account or record.identity.account or ""
    arn = parse_arn(record.identity.arn)
    place = {"partition": arn.partition if arn else "aws", "region": record.region, "account": account}
    built = resource_of(record.event_source, record.event_name, action, record.request, **place) if _ACCOUNT.fullmatch(account) else None
    if built is not None:
        known["resource"] = "request"
        return built
    listed = [ref.arn for ref in record.resources if ref.arn]
    if len(listed) == 1:
        known["resource"] = "record"
        return listed[0]
    return None


def _explain_action(action: ActionRun) -> ExplainedDenial | None:
    """A failed pipeline action by its own error; its role is known where the action has one."""
    found = _explain_message(action.error_text or "")
    if found is None or found.principal is not None or action.role_arn is None:
        return found
    return replace(found, principal=action.role_arn, known_from={**found.known_from, "principal": "record"})


def _explained(denial: Denial, *, principal: str | None, action: str | None, resource: str | None, known: dict[str, str]) -> ExplainedDenial:
    fields = {"iam_action": action, "resource": resource, "principal": principal}
    return ExplainedDenial(
        principal=principal,
        iam_action=action,
        resource=resource,
        effect=denial.effect,
        policy_type=denial.policy_type if denial.policy_type not in (PolicyType.LAKE_FORMATION, PolicyType.OTHER) else None,
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


def _principal(denial: Denial) -> str | None:
    return _role_or_user(denial.principal)


def _role_or_user(arn: str | None) -> str | None:
    """A session as its role; a service's name is no principal to attach a policy to."""
    return role_of_session(arn) or (arn if parse_arn(arn) is not None else None)


def _is_service(principal: str | None) -> bool:
    return principal is not None and not principal.startswith("arn:")


def _opaque(error: OpaqueError) -> ExplainedDenial:
    return ExplainedDenial(
        principal=None,
        iam_action=None,
        resource=None,
        effect=Effect.UNKNOWN,
        policy_type=None,
        policy_arn=None,
        authorization_id=None,
        encoded_message=None,
        cause=Cause.UNKNOWN,
        advice=_opaque_advice(error),
    )


def _opaque_advice(error: OpaqueError) -> str:
    parts = [error.meaning]
    if error.sources:
        parts.append(f"Look in CloudTrail at {', '.join(error.sources)}.")
    if error.look_at:
        parts.append(f"Where: {error.look_at}.")
    if error.other_causes:
        parts.append(f"The same text also comes when: {'; '.join(error.other_causes)}.")
    return " ".join(parts)
