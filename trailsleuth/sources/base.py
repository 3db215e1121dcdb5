"""What every source of evidence keeps to: it hands over bytes as it found them, unread, and says what it could not hand over.

The limits stand in docs/reference/limits.md, each with its outcome.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from trailsleuth.model import RawInput, Skipped

DATA = Path(__file__).parent / "data"

MIB = 1024 * 1024


class Limits(Struct, frozen=True, kw_only=True):
    """How much of one input is taken in; what goes beyond ends as a skipped input with the limit in its reason.

    `ratio` counts from `ratio_from` unpacked bytes on: a real trail compresses six- to twentyfold, deflate can reach a thousandfold.
    """

    file_bytes: int = 4096 * MIB
    unpacked_bytes: int = 2048 * MIB  # one file or archive member after decompression
    total_bytes: int = 8192 * MIB  # all members of one input together
    ratio: int = 250
    ratio_from: int = 32 * MIB
    members: int = 100_000
    depth: int = 5  # archives and compressions inside each other


class Budget:
    """What one input may still unpack to, over all its members and levels; without it, small bombs inside each other would add up."""

    __slots__ = ("_limits", "_members", "_unpacked")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._members = 0
        self._unpacked = 0

    def spend(self, size: int, *, members: int = 0) -> str:
        """Takes the bytes and members off the budget; the limit that breaks, or ""."""
        self._unpacked += size
        self._members += members
        if self._unpacked > self._limits.total_bytes:
            return f"unpacks to more than {self._limits.total_bytes} bytes in all: the rest is not read"
        if self._members > self._limits.members:
            return f"more than {self._limits.members} members: the rest is not read"
        return ""


class Source(Protocol):
    """A place that evidence comes from: exported files, a log bucket, an account."""

    def read(self) -> Iterator[RawInput | Skipped]:
        """Every input of the source, unread, and what was skipped with the reason."""
        ...
