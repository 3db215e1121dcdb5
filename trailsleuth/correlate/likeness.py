"""How well a refused record fits the error text that the user saw.

The text steers the search among candidates; it is never evidence by itself. Request ids are the surest tie: wrapper texts print the same id that
CloudTrail keeps in `requestID`. Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import re

from trailsleuth.catalog.client_words import client_words
from trailsleuth.catalog.operations import plain_event_name, primary_action
from trailsleuth.model import Denial, Record, parse_arn, role_of_session
from trailsleuth.model.names import role_of

MATCH = 3.0  # below this, a record has nothing particular in common with the text


def likeness(record: Record, text: str, asked: Denial | None) -> float:
    """Points of agreement between a refused record and the error text; 0 where nothing agrees."""
    flat = " ".join(text.split())
    said = " ".join((record.error_message or "").split()).rstrip(".")
    points = 0.0
    if record.request_id and record.request_id in flat:
        points += 20
    if said and said == flat.rstrip("."):
        points += 10
    elif said and (said in flat or flat in said):
        points += min(10.0, min(len(said), len(flat)) / 6)  # "Access Denied" stands in half of all texts, a whole sentence does not
    points += _agreement(record, asked) if asked else 0.0
    points += 3 if _word(plain_event_name(record.event_name), flat) else 0.0
    points += 5 if _same_operation(record, flat) else 0.0
    if record.denial is not None and record.denial.iam_action:
        service, _, name = record.denial.iam_action.partition(":")
        points += 4 if _word(name, flat) else 0.0
        points += 0.5 if _word(service, flat.lower()) else 0.0
    for arn in filter(None, (parse_arn(role_of(record)), parse_arn(record.denial.resource if record.denial else None))):
        points += 2 if len(arn.name) > 3 and _word(arn.name, flat) else 0.0
    return points


def named_operation(text: str) -> str | None:
    """The API operation that a client's error text names, in any SDK's words; `client_words` has the service, bucket, key and URL too."""
    return client_words(text).operation


def _same_operation(record: Record, text: str) -> bool:
    """A client's text names the API operation, which the trail may call otherwise (ListObjectsV2 is ListObjects): both are checked for one action."""
    named = named_operation(text)
    if named is None or record.denial is None:
        return False
    action = record.denial.iam_action or primary_action(record.event_source, record.event_name, record.request)
    return action is not None and primary_action(record.event_source, named, {}) == action


def _agreement(record: Record, asked: Denial) -> float:
    points = 0.0
    denial = record.denial
    if denial is None:
        return points
    if asked.iam_action and denial.iam_action and asked.iam_action.lower() == denial.iam_action.lower():
        points += 5
    if asked.resource and asked.resource != "*" and asked.resource == denial.resource:
        points += 5
    asked_by = role_of_session(asked.principal) or asked.principal
    caller = parse_arn(role_of(record))
    wanted = parse_arn(asked_by)
    if wanted and caller and (wanted.account, wanted.name) == (caller.account, caller.name):
        points += 5
    return points


def _word(word: str, text: str) -> bool:
    return bool(word) and re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None
