"""Every error that trailsleuth raises for a user's mistake or an unreachable source.

    TrailsleuthError            what happened, why, what to do next; `exit_code` by the contract
    ├── UsageError              2: an option or a value that cannot be right
    └── SourceError             4: evidence that cannot be had
        ├── EvidenceUnreadable  a path that is missing, empty or not readable
        └── AccountUnreachable  no credentials, or not allowed to look

Odd evidence is never an error: it becomes part of the coverage.
"""

from __future__ import annotations


class TrailsleuthError(Exception):
    """The root: says what, why and what next, each in one line."""

    exit_code = 4

    def __init__(self, what: str, *, why: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step


class UsageError(TrailsleuthError):
    """An option, a value or a combination that cannot be right."""

    exit_code = 2


class SourceError(TrailsleuthError):
    """Evidence that is not available."""


class EvidenceUnreadable(SourceError):
    """A path that is missing, empty or not readable."""


class AccountUnreachable(SourceError):
    """No credentials for an account, or not allowed to look into it."""
