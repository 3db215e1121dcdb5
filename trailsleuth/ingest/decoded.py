"""Saved answers of AWS that explain one refusal: the decoded EC2 message, and the details of an authorization id.

Sources: https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html (the decoded text itself is only shown by example),
GetRequestAuthorizationDetails of the service `iam-toolbox` in botocore's model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trailsleuth.ingest.fields import list_of, map_of, text_of
from trailsleuth.model import DecodedAuthorization, PolicyType

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
_DENIES = frozenset({"EXPLICIT_DENY", "IMPLICIT_DENY"})


def parse_decoded(answer: JsonObject) -> Iterator[DecodedAuthorization]:
    """One decision of a decoded message, or each evaluation of the authorization details (a call may need several actions)."""
    if "evaluations" in answer:
        yield from _details(answer)
    elif message := map_of(answer.get("DecodedMessage")) or (answer if "context" in answer else {}):
        yield _message(message)


def _message(message: JsonObject) -> DecodedAuthorization:
    context = map_of(message.get("context"))
    allowed, explicit = message.get("allowed"), message.get("explicitDeny")
    statements = [map_of(item) for item in _items(message.get("matchedStatements"))]
    return DecodedAuthorization(
        principal=text_of(map_of(context.get("principal")).get("arn")),
        action=text_of(context.get("action")),
        resource=text_of(context.get("resource")),
        allowed=allowed if isinstance(allowed, bool) else None,
        explicit=explicit if isinstance(explicit, bool) else None,
        statements=tuple(("", text_of(statement.get("statementId")) or "") for statement in statements),
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
    for evaluation in map(map_of, list_of(answer.get("evaluations"))):
        effect = text_of(evaluation.get("evaluatedEffect"))
        checks = [check for check in map(map_of, list_of(evaluation.get("checks"))) if check.get("evaluatedEffect") in _DENIES]
        yield DecodedAuthorization(
            principal=principal,
            action=text_of(evaluation.get("action")),
            resource=text_of(evaluation.get("resource")),
            allowed=None if effect is None else effect == "ALLOW",
            explicit=None if effect is None else effect == "EXPLICIT_DENY",
            authorization_id=text_of(answer.get("authorizationId")),
            policy_types=tuple(dict.fromkeys(_CHECKS.get(kind, kind) for check in checks if (kind := text_of(check.get("checkType"))))),
            statements=tuple(statement for check in checks for statement in _matched(check)),
            context=asked | _context(evaluation.get("context")),
            raw=answer,
        )


def _matched(check: JsonObject) -> Iterator[tuple[str, str]]:
    for policy in map(map_of, list_of(check.get("matchedPolicies"))):
        statements = list_of(policy.get("matchedStatements")) or [{}]
        yield from ((text_of(policy.get("uri")) or "", text_of(map_of(statement).get("sid")) or "") for statement in statements)


def _context(value: object) -> dict[str, tuple[str, ...]]:
    return {key: _texts(values) for key, values in map_of(value).items()}


def _texts(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    texts = (str(item).lower() if isinstance(item, bool) else text_of(item) for item in listed)
    return tuple(text for text in texts if text is not None)
