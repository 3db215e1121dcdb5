"""What live mode says while it works: an injected listener, silent for callers that give none."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Hears each step. Texts hold names, ids and counts, never credentials or messages."""

    def say(self, text: str) -> None:
        """A step begins, or something is worth knowing."""

    def asked(self, text: str) -> None:
        """One call is about to be sent."""

    def planned(self, calls: int) -> None:
        """So many more calls are foreseen."""


class Silent:
    """Hears and keeps quiet."""

    def say(self, text: str) -> None:
        """Nothing."""

    def asked(self, text: str) -> None:
        """Nothing."""

    def planned(self, calls: int) -> None:
        """Nothing."""
