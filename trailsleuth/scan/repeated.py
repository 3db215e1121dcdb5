"""Numbers that stand twice in a long list, found in little memory."""

from __future__ import annotations

from array import array
from itertools import pairwise

SORTED_AT_ONCE = 200_000
MOST_PARTS = 8


def more_than_once(numbers: array[int], at_once: int = SORTED_AT_ONCE) -> frozenset[int]:
    """The numbers that stand there twice or more: looked through in parts of about `at_once`, so that ten million take little memory."""
    found: set[int] = set()
    parts = min(MOST_PARTS, len(numbers) // at_once + 1)
    for part in range(parts):
        held = numbers if parts == 1 else array(numbers.typecode, [number for number in numbers if number % parts == part])
        if len(set(held)) < len(held):
            found.update(one for one, other in pairwise(sorted(held)) if one == other)
    return frozenset(found)
