"""What a refused call says about itself, from its error code and its message.

The usual sentence is read by `denial_grammar`; every other form is a row of `catalog/data/denial_messages.toml`. Codes alone miss refusals
(ValidationException, InvalidStructureException, …), so either the code or the text may tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from trailsleuth.catalog.actions import entry, spelling, takes_resource
from trailsleuth.catalog.messages import CodeRow, MessageForm, api_names, code_row, compiled, may_carry, message_forms
from trailsleuth.catalog.operations import meant_action
from trailsleuth.catalog.services import prefix_of, service_principal
from trailsleuth.ingest.denial_grammar import Reading, read_reason, read_sentence, read_tails
from trailsleuth.ingest.denials_of_records import admitted
from trailsleuth.ingest.message_text import MessageText, plain_message
from trailsleuth.model import Cause, Denial, Effect, PolicyType, parse_arn, role_of_session
from trailsleuth.model.pattern import ArnPattern, as_pattern, is_wide
from trailsleuth.patterns import late

_SENTENCE_RANK = 50
_BEFORE, _BEHIND = 700, 3000
_CACHED_LENGTH = 4096
SENTENCE = "not-authorized-to-perform"  # the id of the usual sentence among the forms
_CODE_IN_TEXT = late(
    r"An error occurred \(([\w.]{2,80})\) when calling|Error Code: ([\w.]{2,80})"
    r"|\b([A-Z]\w{1,70}(?:Exception|Fault|Denied)|(?:Client\.)?UnauthorizedOperation)\b"
)
_ROLE = late(r"arn:aws[a-z-]{0,16}:iam::\d{12}:role/[\w+=,.@/-]{1,600}")
_NO_ACTIONS = frozenset({"this", "the", "that", "an", "a", "any", "such"})  # `perform this action`
_TRIM = ".,;:\"'`"
_READ = late(r"\{(?!prefix\}|service_principal\})")  # filled in from the text, not from the call


def read_denial(error_code: str | None, error_message: str | None, *, event_source: str, event_name: str, of_record: bool = False) -> Denial | None:
    """What was refused, as code and text tell it; None only where the call was not refused.

    `of_record`: both come from a record, where services also repeat what callers wrote. There the code decides whether the text may be a denial at all.
    """
    code = error_code.strip() if isinstance(error_code, str) else ""
    text = error_message if isinstance(error_message, str) else ""
    if not (code or text) or (of_record and not code):
        return None
    read = _read_denial if len(text) <= _CACHED_LENGTH else _read_denial.__wrapped__
    return read(code, text, event_source, event_name, of_record)


@lru_cache(maxsize=4096)  # one refusal is often made thousands of times
def _read_denial(code: str, text: str, event_source: str, event_name: str, of_record: bool = False) -> Denial | None:
    message = plain_message(text)
    code = code or message.code or ""
    row = code_row(code) if code else None
    refused = row is not None and row.denied
    if of_record and not refused and not may_carry(code):
        return None
    form, reading = _read(message, code, (event_source, event_name), recorded=of_record and not refused)
    if form is not None and not form.refused:
        return None
    if of_record and reading is not None:
        form, reading = admitted(form, reading, message, code="" if refused else code)
    if reading is None:
        return _from_code(row, message, event_source) if row is not None and row.denied else None
    read_reason(message, reading)
    if form is None:
        return _denial(SENTENCE, reading, {"wraps": _forwarded(reading.fields["iam_action"], event_source)}, message)
    return _denial(form.id, reading, {**(row.fixed if row else {}), **form.fixed}, message)


def _forwarded(action: str, event_source: str) -> bool:
    """The refused action is another service's: the call behind has a record of its own. iam:PassRole never has one."""
    service = action.split(":", 1)[0].lower()
    return bool(event_source) and service != prefix_of(event_source) and action.lower() != "iam:passrole"


def code_in_text(text: str) -> str | None:
    """The error code that a pasted text names: the CLI's `(CODE) when calling`, `Error Code: CODE`, else the first `CODEException` that is a known code.

    The class of an exception is often any error of its service (`S3Exception`): that is no code.
    """
    for match in islice(_CODE_IN_TEXT.finditer(text, 0, 20_000), 40):
        named = match.group(1) or match.group(2)
        if named or code_row(match.group(3)) is not None:
            return named or match.group(3)
    return None


def _read(message: MessageText, code: str, call: tuple[str, str], *, recorded: bool) -> tuple[MessageForm | None, Reading | None]:
    """The form that fits and what it read; (None, reading) for the usual sentence, (None, None) for a text that no form knows."""
    sentence = False
    for form in message_forms():
        if form.recorded and not recorded:
            continue
        if form.rank >= _SENTENCE_RANK and not sentence:
            sentence = True
            reading = read_sentence(message)
            if reading is not None:
                return None, reading
        reading = _by_form(form, message, code, call)
        if reading is not None:
            return form, reading
    return (None, None) if sentence else (None, read_sentence(message))


def _by_form(form: MessageForm, message: MessageText, code: str, call: tuple[str, str]) -> Reading | None:
    if not _applies(form, code, call):
        return None
    for anchor in form.anchors:
        at = message.lower.find(anchor)
        for _ in range(3):
            if at < 0:
                break
            if form.pattern is None:
                return Reading(start=at, end=at + len(anchor))
            match = compiled(form.pattern).search(message.text, max(0, at - _BEFORE), at + _BEHIND)
            if match is not None:
                fields = {name: text.strip().rstrip(_TRIM) for name, text in match.groupdict().items() if text}
                fields.update(_of_call(call[0]))
                return Reading(fields=fields, start=match.start(), end=match.end())
            at = message.lower.find(anchor, at + 1)
    return None


def _of_call(source: str) -> dict[str, str]:
    """What a row may fill in from the event source: the IAM prefix, and the name by which that service assumes roles."""
    prefix = prefix_of(source) if source else ""
    return {"prefix": prefix, "service_principal": (service_principal(prefix) or "") if prefix else ""}


def _applies(form: MessageForm, code: str, call: tuple[str, str]) -> bool:
    if form.codes is not None and not compiled(form.codes).search(code[:200]):
        return False
    return (not form.sources or call[0] in form.sources) and (not form.events or call[1] in form.events)


def denial_of_code(error_code: str, error_message: str | None, source: str) -> Denial | None:
    """What the code alone says; None where it is not one of a denial."""
    row = code_row(error_code.strip())
    return _from_code(row, plain_message(error_message or ""), source) if row is not None and row.denied else None


def _from_code(row: CodeRow, message: MessageText, source: str) -> Denial:
    """A refusal whose code is all that can be read."""
    return _denial("bare" if message.text else "code-only", Reading(fields=dict(_of_call(source))), row.fixed, message)


def _merged(reading: Reading, fixed: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What was read and what the row fixes, filled in, as one; and for action, resource and principal where each comes from."""
    read = reading.fields
    filled = {name: _filled(name, value, read) if isinstance(value, str) else value for name, value in fixed.items()}
    fields = {name: value for name, value in {**read, **filled}.items() if value not in ("", None)}
    known = {}
    for name in ("iam_action", "resource", "principal"):
        if fields.get(name):
            known[name] = "message" if name not in fixed or _READ.search(fixed[name]) else "catalog"
    return fields, known


def _filled(name: str, template: str, read: Mapping[str, Any]) -> str:
    """The row's text with what was read in it. A star of the row's own means any object of the bucket; one that was read stands for itself."""
    if name == "resource" and is_wide(template):
        return ArnPattern(template.format_map(_Missing({group: as_pattern(str(value)) for group, value in read.items() if value})))
    return template.format_map(_Missing(read))


def _denial(pattern_id: str, reading: Reading, fixed: Mapping[str, Any], message: MessageText) -> Denial:
    fields, known = _merged(reading, fixed)
    action, unverified = _spelled(fields, message)
    if action == "sts:AssumeRole" and fields.get("policy_type") == PolicyType.TRUST and not fields.get("resource"):
        fields["resource"] = _only_role(message)
        known["resource"] = "message"
    resource, text, unknown_path = _resource(fields, action, known)
    tails = read_tails(message)
    if action is None:
        known.pop("iam_action", None)
    return Denial(
        pattern_id=pattern_id,
        iam_action=action,
        resource=resource,
        resource_text=text,
        principal=fields.get("principal"),
        effect=Effect(fields.get("effect", Effect.UNKNOWN)),
        policy_type=PolicyType(fields["policy_type"]) if fields.get("policy_type") else None,
        policy_arn=fields.get("policy_arn"),
        authorization_id=tails.get("authorization_id"),
        encoded=tails.get("encoded"),
        encoded_text=tails.get("encoded_text"),
        cause=Cause(fields["cause"]) if fields.get("cause") else None,
        wraps=bool(fields.get("wraps")),
        advice=str(fields.get("advice", "")),
        known_from=known,
        other_actions=_other_actions(fields, action),
        by_passed_role=bool(fields.get("by_passed_role")),
        at_target=bool(fields.get("at_target")),
        unless_lacking=bool(fields.get("unless_lacking")),
        open=bool(fields.get("open")),
        unverified_action=unverified,
        path_unknown=unknown_path,
        truncated=message.cut,
        layer_presumed="policy_type" in fixed and "policy_type" not in reading.fields,
    )


def _only_role(message: MessageText) -> str | None:
    """The role of a text that says of one role that it cannot be assumed."""
    found = {match.group(0).rstrip(_TRIM) for match in _ROLE.finditer(message.text[:5000])}
    return found.pop() if len(found) == 1 and not message.cut else None


class _Missing(dict[str, Any]):
    """A group that did not take part leaves nothing in a template."""

    def __missing__(self, key: str) -> str:
        return ""


def _spelled(fields: dict[str, Any], message: MessageText) -> tuple[str | None, bool]:
    """The action in the Service Authorization Reference's spelling, and whether that reference does not list it. An operation that a text prints like an action
    is what IAM checks it for."""
    action = fields.get("iam_action")
    if not action or action.startswith(":") or action.endswith(":"):
        return None, False
    action = action.replace(" ", "")
    known = entry(api_names().get(action.lower(), action)) or entry(meant_action(action) or "")
    if known is not None:
        return known.name, known.unlisted is not None
    made_up = fields.get("action_cut") and message.cut
    return (None, False) if made_up or action.partition(":")[2].lower() in _NO_ACTIONS else (action, True)


def _other_actions(fields: dict[str, Any], action: str | None) -> tuple[str, ...]:
    """The rest of a list of actions in the text (`more`), or what the row lists, in the reference's spelling."""
    service = (action or "").partition(":")[0]
    named = [f"{service}:{word}" for word in re.findall(r"\w+", fields.get("more") or "") if word != "and"]
    known = (spelling(name) for name in [*named, *fields.get("other_actions", ())])
    return tuple(dict.fromkeys(name for name in known if name is not None and name != action))


def _resource(fields: dict[str, Any], action: str | None, known: dict[str, str]) -> tuple[str | None, str | None, bool]:
    """(ARN or `*`, what stood there, whether the ARN lacks its path)."""
    text, resource = fields.get("resource_text"), fields.get("resource")
    if resource is None and fields.get("named"):
        kind, name = fields["named"]
        resource = _named(kind, name, fields.get("principal"))
        if resource is not None:
            known["resource"] = "message"
            return resource, text, "/" not in name
    takes = takes_resource(action) if action else None
    if resource == "*" and takes is not False:  # services print a star too where they evaluated no resource
        known.pop("resource", None)
        return None, text or "*", False
    if resource is None and takes is False and text is None:
        known["resource"] = "catalog"
        return "*", None, False
    if resource is not None and resource != "*" and parse_arn(resource) is None:
        known.pop("resource", None)
        return None, text or resource, False
    return resource, text if text != resource else None, False


def _named(kind: str | None, name: str, principal: str | None) -> str | None:
    """IAM prints `role NAME`: the ARN in the principal's account, without the path, which is not printed."""
    arn = parse_arn(role_of_session(principal) or principal)
    if kind is None or arn is None or not arn.account:
        return None
    return f"arn:{arn.partition}:iam::{arn.account}:{kind}/{name.lstrip('/')}"
