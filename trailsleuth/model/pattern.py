"""Resource patterns apart from resources: `instance/*` as the catalogue means it, and an object whose key holds a star.

A plain `str` is a literal ARN, every sign of it itself. An `ArnPattern` is in the language of a policy's `Resource`: `*` and `?` stand for others,
`${*}`, `${?}` and `${$}` for themselves. Whoever writes a literal into a policy escapes it, whoever asks a policy about a pattern asks about a member.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
"""

from __future__ import annotations

from trailsleuth.patterns import late

_SIGN = late(r"[*?]|\$(?=\$*(?:\{|$))")
_PIECE = late(r"\$\{([*?$])\}|[*?]")
ANY, ONE = "0", "0"  # what a member has where its pattern has `*`, `?`


class ArnPattern(str):
    """An ARN in which `*` and `?` stand for anything."""

    __slots__ = ()

    def member(self) -> str:
        """A literal ARN that the pattern means."""
        return _PIECE.sub(lambda m: m.group(1) or (ANY if m.group() == "*" else ONE), self)


def escaped(text: str) -> str:
    """A literal as a policy must write it: whoever names a thing must not widen a policy."""
    return _SIGN.sub(lambda sign: "${" + sign.group() + "}", text)


def as_pattern(resource: str) -> ArnPattern:
    """The resource as a policy names it: a pattern as it is, a literal escaped."""
    return resource if isinstance(resource, ArnPattern) else ArnPattern(escaped(resource))


def is_wide(pattern: str) -> bool:
    """Whether a `Resource` means more than one thing."""
    return any(not m.group(1) for m in _PIECE.finditer(pattern))
