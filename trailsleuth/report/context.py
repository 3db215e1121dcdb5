"""What a renderer may know of the place it writes to."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from trailsleuth.report.policy_types import Patch

UNWRAPPED = 100_000
"""A width that nothing reaches."""

Document = dict[str, Any]
"""The JSON document of the contract, as plain values: what every renderer shows."""


class RenderContext(Struct, frozen=True, kw_only=True):
    """Colour and typographic signs are additive: without them the same words say the same thing.

    `piped`: the reader is a program or a file; nothing is wrapped, a row is one line, and its cells are parted by tabs.

    `everything` also shows the findings of other principals, sessions and executions, which a table leaves out. `patches` are source files of policies
    that were given, with the case's changes made. `version` is that of the program, for a report that outlives it.
    """

    width: int = 80
    piped: bool = False
    color: bool = False
    unicode: bool = True
    everything: bool = False
    patches: tuple[Patch, ...] = ()
    version: str = ""
