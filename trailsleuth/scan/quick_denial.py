"""A quick look at an error: can it be a refusal? Never no where `read_denial` would say yes; a yes is only a reason to look closer."""

from __future__ import annotations

from collections import Counter
from functools import cache, lru_cache

from trailsleuth.catalog.messages import code_row, message_forms
from trailsleuth.catalog.refusals import SENTENCE, WRAPPED
from trailsleuth.ingest.denials import read_denial
from trailsleuth.patterns import late

_WORD = late(r"[a-z0-9']+")
_WRAPPED = late(WRAPPED)
_SIGNS = ("\\", "&", "<Code>", "  ", "{")


def may_be_denial(code: str, text: str) -> bool:
    """The code is one of a refusal, or the text has a word of a form of refusal, or it has to be unwrapped first."""
    if code and _denied(code):
        return True
    if not text:
        return False
    if _is_wrapped(text):
        return True
    return _holds_one(text.lower(), _words())


@lru_cache(maxsize=4096)
def is_denial(code: str, text: str, call: tuple[str, str]) -> bool:
    """What `read_denial` says, most often without the reading: a code of a refusal stands unless a text of another kind may be meant."""
    if not code or not may_be_denial(code, text):
        return False
    if _denied(code) and not _is_wrapped(text):
        lower = text.lower()
        if not (_holds_one(lower, _harmless_words()) and _holds_one(lower, _harmless())):
            return True
    return read_denial(code, text, event_source=call[0], event_name=call[1], of_record=True) is not None


def is_beyond_doubt(code: str, text: str) -> bool:
    """The caller was refused, whatever the record's other members are: the code says so, and no form of text that says otherwise may be meant."""
    row = code_row(code)
    if row is None or not row.denied or row.fixed.get("cause") or _is_wrapped(text):
        return False
    lower = text.lower()
    return not (_holds_one(lower, _otherwise_words()) and _holds_one(lower, _otherwise()))


def _is_wrapped(text: str) -> bool:
    """It would have to be unwrapped before it can be read. Most texts are plain, and that is seen faster without the expression."""
    if text.isascii() and text.isprintable() and text[:1] != " " and not _holds_one(text, _SIGNS):
        return False
    return _WRAPPED.search(text) is not None


def _holds_one(text: str, words: tuple[str, ...]) -> bool:
    for word in words:  # noqa: SIM110 - a generator would take twice as long
        if word in text:
            return True
    return False


@cache
def _harmless() -> tuple[str, ...]:
    """Anchors of the forms that are no refusal."""
    return tuple({anchor.lower() for form in message_forms() if not form.refused for anchor in form.anchors})


@cache
def _harmless_words() -> tuple[str, ...]:
    """A few words of which every one of these holds one at least."""
    return _cover(frozenset(_harmless()))


@cache
def _otherwise() -> tuple[str, ...]:
    """The same with the forms of what was refused to somebody else than the caller."""
    return (*_harmless(), *{anchor.lower() for form in message_forms() if form.fixed.get("cause") for anchor in form.anchors})


@cache
def _otherwise_words() -> tuple[str, ...]:
    return _cover(frozenset(_otherwise()))


@cache
def _denied(code: str) -> bool:
    row = code_row(code)
    return row is not None and row.denied


@cache
def _words() -> tuple[str, ...]:
    """The same of the forms of refusals."""
    return _cover(frozenset(anchor for form in message_forms() if form.refused for anchor in form.anchors) | {SENTENCE})


def _cover(anchors: frozenset[str]) -> tuple[str, ...]:
    chosen: list[str] = []
    left = set(anchors)
    while left:
        counted = Counter(word for anchor in sorted(left) for word in set(_WORD.findall(anchor)) if len(word) > 3)
        if not counted:
            chosen += sorted(left)
            break
        word = max(sorted(counted), key=lambda found: (counted[found], len(found)))
        chosen.append(word)
        left = {anchor for anchor in left if word not in anchor}
    return tuple(chosen)
