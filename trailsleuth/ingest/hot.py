"""Where a long text speaks of a denial: the noise of a log is gone over by plain searches, and only the surroundings of a find are read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from trailsleuth.catalog.asides import asides
from trailsleuth.catalog.messages import clauses, message_forms, opaque_errors

# One of these stands in most texts of a denial; the anchors of the tables' rows that hold none are searched for themselves.
_STEMS = (
    "denied",
    "explicit deny",
    "authoriz",
    "authoris",
    "forbidden",
    "permission",
    "privilege",
    "assume",
    "code: 403",
    "(403)",
    "statuscode: 403",
    "because no ",
)
_BEFORE, _AFTER = 12, 16  # lines around a find that are read with it
_SMALL, _LARGEST = 40_000, 200_000  # signs: a text of the one size is read whole, a part is cut at the other


@cache
def signs() -> tuple[str, ...]:
    """What a text must hold, one of them, to be about a denial or about what is mistaken for one; lower case."""
    anchors = {anchor for form in message_forms() for anchor in form.anchors} | {anchor for aside in asides() for anchor in aside.anchors}
    anchors |= {clause.text for clause in clauses()} | {error.text.partition("‹")[0].strip().lower() for error in opaque_errors()}
    return (*_STEMS, *sorted(anchor for anchor in anchors if anchor and not any(stem in anchor for stem in _STEMS)))


def is_hot(lower: str) -> bool:
    """Whether a text in lower case may hold a denial."""
    return any(stem in lower for stem in _STEMS) or any(sign in lower for sign in signs())


def hot_parts(text: str) -> Iterator[str]:
    """The parts of the text, whole lines, that have to be read, in order and without overlap."""
    if len(text) <= _SMALL:
        yield text
        return
    start = end = 0
    for place in _places(text):
        first = max(_lines_before(text, place), end) if place >= end else end
        if end and (first > end or end - start > _LARGEST):
            yield text[start:end]
            start = first
        elif not end:
            start = first
        end = max(end, _lines_after(text, place))
    if end:
        yield text[start:end]


def _places(text: str) -> list[int]:
    """Where a sign stands, in order; one in each stretch of a thousand signs is enough."""
    lower = text.lower() if text.isascii() else _lower(text)
    places: set[int] = set()
    for sign in signs():
        at = lower.find(sign)
        while at >= 0:
            places.add(at)
            at = lower.find(sign, at + 200)
    return sorted(places)


def _lower(text: str) -> str:
    """In lower case without a change of length."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(one if len(one.lower()) != 1 else one.lower() for one in text)


def _lines_before(text: str, at: int) -> int:
    for _ in range(_BEFORE + 1):
        at = text.rfind("\n", 0, at)
        if at < 0:
            return 0
    return at + 1


def _lines_after(text: str, at: int) -> int:
    for _ in range(_AFTER):
        at = text.find("\n", at) + 1
        if at == 0:
            return len(text)
    return at
