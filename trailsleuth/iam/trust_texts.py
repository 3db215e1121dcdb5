"""What a trust policy is about, read loosely: whom it names in some form, and which token its conditions are written for.

A role that does not let a caller in often means to: a wildcard under StringEquals, another letter case, the service of another Region.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trailsleuth.model import IamPrincipal, Statement
from trailsleuth.patterns import late

_REGION = late(r"\.[a-z]{2}(?:-[a-z]+)+-\d(?=\.)")


def is_about(role: IamPrincipal, caller: str) -> bool:
    """Its trust names the identity provider or service, a service also as it calls from some Region."""
    named = {value for s in _allows(role) if s.principals for _, value in s.principals.entries}
    return caller in named or caller in {_REGION.sub("", value) for value in named}


def is_written_for(role: IamPrincipal, subject: str) -> bool:
    """A condition of its trust is written for the token's subject, however it is spelled and under whatever key."""
    patterns = (value for s in _allows(role) for c in s.conditions if c.key.lower().endswith(":sub") for value in c.values)
    return any(_loosely(pattern, subject) for pattern in patterns)


def _allows(role: IamPrincipal) -> Iterator[Statement]:
    return (s for s in role.trust.document.statements if s.effect == "Allow") if role.trust else iter(())


def _loosely(pattern: str, value: str) -> bool:
    """`*` and `?` read as wildcards whatever the operator, and without regard to case."""
    parts = "".join(".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in pattern.lower())
    return re.fullmatch(parts, value.lower()) is not None
