"""Whether the text of a record may be a denial: what a service says itself is, what it repeats of the caller's words is not.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html (errorMessage holds what the service said)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from trailsleuth.catalog.messages import MessageForm, carries, is_echo
from trailsleuth.catalog.passed_roles import passing_rows
from trailsleuth.ingest.denial_grammar import Reading, read_sentence
from trailsleuth.ingest.message_text import MessageText
from trailsleuth.model import Denial, Identity, account_of, parse_arn, role_of_session
from trailsleuth.model.texts import texts_in
from trailsleuth.patterns import late

_SENTENCE_BEGINS = late(r"\s*(?:[\w.]{2,60}: ){0,2}(?:User:|arn:aws|You are |(?:The )?(?:user|caller|principal)(?: is| does)? not )", re.IGNORECASE)
_CALLERS_WORDS = late(r"(?<!\w)'|[\"`(<{]|=")


def admitted(form: MessageForm | None, reading: Reading, message: MessageText, *, code: str) -> tuple[MessageForm | None, Reading | None]:
    """The form and its reading, as far as a record may say it: what stands first counts, the rest may be a name. `code`: "" for one of a denial."""
    if form is not None:
        sentence = read_sentence(message)
        if sentence is not None and sentence.start < reading.start and _SENTENCE_BEGINS.match(message.text):
            form, reading = None, sentence
    if not code:
        return form, reading
    if not carries(code, form) or is_echo(message.text):
        return None, None
    own_words = _SENTENCE_BEGINS.match(message.text) if form is None else not _CALLERS_WORDS.search(message.text, 0, reading.start)
    return (form, reading) if own_words else (None, None)


def fitted(denial: Denial, bare: Denial | None, who: Identity, *, call: tuple[str, str], request: Mapping[str, Any], account: str | None) -> Denial | None:
    """The denial where the principal of its text fits the record's caller; else `bare`, what the code alone says, with the mismatch in it."""
    said = denial.principal
    if said is None or parse_arn(said) is None or _fits(said, who, call=call, request=request, account=account):
        return denial
    return replace(bare, beside=said) if bare is not None else None


def _fits(said: str, who: Identity, *, call: tuple[str, str], request: Mapping[str, Any], account: str | None) -> bool:
    """The caller itself, a role that its request hands over (or may have handed over, where the request was not recorded), or one of a service's own."""
    own = _account_and_name(said)
    callers = [arn for arn in (who.arn, who.issuer.arn if who.issuer else None) if arn]
    if any(_account_and_name(arn) == own for arn in callers):
        return True
    if not callers:
        return (who.account or account) in (None, own[0]) or who.type == "AWSService"
    if own[0] not in (account_of(callers[0]), account):
        return False
    return (not request and bool(passing_rows(*call))) or any(_names(text, own[1]) for text in texts_in(dict(request)))


def _account_and_name(arn: str) -> tuple[str | None, str]:
    return account_of(arn), (role_of_session(arn) or arn).rpartition("/")[2].rpartition(":")[2]


def _names(text: str, name: str) -> bool:
    return text == name or (text.startswith("arn:") and text.rpartition("/")[2] == name)
