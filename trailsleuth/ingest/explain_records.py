"""What records and failed pipeline actions say by themselves, and what stands around them in a pasted text."""

from __future__ import annotations

from msgspec.structs import replace

from trailsleuth.catalog.actions import takes_resource
from trailsleuth.catalog.operations import primary_action, resource_of
from trailsleuth.ingest.distinct import distinct, without_echoes
from trailsleuth.ingest.explain import explain_text
from trailsleuth.ingest.explained import explained, role_or_user
from trailsleuth.ingest.loose_record import records_in
from trailsleuth.model import ActionRun, Cause, DecodedAuthorization, Denial, Effect, Evidence, Record, parse_arn, same_role
from trailsleuth.model.explanation import ExplainedDenial, Explanation
from trailsleuth.patterns import late

_ACCOUNT = late(r"\d{12}")


def explain_evidence(evidence: Evidence) -> Explanation:
    """The records, and the failed pipeline actions, of an export."""
    records = [_explain_record(record) for record in evidence.records]
    actions = [_explain_action(action) for action in evidence.actions if action.error_text]
    found = [*records, *actions, *map(_explain_decoded, evidence.decoded)]
    return Explanation(
        denials=distinct(one for one in found if one is not None),
        not_denials=sum(one is None for one in found),
        unreadable=evidence.coverage.unreadable,
    )


def explain_events(text: str) -> Explanation:
    """The events that a pasted text holds, and the messages around them."""
    events = [_explain_event(record) for record in records_in(text)]
    return with_told(Explanation(denials=tuple(one for one in events if one is not None)), explain_text(text))


def with_told(evidence: Explanation, text: Explanation) -> Explanation:
    """What an input's records say, and what stands around them in its text: what both say counts once."""
    beside = [replace(one, count=0) for one in text.denials]
    denials = tuple(replace(one, count=max(1, one.count)) for one in without_echoes([*evidence.denials, *beside]))
    return replace(evidence, denials=denials, not_denials=evidence.not_denials + text.not_denials)


def _explain_event(record: Record) -> ExplainedDenial | None:
    """An event that was cut out may have lost its id."""
    found = _explain_record(record)
    return replace(found, event_id=None) if found is not None and record.event_id.startswith("content-") else found


def _explain_record(record: Record) -> ExplainedDenial | None:
    denial = record.denial
    if denial is None:
        return None
    known = dict(denial.known_from)
    principal = role_or_user(denial.principal)
    caller = record.identity.issuer.arn if record.identity.issuer is not None and record.identity.issuer.arn else role_or_user(record.identity.arn)
    if caller and not denial.by_passed_role and not _is_service(denial.principal) and (principal is None or same_role(principal, caller)):
        principal, known["principal"] = caller, "record"
    action = denial.iam_action
    if action is None and not denial.by_passed_role:
        action = primary_action(record.event_source, record.event_name, record.request)
        known["iam_action"] = "event_name"
    resource = denial.resource
    if resource is None and action is not None:
        resource = _resource_of(record, action, known)
    return replace(explained(denial, principal=principal, action=action, resource=resource, known=known), event_id=record.event_id)


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
        known["resource"] = "request" if record.request else "catalog"
        return built
    listed = [ref.arn for ref in record.resources if ref.arn]
    if len(listed) == 1:
        known["resource"] = "record"
        return listed[0]
    return None


def _explain_action(action: ActionRun) -> ExplainedDenial | None:
    """A failed pipeline action by its own error; its role is known where the action has one."""
    told = explain_text(action.error_text or "").denials
    found = next((one for one in told if one.iam_action is not None), next(iter(told), None))
    if found is None or found.principal is not None or action.role_arn is None or found.cause is Cause.NOT_A_PERMISSION:
        return found
    return replace(found, principal=action.role_arn, known_from={**found.known_from, "principal": "record"})


def _explain_decoded(told: DecodedAuthorization) -> ExplainedDenial | None:
    """What AWS itself says of a denied request, decoded."""
    if told.allowed or told.action is None:
        return None
    layers = {check.layer for check in told.deciding}
    denial = Denial(
        pattern_id="decoded",
        principal=told.principal,
        iam_action=told.action,
        resource=told.resource,
        effect=Effect.UNKNOWN if told.explicit is None else Effect.EXPLICIT if told.explicit else Effect.IMPLICIT,
        policy_type=layers.pop() if len(layers) == 1 else None,
        authorization_id=told.authorization_id,
    )
    return explained(denial, principal=role_or_user(told.principal), action=told.action, resource=told.resource, known={})


def _is_service(principal: str | None) -> bool:
    return principal is not None and not principal.startswith("arn:")
