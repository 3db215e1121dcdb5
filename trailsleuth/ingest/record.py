"""One CloudTrail record out of one JSON object.

Fields: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from sys import intern
from typing import Any

from msgspec.structs import replace

from trailsleuth.catalog.services import prefix_of
from trailsleuth.ingest.denials import denial_of_code, read_denial
from trailsleuth.ingest.denials_of_records import fitted
from trailsleuth.ingest.fields import account_id, any_text, flag_of, list_of, map_of, text_of
from trailsleuth.ingest.identity import parse_identity
from trailsleuth.ingest.issued import issued_session
from trailsleuth.ingest.times import parse_time, why_no_time
from trailsleuth.model import Denial, Identity, JsonMap, Origin, Record, ResourceRef, Unreadable

MAX_DEPTH = 128  # levels of objects and lists in a record; real ones have a dozen

# Parts of issued credentials that no record has to carry: the access key id alone identifies a session.
_SECRETS = frozenset({"sessiontoken", "secretaccesskey"})

Hold = Callable[[dict[str, Any], JsonMap], tuple[JsonMap, JsonMap]]


def as_they_are(payload: dict[str, Any], response: JsonMap) -> tuple[JsonMap, JsonMap]:
    """A record is kept whole."""
    return payload, response


def parse_record(
    payload: dict[str, Any], origin: Origin, *, identify: Callable[[object], Identity] = parse_identity, hold: Hold = as_they_are, shallow: bool = False
) -> Record | Unreadable:
    """The record, or why it is unreadable. Only its time and the name of its call are indispensable; odd fields are None or empty.

    A record without eventID gets one made from its content, so that equal copies are known as such. Secrets are taken out of the payload.
    `identify` reads the caller; `hold` gives the form in which payload and answer are kept; `shallow`: it is not nested deeply.
    """
    if not shallow and nested_deeper(payload, MAX_DEPTH):
        return Unreadable(origin=origin, reason=f"nested deeper than {MAX_DEPTH} levels")
    time, source, name = parse_time(payload.get("eventTime")), text_of(payload.get("eventSource")), text_of(payload.get("eventName"))
    if time is None:
        return Unreadable(origin=origin, reason=f"eventTime {why_no_time(payload.get('eventTime'))}")
    if source is None and name is None:
        return Unreadable(origin=origin, reason="neither eventSource nor eventName")
    request, response = map_of(payload.get("requestParameters")), map_of(without_credentials(payload))
    code, message = any_text(payload.get("errorCode")), any_text(payload.get("errorMessage"))
    source, name = intern(source or ""), intern(name or "")
    event_id = text_of(payload.get("eventID")) or _content_id(payload)
    identity, recipient = identify(payload.get("userIdentity")), account_id(payload.get("recipientAccountId"))
    kept_payload, kept_response = hold(payload, response)
    return Record(
        event_id=event_id,
        event_time=time,
        event_source=source,
        event_name=name,
        region=_often(payload, "awsRegion") or "",
        identity=identity,
        recipient_account=recipient,
        request=request,
        response=kept_response,
        error_code=code,
        error_message=message,
        denial=_denial(code, message, (source, name), identity, request, recipient) if code else None,
        issued=None if code or message else issued_session(source, name, request, response),
        resources=_resources(payload.get("resources")),
        shared_event_id=text_of(payload.get("sharedEventID")),
        request_id=text_of(payload.get("requestID")),
        source_ip=_often(payload, "sourceIPAddress"),
        user_agent=_often(payload, "userAgent"),
        event_type=_often(payload, "eventType"),
        category=_often(payload, "eventCategory"),
        read_only=flag_of(payload.get("readOnly")),
        vpc_endpoint_id=text_of(payload.get("vpcEndpointId")),
        vpc_endpoint_account=account_id(payload.get("vpcEndpointAccountId")),
        additional=map_of(payload.get("additionalEventData")),
        origin=origin,
        payload=kept_payload,
    )


def _denial(code: str, message: str | None, call: tuple[str, str], who: Identity, request: JsonMap, account: str | None) -> Denial | None:
    """What the record says was refused, and of whom: its code and its caller decide what of the text is believed."""
    read = read_denial(code, message, event_source=call[0], event_name=call[1], of_record=True)
    if read is None:
        return None
    if read.unverified_action and (read.iam_action or "").lower() != f"{prefix_of(call[0])}:{call[1]}".lower():
        read = replace(read, iam_action=None, unverified_action=False)  # IAM knows no such action, and it is not what was called
    return fitted(read, denial_of_code(code, message, call[0]), who, call=call, request=request, account=account)


def _often(payload: dict[str, Any], name: str) -> str | None:
    """A text that stands in thousands of records, and in memory once."""
    text = text_of(payload.get(name))
    return text and intern(text)


def nested_deeper(value: object, limit: int) -> bool:
    """More than `limit` levels of objects and lists inside each other; looked at level by level, so that no depth is too much."""
    level: list[dict[str, object] | list[object]] = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        below: list[dict[str, object] | list[object]] = []
        for node in level:
            below += [child for child in (node.values() if node.__class__ is dict else node) if child.__class__ is dict or child.__class__ is list]
        if not below:
            return False
        level = below
    return True


def without_credentials(payload: dict[str, Any]) -> object:
    """`responseElements` after its credentials have lost what is secret in them, in the payload too."""
    response = payload.get("responseElements")
    if isinstance(response, str) and "redentials" in response:
        response = payload["responseElements"] = dict(map_of(response)) or None
    if isinstance(response, dict) and isinstance(credentials := response.get("credentials"), dict):
        for key in [key for key in credentials if key.lower() in _SECRETS]:
            del credentials[key]
    return response


def _resources(value: object) -> tuple[ResourceRef, ...]:
    """`resources[]`, `ARN` also in lower case (Athena, Panther); a member with `ARNPrefix` alone names no resource."""
    return tuple(
        ResourceRef(arn=text_of(member.get("ARN")) or text_of(member.get("arn")), account=_account_or_blank(member), type=text_of(member.get("type")))
        for member in list_of(value)
        if isinstance(member, dict)
    )


def _account_or_blank(member: dict[str, Any]) -> str | None:
    """CloudTrail blanks the owner to "" in the caller's copy of a refused cross-account call: that is not the same as absent."""
    value = member.get("accountId", member.get("accountid"))
    return "" if value == "" else account_id(value)


def _content_id(payload: dict[str, Any]) -> str:
    return f"content-{hashlib.sha256(canonical(payload).encode('utf-8', 'replace')).hexdigest()[:32]}"


def canonical(payload: object) -> str:
    """The same text for the same content, whatever the order of its keys."""
    return json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
