"""Saved answers of AWS that explain one refusal: the decoded EC2 message, and the details of an authorization id.

Sources: https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html (the decoded text itself is only shown by example),
GetRequestAuthorizationDetails of the service `iam-toolbox` in botocore's model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trailsleuth.ingest.fields import list_of, map_of, text_of
from trailsleuth.model import AuthorizationCheck, DecodedAuthorization, EvaluatedPolicy, MatchedStatement, PolicyType

JsonObject = Mapping[str, Any]

# checkType of an evaluation, in the contract's words.
_CHECKS = {
    "SERVICE_CONTROL_POLICY": PolicyType.SCP,
    "RESOURCE_CONTROL_POLICY": PolicyType.RCP,
    "VPC_ENDPOINT": PolicyType.VPC_ENDPOINT,
    "RESOURCE": PolicyType.RESOURCE,
    "PRINCIPAL": PolicyType.IDENTITY,
    "PERMISSIONS_BOUNDARY": PolicyType.BOUNDARY,
    "SESSION": PolicyType.SESSION,
}
# type of a policy.
_TYPES = {
    "SERVICE_CONTROL_POLICY": PolicyType.SCP,
    "RESOURCE_CONTROL_POLICY": PolicyType.RCP,
    "VPC_ENDPOINT_POLICY": PolicyType.VPC_ENDPOINT,
    "RESOURCE_BASED_POLICY": PolicyType.RESOURCE,
    "IDENTITY_BASED_POLICY": PolicyType.IDENTITY,
    "PERMISSIONS_BOUNDARY": PolicyType.BOUNDARY,
    "SESSION_POLICY": PolicyType.SESSION,
}


def parse_decoded(answer: JsonObject) -> Iterator[DecodedAuthorization]:
    """One decision of a decoded message, or each evaluation of the authorization details (a call may need several actions)."""
    if "evaluations" in answer:
        yield from _details(answer)
    elif message := map_of(answer.get("DecodedMessage")) or (answer if "context" in answer else {}):
        yield _message(message)


def _message(message: JsonObject) -> DecodedAuthorization:
    context = map_of(message.get("context"))
    allowed, explicit = message.get("allowed"), message.get("explicitDeny")
    matched = [map_of(item) for item in _items(message.get("matchedStatements"))]
    found = tuple(
        MatchedStatement(uri="", sid=text_of(one.get("statementId")) or "", denies=str(one.get("effect", "DENY")).upper() == "DENY") for one in matched
    )
    check = AuthorizationCheck(layer=None, effect="EXPLICIT_DENY" if explicit is True else "IMPLICIT_DENY", matched=found)
    return DecodedAuthorization(
        principal=text_of(map_of(context.get("principal")).get("arn")),
        action=text_of(context.get("action")),
        resource=text_of(context.get("resource")),
        allowed=allowed if isinstance(allowed, bool) else None,
        explicit=explicit if isinstance(explicit, bool) else None,
        checks=(check,) if found else (),
        context={key: _values(map_of(item).get("values")) for item in _items(context.get("conditions")) if (key := text_of(map_of(item).get("key")))},
        raw=message,
    )


def _items(value: object) -> list[Any]:
    return list_of(map_of(value).get("items"))


def _values(value: object) -> tuple[str, ...]:
    return tuple(text for item in _items(value) if (text := text_of(map_of(item).get("value"))) is not None)


def _details(answer: JsonObject) -> Iterator[DecodedAuthorization]:
    asked = _context(answer.get("requestContext"))
    principal = next((values[0] for key, values in asked.items() if key.lower() == "aws:principalarn" and values), None)
    policies = tuple(_policy(map_of(one)) for one in list_of(answer.get("policies")) if text_of(map_of(one).get("uri")))
    for evaluation in map(map_of, list_of(answer.get("evaluations"))):
        effect = text_of(evaluation.get("evaluatedEffect"))
        yield DecodedAuthorization(
            principal=principal,
            action=text_of(evaluation.get("action")),
            resource=text_of(evaluation.get("resource")),
            allowed=None if effect is None else effect == "ALLOW",
            explicit=None if effect is None else effect == "EXPLICIT_DENY",
            authorization_id=text_of(answer.get("authorizationId")),
            checks=tuple(_checks(evaluation, {policy.uri: policy for policy in policies})),
            policies=policies,
            context=asked | _context(evaluation.get("context")),
            raw=answer,
        )


def _checks(evaluation: JsonObject, policies: Mapping[str, EvaluatedPolicy]) -> Iterator[AuthorizationCheck]:
    """The checks as answers have them since 2026-11-13; before, policies that matched stood in the evaluation, and the type of each says its check."""
    told = list_of(evaluation.get("checks"))
    for check in map(map_of, told):
        layer, target = _CHECKS.get(text_of(check.get("checkType")) or ""), text_of(check.get("targetArn"))
        matched = tuple(found for policy in _matched(check) for found in _statements(policy))
        yield AuthorizationCheck(layer=layer, effect=text_of(check.get("evaluatedEffect")) or "", target=target, matched=matched)
    for policy in [] if told else _matched(evaluation):
        held = policies.get(text_of(policy.get("uri")) or "")
        found = tuple(_statements(policy))
        guard = held is not None and held.layer in (PolicyType.SCP, PolicyType.RCP) and len(held.attached_to) == 1
        yield AuthorizationCheck(
            layer=held.layer if held else None,
            effect="EXPLICIT_DENY" if any(one.denies for one in found) else "ALLOW",
            target=held.attached_to[0] if held is not None and guard else None,
            matched=found,
        )


def _matched(told: JsonObject) -> list[JsonObject]:
    return [map_of(policy) for policy in list_of(told.get("matchedPolicies"))]


def _statements(policy: JsonObject) -> Iterator[MatchedStatement]:
    for statement in map(map_of, list_of(policy.get("matchedStatements"))):
        yield MatchedStatement(
            uri=text_of(policy.get("uri")) or "", sid=text_of(statement.get("sid")) or "", denies="DENY" in str(statement.get("evaluatedEffect"))
        )


def _policy(told: JsonObject) -> EvaluatedPolicy:
    """A grant of a key is listed like a policy, and is none: https://docs.aws.amazon.com/iam-toolbox/latest/APIReference/API_PolicyInfo.html"""
    grant = "grant" in str(map_of(told.get("policySource")).get("type")).lower()
    attached = (text_of(map_of(one).get("arn")) for one in list_of(told.get("attachedTo")))
    return EvaluatedPolicy(
        layer=PolicyType.OTHER if grant else _TYPES.get(text_of(told.get("type")) or ""),
        uri=text_of(told.get("uri")) or "",
        attached_to=tuple(arn for arn in attached if arn),
    )


def _context(value: object) -> dict[str, tuple[str, ...]]:
    return {key: _texts(values) for key, values in map_of(value).items()}


def _texts(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    texts = (str(item).lower() if isinstance(item, bool) else text_of(item) for item in listed)
    return tuple(text for text in texts if text is not None)
