"""What a check of CloudTrail's digest chains found: a state for each file, the spans that are proven, and the holes between them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from trailsleuth.model.coverage import Gap, Skipped


class Integrity(StrEnum):
    """The contract's states of a digest or log file."""

    VERIFIED = "verified"
    HASH_OK_SIGNATURE_UNKNOWN = "hash_ok_signature_unknown"
    UNREFERENCED = "unreferenced"
    INVALID = "invalid"
    MISSING = "missing"
    OUTSIDE_COVERAGE = "outside_coverage"


class CheckedFile(Struct, frozen=True, kw_only=True):
    """One digest or log file, by its path in the tree (for a missing one: where it should be). `reason` is None only where it is verified.

    `asked` is false where a time range was given and the file lies outside: it is shown and decides nothing.
    """

    path: str
    state: Integrity
    reason: str | None = None
    asked: bool = True


class CoveredSpan(Struct, frozen=True, kw_only=True):
    """A span without holes that digests of one trail cover, none of them invalid or missing."""

    account: str
    region: str
    trail: str
    start: datetime
    end: datetime


class Verification(Struct, frozen=True, kw_only=True):
    """The whole answer, everything in a fixed order."""

    digests: tuple[CheckedFile, ...]
    logs: tuple[CheckedFile, ...]
    coverage: tuple[CoveredSpan, ...]
    gaps: tuple[Gap, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def exit_code(self) -> int:
        """0: all verified and no gap; 1: something is invalid or missing; 3: not provable."""
        states = {file.state for file in (*self.digests, *self.logs) if file.asked}
        if states & {Integrity.INVALID, Integrity.MISSING}:
            return 1
        return 0 if states == {Integrity.VERIFIED} and not self.gaps else 3
