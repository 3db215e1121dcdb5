"""What messages and records say by themselves: who, what, where, which layer, and what to do next."""

from __future__ import annotations

from msgspec.structs import replace

from trailsleuth.catalog.actions import services_with
from trailsleuth.catalog.asides import aside_of
from trailsleuth.catalog.client_words import ClientWords, client_words, thing_of
from trailsleuth.catalog.messages import opaque_error, warnings
from trailsleuth.catalog.operations import primary_action
from trailsleuth.ingest.distinct import without_echoes
from trailsleuth.ingest.explained import explained, no_denial, opaque, opaque_advice, role_or_user
from trailsleuth.ingest.pasted import messages_in, read_pasted, said_whole
from trailsleuth.model import Denial
from trailsleuth.model.explanation import ExplainedDenial, Explanation
from trailsleuth.patterns import late

# Bare texts whose wording is one service's: the operation that the text names is that service's then.
_BARE = {"plain-access-denied": "s3.amazonaws.com", "unauthorized-operation": "ec2.amazonaws.com"}
_OF_S3 = ("403", "Forbidden")  # the codes of answers without a body, as HEAD gets them
_PRINTED = frozenset(_BARE) | {"bare", "code-only", "user-not-authorized-access", "cut-at-perform", "http-403"}
_CALLER = late(r"arn:aws[a-z-]{0,16}:(?:sts::\d{12}:assumed-role/[\w+=,.@-]{1,64}/[\w+=,.@-]{1,64}|iam::\d{12}:user/[\w+=,.@/-]{1,576})")


def explain_text(text: str) -> Explanation:
    """Pasted messages, each by itself; events in the text are `explain_records.explain_events`."""
    found = [_explain_message(message) for message in messages_in(text)]
    denials = without_echoes(one for one, warning in found if one is not None and not warning)
    warned = without_echoes(one for one, warning in found if one is not None and warning)
    return Explanation(denials=denials or warned, not_denials=sum(one is None for one, _ in found))


def _explain_message(message: str) -> tuple[ExplainedDenial | None, bool]:
    """What the message says, and whether it is a warning that its program goes on after."""
    sentence = said_whole(message)
    if sentence is not None:
        known = dict(sentence.known_from)
        principal = role_or_user(sentence.principal)
        return explained(sentence, principal=principal, action=sentence.iam_action, resource=sentence.resource, known=known), False
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
    if denial.pattern_id in _PRINTED and not denial.encoded and (action is not None or error is not None):
        denial = replace(denial, advice=opaque_advice(error) if action is None and error is not None else "")
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
