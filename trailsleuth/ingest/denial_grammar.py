"""The grammar of an AWS refusal: who, which action, on what, because of which policy, and the tails that follow.

    User: ‹principal› is not authorized to perform: ‹action› [on resource: ‹resource›] [clause][: ‹policy ARN›][. ‹tails›]

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html and real messages of 2020 to 2026.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct, field

from trailsleuth.catalog.messages import clauses, policy_phrases
from trailsleuth.ingest.message_text import CUT_SIGNS, MessageText
from trailsleuth.model import Effect, EncodedMessage, PolicyType, parse_arn
from trailsleuth.patterns import late

_PERFORM = " to perform"
_ACTION = late(
    r"(?:not authorized|n't authorized|unauthorized|not have permissions?|n't have permissions?|not allowed)( to perform:? ?)"
    r"(?:the )?(?:action:? |operation:? )?[\[\"'`]?([A-Za-z][A-Za-z0-9-]{1,60}:[A-Za-z0-9*]{1,128})",
    re.IGNORECASE,
)
_BEFORE = len("n't have permissions")
_NOT = (" is", " are", " does", " do", " did")
_ON = late(r"[\]\"'`]? ?(?:on|for|over) (?:the |this |these |its |a )?(?:specified |following )?(?:resource(?:s|\(s\))?\b:? ?)?", re.IGNORECASE)
_NAMED = late(
    r"(role|user|group|policy|instance profile|server certificate|mfa device) +(?!because\b|with an explicit\b|arn:|path /)([\w+=,.@/-]{1,512})", re.IGNORECASE
)
_POLICY_ARN = late(r"(?:polic(?:y|ies)|boundar(?:y|ies))(?: \w{1,20}){0,2}: ?[\"']?(arn:aws[a-z-]{0,16}:[^\s\"']{1,600})", re.IGNORECASE)
_AUTHORIZATION = late(r"authorization id: ?([0-9a-z]{1,100})|/authorization-details/([0-9a-z]{1,100})", re.IGNORECASE)
_ENCODED = late(r"encoded authorization failure message:? ?[\"']?([A-Za-z0-9_-]{0,12000})", re.IGNORECASE)
_REASONS = (" because ", " with an explicit deny")
_ENDS = (*_REASONS, " (service:", ". encoded authorization", ". go to http", ". user:", " status code:", "; ")
_MARKS_AFTER = ('"', "\\", "<", "`", "'")  # no ARN that is printed bare holds one: they belong to the JSON or the page around it
_KINDS = {"role": "role", "user": "user", "group": "group", "policy": "policy", "instance profile": "instance-profile"}
_LONGEST = 4096  # of a resource: an S3 key has up to 1,024 bytes, written longer where it is escaped
_CLOSED_BY = {"'": "'", '"': '"', "`": "'"}  # SES writes `…'
_TRIM = ".,;:)]}'\"`"


class Reading(Struct, kw_only=True):
    """What was read so far; `start` is where the wording begins, `end` where the last word that was used ends."""

    fields: dict[str, Any] = field(default_factory=dict)
    start: int = 0
    end: int = 0


def read_sentence(message: MessageText) -> Reading | None:
    """The usual sentence; None where the message has none that names an action."""
    at = message.lower.find(_PERFORM)
    for _ in range(6):
        if at < 0:
            return None
        match = _ACTION.search(message.text, max(0, at - _BEFORE), at + 260)
        if match is not None and match.start(1) == at:
            return _read_from(message, match)
        at = message.lower.find(_PERFORM, at + 1)
    return None


def _read_from(message: MessageText, match: re.Match[str]) -> Reading:
    at = match.start()
    reading = Reading(fields={"iam_action": match.group(2)}, start=at, end=match.end())
    if message.cut and match.end() == len(message.text):
        reading.fields["action_cut"] = True
    principal = subject_before(message.text[max(0, at - 2200) : at])
    if principal:
        reading.fields["principal"] = principal
    read_resource(message, reading)
    return reading


def subject_before(head: str) -> str | None:
    """Who stands before "is not authorized": an ARN or a service's DNS name. None for `anonymous` and for the unnamed."""
    head = head.rstrip()
    for verb in _NOT:
        head = head.removesuffix(verb)
    words = head.rstrip().rsplit(" ", 1)
    word = words[-1].rpartition("User:")[2].strip("\"'`:,([")
    if parse_arn(word) is not None or word.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return word
    return None


def read_resource(message: MessageText, reading: Reading) -> None:
    """`on resource: …` after the action, into `resource` (an ARN or `*`) and `resource_text` (what stood there)."""
    on = _ON.match(message.text, reading.end)
    if on is None:
        return
    at = on.end()
    text, end = _resource_text(message, at)
    if not text:
        return
    reading.end = end
    reading.fields["resource_text"] = text
    whole = not (message.cut and end >= len(message.text))
    arn = parse_arn(text)
    if text == "*" or (whole and arn is not None and _is_whole(arn.account, arn.resource)):
        reading.fields["resource"] = text
        return
    named = _NAMED.fullmatch(text)
    if named and whole:
        reading.fields["named"] = (_KINDS.get(named.group(1).lower()), named.group(2))


def _is_whole(account: str, resource: str) -> bool:
    """API Gateway masks the account (`********1234`), and a missing name leaves `instance-profile/`: neither is an ARN to use."""
    return "**" not in account and not resource.endswith("instance-profile/")


def _resource_text(message: MessageText, at: int) -> tuple[str, int]:
    text = message.text
    quote = text[at : at + 1]
    if quote in _CLOSED_BY:
        close = _closing(text, at + 1, _CLOSED_BY[quote])
        return (text[at + 1 : close], close) if close > 0 else (text[at + 1 :][:_LONGEST], len(text))
    named = _NAMED.match(text, at)
    if named:
        return named.group(0), named.end()
    if message.lower.startswith("policy arn:", at):  # iam:GetPolicyVersion: `policy ARN version v2`
        end = _word_end(text, at + len("policy "))
        return text[at + len("policy ") : end], end
    ends = (*_ENDS, *_MARKS_AFTER) if text.startswith("arn:", at) else _ENDS
    stops = [stop for end in ends if (stop := message.lower.find(end, at - 1, at + _LONGEST)) >= 0]
    stop = min(stops, default=len(text))
    span = text[at:stop]
    reason = any(message.lower.startswith(end, stop) for end in _REASONS)
    if " " in span and not (reason and span.startswith("arn:") and ". " not in span and "," not in span):
        span = span.split(" ", 1)[0]
    if span.lower() in ("role", "user", "group", "policy", "because", "with"):
        return "", at
    trim = _TRIM.replace(":", "") if span.startswith("arn:") else _TRIM  # a log group's ARN may end in `:log-stream:`
    return span.strip().rstrip(trim) or span.strip()[:1], at + len(span)


def _word_end(text: str, at: int) -> int:
    end = text.find(" ", at)
    return len(text) if end < 0 else end


def _closing(text: str, at: int, quote: str) -> int:
    """Where the quote closes: followed by the end, a blank or a stop, for S3 keys may hold quotes themselves."""
    close = text.find(quote, at, at + _LONGEST)
    while 0 <= close < len(text) - 1 and text[close + 1] not in " .,;)\"'`]}\\":
        close = text.find(quote, close + 1, at + _LONGEST)
    return close


def read_reason(message: MessageText, reading: Reading) -> None:
    """The clause: policy type and effect, or what the special clauses fix; and the ARN of the policy behind it."""
    text, lower = message.text, message.lower
    for clause in clauses():
        at = lower.find(clause.text, reading.end)
        if at >= 0:
            reading.fields.update(clause.fixed)
            reading.end = at + len(clause.text)
            return
    at = lower.find("with an explicit deny", max(0, reading.end - 1), reading.end + 2000)
    if at >= 0:
        reading.fields["effect"] = Effect.EXPLICIT
        _read_policy_type(message, reading, _after(lower, at + 21, (" in an ", " in a ", " in the ", " in ")))
    else:
        at, start = _implicit_frame(lower, max(0, reading.end - 1))
        if start >= 0 and _read_policy_type(message, reading, start):
            reading.fields["effect"] = Effect.IMPLICIT
    policy = _POLICY_ARN.search(text, at, at + 900) if at >= 0 else None
    if policy and not (message.cut and policy.end() >= len(text)):
        reading.fields["policy_arn"] = policy.group(1).rstrip(".,;)")


def _implicit_frame(lower: str, at: int) -> tuple[int, int]:
    """Where `because no …` (in the console's panel `Context: no …`) stands, and where the policy type begins; -1: nowhere."""
    for word in ("because", "context:"):
        found = lower.find(word, at, at + 2000)
        if found >= 0:
            return found, _after(lower, found + len(word), (" no ", " the "))
    return -1, -1


def _after(lower: str, at: int, words: tuple[str, ...]) -> int:
    return next((at + len(word) for word in words if lower.startswith(word, at)), -1)


def _read_policy_type(message: MessageText, reading: Reading, at: int) -> bool:
    """The policy type named at a place; of a text that is cut, the type that its beginning leaves no doubt about."""
    if at < 0:
        return False
    rest = message.lower[at : at + 200]
    for phrase, kind in policy_phrases():
        if rest.startswith(phrase):
            through = "transitively through a service control policy" in message.lower[at : at + 200]
            reading.fields["policy_type"] = PolicyType.SCP if through else PolicyType(kind)
            return True
    if message.cut and rest:
        kinds = {kind for phrase, kind in policy_phrases() if phrase.startswith(rest)}
        if len(kinds) == 1:
            reading.fields["policy_type"] = PolicyType(kinds.pop())
            return True
        return bool(kinds)
    return False


def _is_cut(encoded: re.Match[str], message: MessageText) -> bool:
    """Nothing is there, the text ends with it and is cut, a sign of a cut follows, or its length is none that base64 can have."""
    blob, rest = encoded.group(1), message.text[encoded.end() :].lstrip()
    return not blob or len(blob) % 4 == 1 or rest.startswith(CUT_SIGNS) or (message.cut and not rest)


def read_tails(message: MessageText) -> dict[str, Any]:
    """What may follow any form: the encoded message, whole or cut, and the authorization id."""
    tails: dict[str, Any] = {}
    at = message.lower.find("encoded authorization failure message")
    if at >= 0 and (match := _ENCODED.match(message.text, at)) is not None:
        tails["encoded"] = EncodedMessage.TRUNCATED if _is_cut(match, message) else EncodedMessage.COMPLETE
        tails["encoded_text"] = match.group(1) or None
    at = message.lower.find("authorization")
    if at >= 0 and ("authorization id" in message.lower or "authorization-details" in message.lower):
        for match in _AUTHORIZATION.finditer(message.text, max(0, at - 1)):
            if not (message.cut and match.end() >= len(message.text)):
                tails["authorization_id"] = match.group(1) or match.group(2)
                break
    return tails
