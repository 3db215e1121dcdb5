"""What a fetched record tells about where to look next: the credential it was made with, the one it handed out, the role behind it.

Record fields: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from trailsleuth.model import role_of_session, same_role
from trailsleuth.patterns import late
from trailsleuth.sources.aws.calls import error_codes
from trailsleuth.sources.aws.codepipeline import moment

ASSUMING = ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
_AUTHORIZATION_ID = late(r"authorization id: ([0-9a-z]{10,64})\b")
_ENCODED = late(r"Encoded authorization failure message: ([\w-]{20,10240})")


class Issued(Struct, frozen=True, kw_only=True):
    """A credential that an AssumeRole handed out, and who asked for it as far as that copy of the record tells."""

    key: str
    role: str
    time: datetime
    caller_key: str | None
    caller_role: str | None


def issued_in(record: Mapping[str, Any]) -> Issued | None:
    """The credential that the record handed out, None where it handed out none."""
    if record.get("eventName") not in ASSUMING:
        return None
    response = _map(record.get("responseElements"))
    key = _map(response.get("credentials")).get("accessKeyId")
    role = _map(record.get("requestParameters")).get("roleArn") or role_of_session(_map(response.get("assumedRoleUser")).get("arn"))
    time = moment(record.get("eventTime"))
    if not isinstance(key, str) or not isinstance(role, str) or time is None:
        return None
    return Issued(key=key, role=role, time=time, caller_key=key_of(record), caller_role=role_of(record))


def key_of(record: Mapping[str, Any]) -> str | None:
    """The access key that the call was made with."""
    key = _map(record.get("userIdentity")).get("accessKeyId")
    return key if isinstance(key, str) and key else None


def role_of(record: Mapping[str, Any]) -> str | None:
    """The role behind the call, with its path where the record shows it."""
    identity = _map(record.get("userIdentity"))
    issuer = _map(_map(identity.get("sessionContext")).get("sessionIssuer")).get("arn")
    return issuer if isinstance(issuer, str) and issuer else role_of_session(_text(identity.get("arn")))


def is_refused(record: Mapping[str, Any]) -> bool:
    """Whether its error says that somebody may not, by its code or in AWS's words: enough to stop looking, no reading of what was refused."""
    code, message = _text(record.get("errorCode")) or "", _text(record.get("errorMessage")) or ""
    return code.endswith(error_codes()["denied"]) or "not authorized to perform" in message


def is_refused_assume(record: Mapping[str, Any], *, caller: str | None, role: str) -> bool:
    """Whether the record is the refusal of that very hop: then there is no session to look for."""
    if record.get("eventName") not in ASSUMING or not record.get("errorCode"):
        return False
    said = f"{record.get('errorMessage')} {_map(record.get('requestParameters')).get('roleArn')}"
    return role.rpartition("/")[2] in said and (caller is None or same_role(role_of(record), caller))


def merged(issued: Iterable[Issued]) -> dict[str, Issued]:
    """By key, the copy that tells the most: both accounts of a hop hold one, and only the caller's names the caller."""
    found: dict[str, Issued] = {}
    for one in issued:
        if one.key not in found or (found[one.key].caller_key is None and one.caller_key is not None):
            found[one.key] = one
    return found


def authorization_ids(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids under which AWS keeps the details of this refusal for about a day."""
    return tuple(_AUTHORIZATION_ID.findall(_text(record.get("errorMessage")) or ""))


def encoded_messages(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The encoded authorization failure messages in the refusal."""
    return tuple(_ENCODED.findall(_text(record.get("errorMessage")) or ""))


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
