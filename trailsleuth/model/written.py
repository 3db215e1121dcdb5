"""What stands in the text of a policy, apart by type: what evidence says, what we mean as a pattern, and what the reader has to fill in.

Only `written` makes policy text of them, so nothing that a record says can become a wildcard, a policy variable or a placeholder.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html (`${*}`, `${?}`, `${$}`)
"""

from __future__ import annotations

from msgspec import Struct

from trailsleuth.model.pattern import escaped
from trailsleuth.patterns import late

_SIGNS = late(r"[*?]|\$\{")


class Literal(Struct, frozen=True):
    """A text that stands for itself, whatever signs it has: names, keys, ids and values out of evidence."""

    text: str


class Pattern(Struct, frozen=True):
    """A text of ours, or of a policy of today: its `*`, `?` and `${variable}` mean what IAM makes of them."""

    text: str


class Blank(Struct, frozen=True):
    """A value that the evidence does not tell: a `Placeholder` of that name stands beside it."""

    name: str


Part = Literal | Pattern | Blank


def written(*parts: Part) -> str:
    """The parts as one text of a policy of version 2012-10-17."""
    return "".join(_written(part) for part in parts)


def _written(part: Part) -> str:
    match part:
        case Literal(text):
            return escaped(text)
        case Pattern(text):
            return text
        case Blank(name):
            return "${" + name + "}"


def holds_signs(text: str) -> bool:
    """Whether the text would mean more than itself where a policy takes wildcards or variables."""
    return _SIGNS.search(text) is not None
