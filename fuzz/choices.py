"""Where the decisions of an input generator come from: a seeded generator, the bytes of a fuzzer, or a test library that can shrink them.

One grammar of inputs serves all three, so that what a long run finds can be replayed by a test.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Json = Any
"""A value as JSON has it, or as a mistake has it."""


class Choices(Protocol):
    """What a generator asks for."""

    def number(self, low: int, high: int) -> int:
        """An integer, both ends included."""
        ...

    def blob(self, longest: int) -> bytes:
        """Any bytes, at most so many."""
        ...


class Dice:
    """Choices by a seeded random generator: the same seed gives the same input."""

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def number(self, low: int, high: int) -> int:
        return low + int(self._source.random() * (high - low + 1))

    def blob(self, longest: int) -> bytes:
        return self._source.randbytes(self.number(0, longest))


class Bytes:
    """Choices read off a byte string, first to last; when it is used up, the first choice each time."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, low: int, high: int) -> int:
        span = high - low + 1
        taken = self._take(1 if span <= 1 << 8 else 2 if span <= 1 << 16 else 8)
        return low + int.from_bytes(taken, "little") % span

    def blob(self, longest: int) -> bytes:
        return self._take(self.number(0, longest))

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken


def pick(choose: Choices, among: Sequence[T]) -> T:
    """One of them."""
    return among[choose.number(0, len(among) - 1)]


def chance(choose: Choices, percent: int) -> bool:
    """True in so many of a hundred."""
    return choose.number(0, 99) < percent
