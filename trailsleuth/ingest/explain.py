"""What messages and records say by themselves: who, what, where, which layer, and what to do next."""

from __future__ import annotations

import re
from dataclasses import replace

from trailsleuth.catalog.actions import services_with, takes_resource
from trailsleuth.catalog.asides import aside_of
from trailsleuth.catalog.client_words import ClientWords, client_words, thing_of
from trailsleuth.catalog.messages import opaque_error, warnings
from trailsleuth.catalog.operations import primary_action, resource_of
from trailsleuth.ingest.distinct import distinct, without_echoes
from trailsleuth.ingest.explained import explained, no_denial, opaque, opaque_advice, role_or_user
from trailsleuth.ingest.pasted import messages_in, read_pasted
from trailsleuth.model import ActionRun, Denial, Evidence, Record, parse_arn, same_role
from trailsleuth.model.explanation import ExplainedDenial, Explanation

# Bare texts whose wording is one service's: the operation that the text names is that service's then.
_BARE = {"plain-access-denied": "s3.amazonaws.com", "unauthorized-operation": "ec2.amazonaws.com"}
_OF_S3 = ("403", "Forbidden")  # the codes of answers without a body, as HEAD gets them
_PRINTED = frozenset(_BARE) | {"bare", "code-only", "user-not-authorized-access", "cut-at-perform"}
_ACCOUNT = re.compile(r"\d{12}")
_CALLER = re.compile(r"arn:aws[a-z-]{0,16}:(?:sts::\d{12}:assumed-role/[\w+=,.@-]{1,64}/[\w+=,.@-]{1,64}|iam::\d{12}:user/[\w+=,.@/-]{1,576})")


def explain_text(text: str) -> Explanation:
    """Pasted messages, each by itself."""
    found = [_explain_message(message) for message in messages_in(text)]
    denials = without_echoes(one for one, warning in found if one is not None and not warning)
    warned = without_echoes(one for one, warning in found if one is not None and warning)
    return Explanation(denials=denials or warned, not_denials=sum(one is None for one, _ in found))


def explain_evidence(evidence: Evidence) -> Explanation:
    """The records, and the failed pipeline actions, of an export."""
    records = [_explain_record(record) for record in evidence.records]
    actions = [_explain_action(action) for action in evidence.actions if action.error_text]
    found = [*records, *actions]
    return Explanation(
        denials=distinct(one for one in found if one is not None),
        not_denials=sum(one is None for one in found),
        unreadable=evidence.coverage.unreadable,
    )


def _explain_message(message: str) -> tuple[ExplainedDenial | None, bool]:
    """What the message says, and whether it is a warning that its program goes on after."""
    words = client_words(message)
    denial = read_pasted(message, words)
    if denial is None or denial.pattern_id in _PRINTED:
        aside = aside_of(message, words.code or "")
        if aside is not None:
            return no_denial(aside), False
    error = opaque_error(message)
    if denial is None:
        return (opaque(error) if error is not None and error.permission else None), False
    known = dict(denial.known_from)
    action = _named_action(denial, words, known)
    resource = denial.resource
    if resource is None and denial.iam_action is None and action is not None:
        resource = thing_of(action, words)
    if denial.pattern_id in _PRINTED and error is not None and not denial.encoded:
        denial = replace(denial, advice=opaque_advice(error))
    said = explained(denial, principal=_said_principal(denial, message, words), action=action, resource=resource, known=known)
    return said, denial.pattern_id in warnings()


def _named_action(denial: Denial, words: ClientWords, known: dict[str, str]) -> str | None:
    """The action of the refusal; where it says none, that of the call that the client names."""
    if denial.iam_action is not None or words.operation is None or denial.pattern_id not in _PRINTED:
        return denial.iam_action
    known["iam_action"] = "event_name"
    bare = _BARE.get(denial.pattern_id, "s3.amazonaws.com" if words.code in _OF_S3 else "")
    for source in dict.fromkeys(filter(None, (words.event_source, bare if not words.service else ""))):
        action = primary_action(source, words.operation, {})
        if action is not None:
            return action
    services = () if words.service else services_with(words.operation)
    return primary_action(f"{services[0]}.amazonaws.com", words.operation, {}) if len(services) == 1 else None


def _said_principal(denial: Denial, message: str, words: ClientWords) -> str | None:
    """Who was refused: as the sentence says it, else the only session or user that a row of a table or log names beside the call."""
    if denial.principal is not None or denial.pattern_id not in _PRINTED or words.operation is None:
        return role_or_user(denial.principal)
    named = {found.group() for found in _CALLER.finditer(message[:4000])}
    return role_or_user(named.pop()) if len(named) == 1 else None


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
    found, _ = _explain_message(action.error_text or "")
    if found is None or found.principal is not None or action.role_arn is None:
        return found
    return replace(found, principal=action.role_arn, known_from={**found.known_from, "principal": "record"})


def _is_service(principal: str | None) -> bool:
    return principal is not None and not principal.startswith("arn:")
