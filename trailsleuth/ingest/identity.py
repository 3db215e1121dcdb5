"""`userIdentity`, every variant, as a value.

Members: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

from typing import Any

from trailsleuth.ingest.fields import account_id, map_of, text_of, unmasked
from trailsleuth.ingest.times import parse_time
from trailsleuth.model import Identity, JsonMap, SessionIssuer, account_of

_NOBODY = Identity()
_TOLD_MORE = ("onBehalfOf", "invokedByDelegate")  # members of which conditions and sentences are made
_OF_SESSION = ("assumedRoot", "signInSessionArn", "ec2RoleDelivery")


def parse_identity(value: object, *, bare: bool = False) -> Identity:
    """Who called; all None where the record does not say (`null`, a text, `{}`). `bare`: `raw` is kept only where it is looked at."""
    if not isinstance(value, dict):
        return _NOBODY
    raw: JsonMap = value
    context = map_of(raw.get("sessionContext"))
    attributes = map_of(context.get("attributes"))
    arn, kind = unmasked(raw.get("arn")), text_of(raw.get("type"))
    return Identity(
        type=kind,
        principal_id=unmasked(raw.get("principalId")),
        arn=arn,
        account=account_id(raw.get("accountId")) or account_of(arn),
        access_key_id=unmasked(raw.get("accessKeyId")),
        user_name=text_of(raw.get("userName")),
        invoked_by=text_of(raw.get("invokedBy")),
        identity_provider=text_of(raw.get("identityProvider")),
        issuer=_issuer(context.get("sessionIssuer")),
        created=parse_time(attributes.get("creationDate")),
        mfa=text_of(attributes.get("mfaAuthenticated")),
        source_identity=text_of(context.get("sourceIdentity")),
        federated_provider=text_of(map_of(context.get("webIdFederationData")).get("federatedProvider")),
        raw=raw if kind == "AWSService" or not bare or _tells_more(raw, context) else {},
    )


def _tells_more(raw: JsonMap, context: JsonMap) -> bool:
    return any(name in raw for name in _TOLD_MORE) or any(name in context for name in _OF_SESSION)


def _issuer(value: object) -> SessionIssuer | None:
    """The session's issuer; None for `{}`, which AWS services leave."""
    issuer: dict[str, Any] = dict(map_of(value))
    if not issuer:
        return None
    arn = unmasked(issuer.get("arn"))
    return SessionIssuer(
        type=text_of(issuer.get("type")),
        arn=arn,
        principal_id=unmasked(issuer.get("principalId")),
        account=account_id(issuer.get("accountId")) or account_of(arn),
        user_name=text_of(issuer.get("userName")),
    )
