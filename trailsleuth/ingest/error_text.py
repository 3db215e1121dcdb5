"""The error text of a question, read once for all rooms."""

from __future__ import annotations

import re

from msgspec.structs import replace

from trailsleuth.catalog.client_words import client_words, service_prefix
from trailsleuth.catalog.messages import opaque_error
from trailsleuth.ingest.pasted import denial_in
from trailsleuth.model import Denial, ErrorText
from trailsleuth.patterns import late

LONGEST = 20_000  # characters of a pasted text that are looked at
_WORD = late(r"[^\s\"'`()<>\[\]{},;|=]{1,2048}")
_ACTION = late(r"(?<![\w:/-])([a-z][a-z0-9-]{1,40}):([A-Z]\w{1,80})")
_REQUEST = late(r"\bRequest[ -]?I[Dd]: ?\"?([A-Za-z0-9-]{8,64})")  # printed beside AWS's answer: the id of the request that was denied
_TYPE = late(r"\bAWS::(\w{2,60})::(\w{2,60})")


def read_error_text(text: str) -> ErrorText:
    """What the text that a user saw says: whole, as words, as a denial, as an opaque error of the table, and the calls that it names."""
    flat = " ".join(text[:LONGEST].split())
    called = client_words(flat)
    own = ((called.service, called.operation),) if called.service or called.operation else ()
    return ErrorText(
        text=flat,
        denial=_uncut(_told(text, flat), flat),
        opaque=opaque_error(text) or opaque_error(flat),
        words=frozenset(_words(flat)) | frozenset(filter(None, (called.bucket, called.key))),
        operations=tuple(dict.fromkeys((*own, *_ACTION.findall(flat)))),
        types=tuple(dict.fromkeys((service_prefix(service) or service.lower(), kind) for service, kind in _TYPE.findall(flat))),
        bucket=called.bucket,
        requests=frozenset(_REQUEST.findall(flat)),
    )


def _told(text: str, flat: str) -> Denial | None:
    """What the text tells line by line; where that names no action, what it tells as one line, if that names one: terminals break lines anywhere."""
    by_line = denial_in(text)
    if by_line is not None and by_line.iam_action is not None:
        return by_line
    whole = denial_in(flat) if "\n" in text else None
    return whole if whole is not None and (by_line is None or whole.iam_action is not None) else by_line


def _uncut(denial: Denial | None, text: str) -> Denial | None:
    """The denial without an action that nobody knows and at which the text breaks off: half of a name."""
    if denial is None or not denial.unverified_action or not text.lower().rstrip(".…").endswith((denial.iam_action or "").lower()):
        return denial
    known = {name: where for name, where in denial.known_from.items() if name != "iam_action"}
    return replace(denial, iam_action=None, unverified_action=False, known_from=known)


def _words(text: str) -> set[str]:
    """Every word as it stands, without what ends a sentence, and the parts of those that are joined by a colon or a slash."""
    found: set[str] = set()
    for match in _WORD.finditer(text):
        word = match.group().strip(".:!?")
        found.update((word, *filter(None, re.split(r"[:/]", word))))
    return found - {""}
