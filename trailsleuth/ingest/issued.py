"""Credentials that a successful call issued: where a session begins.

Answers: https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from trailsleuth.catalog.issuing import ISSUING, STS
from trailsleuth.ingest.fields import map_of, unmasked
from trailsleuth.model import IssuedSession, JsonMap, session_name_of


def issued_session(event_source: str, event_name: str, request: JsonMap, response: JsonMap) -> IssuedSession | None:
    """What the call issued; None where it issues nothing. For GetFederationToken the user stands in the role's place.

    An AssumeRole by a service may lack `assumedRoleUser` or the whole answer: role and session name are in the request then.
    """
    if event_name not in ISSUING or event_source != STS:
        return None
    user = map_of(response.get("assumedRoleUser")) or map_of(response.get("federatedUser"))
    arn = unmasked(user.get("arn")) or unmasked(response.get("assumedPrincipal"))
    return IssuedSession(
        access_key_id=unmasked(map_of(response.get("credentials")).get("accessKeyId")),
        assumed_role_arn=arn,
        assumed_role_id=unmasked(user.get("assumedRoleId")) or unmasked(user.get("federatedUserId")),
        role_arn=unmasked(request.get("roleArn")) or unmasked(request.get("targetPrincipal")),
        session_name=unmasked(request.get("roleSessionName")) or session_name_of(arn) or unmasked(request.get("name")),
    )
