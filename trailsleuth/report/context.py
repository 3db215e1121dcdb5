"""What a renderer may know of the place it writes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
"""The JSON document of the contract, as plain values: what every renderer shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderContext:
    """Colour and typographic signs are additive: without them the same words say the same thing.

    `everything` also shows the findings of other principals, sessions and executions, which a table leaves out.
    """

    width: int = 80
    color: bool = False
    unicode: bool = True
    everything: bool = False
