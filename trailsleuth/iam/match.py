"""IAM's wildcards: `*` any run of characters, `?` any one; in ARNs part by part.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
         https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

LITERAL_STAR, LITERAL_MARK = "\ue000", "\ue001"
"""Stand for a `*` or `?` that is meant as itself (from `${*}`, `${?}` or a variable's value)."""

_ARN_COLONS = 5
_Match = Callable[[str], object]


def as_literal(text: str) -> str:
    """The text with its wildcards shielded."""
    return text.replace("*", LITERAL_STAR).replace("?", LITERAL_MARK)


def unshielded(text: str) -> str:
    """The text with shielded signs as themselves."""
    return text.replace(LITERAL_STAR, "*").replace(LITERAL_MARK, "?")


def wildcard_matches(pattern: str, text: str) -> bool:
    """The whole text fits the pattern; case counts."""
    if pattern == "*" or pattern == text:
        return True
    if not _is_pattern(pattern):
        return unshielded(pattern) == text
    return _compiled(pattern, ".")(text) is not None


def action_matches(pattern: str, action: str) -> bool:
    """An action pattern covers an action; case does not count."""
    if pattern in ("*", "*:*"):
        return True
    lower, wanted = pattern.lower(), action.lower()
    if "*" not in lower and "?" not in lower:
        return lower == wanted
    return _compiled(lower, ".")(wanted) is not None


def resource_matches(pattern: str, resource: str) -> bool:
    """A `Resource` pattern covers an ARN. An ARN with parts missing stands for any in them; a wildcard stays in its part, the last one holds colons."""
    if pattern == "*":
        return True
    if not pattern.startswith("arn:"):
        return wildcard_matches(pattern, resource)
    if not resource.startswith("arn:"):
        return False
    if not _is_pattern(pattern) and pattern.count(":") >= _ARN_COLONS:
        return unshielded(pattern) == resource
    return _compiled_arn(pattern)(resource) is not None


def patterns_overlap(one: str, other: str) -> bool:
    """Whether some ARN fits both patterns: whether a request on a pattern, or on an id that is not known, can come under the other."""
    if "*" in (one, other):
        return True
    if not one.startswith("arn:") or not other.startswith("arn:"):
        return _overlap(one, other)
    parts = [(pattern.split(":", 5) + ["*"] * 6)[:6] for pattern in (one, other)]
    return all(_overlap(a, b) for a, b in zip(*parts, strict=True))


def _overlap(one: str, other: str) -> bool:
    """Of two texts with `*` and `?`: the places in `other` that can be reached while `one` is read, sign by sign."""
    reached = _past_stars({0}, other)
    for sign in one:
        if sign == "*":
            reached = set(range(min(reached), len(other) + 1)) if reached else reached
        else:
            steps = {at if other[at] == "*" else at + 1 for at in reached if at < len(other) and (other[at] in ("*", "?", sign) or sign == "?")}
            reached = _past_stars(steps, other)
    return len(other) in reached


def _past_stars(places: set[int], text: str) -> set[int]:
    """The places, and those behind the stars that stand there: a star may be nothing."""
    found = set(places)
    for at in sorted(places):
        while at < len(text) and text[at] == "*":
            at += 1
            found.add(at)
    return found


def covers_others(pattern: str) -> bool:
    """False only where the pattern covers nothing but the text that it is itself."""
    return _is_pattern(pattern) or unshielded(pattern) != pattern or (pattern.startswith("arn:") and pattern.count(":") < _ARN_COLONS)


def arn_matches(pattern: str, arn: str) -> bool:
    """`ArnLike`: six parts, each compared with wildcards.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
    """
    if pattern == "*":
        return arn.startswith("arn:")
    wanted, given = pattern.split(":", 5), arn.split(":", 5)
    return len(wanted) == 6 and len(given) == 6 and all(wildcard_matches(w, g) for w, g in zip(wanted, given, strict=True))


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


@lru_cache(maxsize=16384)
def _compiled(pattern: str, any_one: str) -> _Match:
    return re.compile(_regex(pattern, any_one), re.DOTALL).fullmatch


@lru_cache(maxsize=16384)
def _compiled_arn(pattern: str) -> _Match:
    parts = pattern.split(":", 5)
    parts += ["*"] * (6 - len(parts))
    fixed = [_regex(part, "[^:]") for part in parts[:5]]
    return re.compile(":".join([*fixed, _regex(parts[5], ".")]), re.DOTALL).fullmatch


def _regex(pattern: str, any_one: str) -> str:
    """Atomic groups between the stars keep a hostile pattern from taking more than linear time a star."""
    pieces = [_piece(piece, any_one) for piece in re.sub(r"\*+", "*", pattern).split("*")]
    if len(pieces) == 1:
        return pieces[0]
    middle = "".join(f"(?>{any_one}*?{piece})" for piece in pieces[1:-1])
    return f"{pieces[0]}{middle}{any_one}*{pieces[-1]}"


def _piece(text: str, any_one: str) -> str:
    return "".join(any_one if sign == "?" else re.escape(unshielded(sign)) for sign in text)
