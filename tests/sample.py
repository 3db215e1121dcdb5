"""Laws that hold for every case are tried on a share of them in each run, and on all of them with EVERY_CASE=1, as CI does each night."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")
EVERY_CASE = bool(os.environ.get("EVERY_CASE"))


DAY = 6  # of what is a share by itself, a run by day takes one in so many


def some_of(things: Iterable[T], share: int, *, start: int = 0) -> list[T]:
    """Each `share`-th thing by `DAY`, from `start` on: laws that start at different ones try different cases."""
    listed, share = list(things), share * DAY
    return listed if EVERY_CASE else listed[start % share :: share]


def examples(most: int) -> int:
    """How many examples hypothesis makes: an eighth of them, or all."""
    return most if EVERY_CASE else max(10, most // 8)
