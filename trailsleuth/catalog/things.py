"""What AWS's words tell of things: that there is none of a name, that a name was not filled in, what a thing is part of. The rows are in `data/things.toml`."""

from __future__ import annotations

import re
from functools import cache

from trailsleuth.catalog.actions import resource_types
from trailsleuth.catalog.load import rows_of
from trailsleuth.catalog.paths import plain_name
from trailsleuth.patterns import late

READS = ("Get", "List", "Describe", "Head", "BatchGet")
"""How the names of calls begin that only look."""
_TAGGING = late(r"^(?:Tag[A-Z]|AddTags|CreateTags|CreateOrUpdateTags)")
_UNTAGGING = late(r"^(?:Untag[A-Z]|RemoveTags|DeleteTags)")
_MAKING = late(r"^(?:Create|Put|Run|Copy|Import|Register|Restore|Allocate|Request|Publish|Update|Modify|Set|Upload|Complete)")
_NEW = late(r"(?:Create|Run)(?P<noun>[A-Z]\w*)")
# What callers name in their own words, so that any text may be its name: an object's key, an API's path, a topic of a message.
_FREE = late(r"(?P<fixed>arn:[\w-]+:(?:s3:::[^/]+|execute-api:[^/]+|iot:[^/]+)).*", re.DOTALL)
_DENIES_BEING = late(r"not exist|not found|no such|can(?:no|')t (?:be found|find)|cannot find", re.IGNORECASE)


@cache
def is_tagging(name: str) -> bool:
    """A call by whose name a thing is tagged."""
    return _TAGGING.match(name) is not None


def changes_tags(name: str) -> bool:
    """Either of them."""
    return is_tagging(name) or is_untagging(name)


def is_untagging(name: str) -> bool:
    """A call by whose name tags are taken away."""
    return _UNTAGGING.match(name) is not None


def is_making(name: str) -> bool:
    """A call, or an action, by whose name something is made or set anew."""
    return _MAKING.match(name) is not None


def made_noun(event_name: str) -> str | None:
    """What a call makes, by its name: `Instances` of RunInstances; None where it makes nothing that AWS gives an id."""
    found = _NEW.match(event_name)
    return found.group("noun") if found is not None else None


@cache
def before_id(event_name: str, action: str) -> tuple[tuple[str, str], ...]:
    """What the action works on within a call that makes something, before AWS gives it its id: (kind, ARN form without the id at its end)."""
    forms = ((kind.name, form) for kind in resource_types(action) for form in kind.arn_formats if form.endswith("Id}"))
    return tuple((kind, form[: form.rindex("${")]) for kind, form in forms) if made_noun(event_name) else ()


def missing_noun(code: str, text: str | None = "") -> str | None:
    """The kind of thing that an error says is not there, in its own word ("" where it says none, or the text is unknown); None where it says no such thing."""
    for noun, form in _missing_by(code):
        if form is None or text is None:
            return noun
        if (found := re.search(form, text)) is not None:
            return found.group("noun")
    return None


@cache
def _missing_by(code: str) -> tuple[tuple[str, str | None], ...]:
    """By the code alone: the word, or the form of the text that has it."""
    last = code.removeprefix("Client.").removeprefix("Server.").removeprefix("AWS.SimpleQueueService.")
    met = ((row.get("text"), re.search(row["code"], last)) for row in rows_of("things", "absent"))
    return tuple(("" if form else found.group("noun"), form) for form, found in met if found)


def may_be_missing(noun: str, *, service: str, kind: str) -> bool:
    """The word is one for this kind of thing, or says nothing."""
    return noun in _vague() or plain_name(noun) in _words_for(service, kind)


@cache
def _words_for(service: str, kind: str) -> frozenset[str]:
    called = (row["words"] for row in rows_of("things", "called") if (row["service"], row["kind"]) == (service, kind))
    return frozenset({plain_name(kind), *(plain_name(word) for words in called for word in words)})


def says_missing(noun: str, text: str, *, service: str, kind: str) -> bool:
    """The word, or the text where the word says nothing, is of this kind of thing: `NoSuchBucketPolicy` says nothing of the bucket."""
    words = _words_for(service, kind)
    if noun not in _vague():
        return plain_name(noun) in words
    said = plain_name(text).replace(" ", "")
    return _DENIES_BEING.search(text) is not None and any(word in said for word in words) and f"{plain_name(kind)}policy" not in said


@cache
def _vague() -> frozenset[str]:
    return frozenset(noun for row in rows_of("things", "vague") for noun in row["nouns"])


@cache
def whole_of(arn: str) -> str | None:
    """The ARN of what a thing is part of: an object's bucket, a stream's log group; None where it stands alone."""
    found = (re.search(row["pattern"], arn) for row in rows_of("things", "part"))
    return next((match.group("whole") for match in found if match), None)


@cache
def unfilled_name(arn: str) -> str | None:
    """The part of an ARN that a script or template left as it was written (`$BUCKET`, `<name>`, `undefined`), so that nothing is called so; None
    where there is none.

    A word that may be part of a path counts only as the name itself: right behind the type, or the last.
    """
    free = _FREE.fullmatch(arn)
    fixed = free["fixed"] if free is not None else arn
    parts = [part for part in re.split("[/:]", fixed.split(":", 5)[-1]) if part]
    ends = {*parts[:2], *parts[-1:]}
    for row in rows_of("things", "unfilled"):
        found = re.search(row["form"], fixed) if "form" in row else None
        left = found.group() if found is not None else None
        left = left or next((part for part in parts if "whole" in row and part in ends and re.fullmatch(row["whole"], part)), None)
        if left is not None and not ("unless" in row and re.fullmatch(row["unless"], left)):
            return left
    return None
