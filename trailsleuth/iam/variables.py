"""Policy variables: `${aws:username}`, `${key, 'default'}`, and `${*}`, `${?}`, `${$}` for the signs themselves.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re

from msgspec import Struct

from trailsleuth.iam.keys import RequestKeys
from trailsleuth.iam.match import as_literal
from trailsleuth.patterns import late

_VARIABLE = late(r"\$\{([^}]*)\}")
_DEFAULTED = late(r"\s*([^,\s]+)\s*,\s*'((?:[^']|'')*)'\s*", re.DOTALL)


class Expanded(Struct, frozen=True, kw_only=True):
    """The text with every variable filled in; None where one has no value (`missing` ""), or where a key (`missing`) is unknown."""

    text: str | None
    missing: str = ""


def expand(text: str, keys: RequestKeys, version: str) -> Expanded:
    """The text for this request. Only version 2012-10-17 knows variables; a key with several values has none to fill in."""
    if "${" not in text or version != "2012-10-17":
        return Expanded(text=text)
    out: list[str] = []
    unknown, position, unresolved = "", 0, False
    for found in _VARIABLE.finditer(text):
        out.append(text[position : found.start()])
        position = found.end()
        name, default = found[1], None
        if name in ("*", "?", "$"):
            out.append(as_literal(name))
            continue
        if defaulted := _DEFAULTED.fullmatch(name):
            name, default = defaulted[1], defaulted[2].replace("''", "'")
        values = keys.get(name.strip())
        if values is None:
            unknown = unknown or name.strip()
        elif len(values) == 1:
            out.append(as_literal(values[0]))
        elif default is not None and not values:
            out.append(as_literal(default))
        else:
            unresolved = True
    if unresolved:
        return Expanded(text=None)
    if unknown:
        return Expanded(text=None, missing=unknown)
    return Expanded(text="".join([*out, text[position:]]))
