"""What was seen, what was not, and what to fetch next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct


class AccountCoverage(Struct, frozen=True, kw_only=True):
    account: str
    regions: tuple[str, ...]
    first_event: datetime | None
    last_event: datetime | None
    records: int


class Skipped(Struct, frozen=True, kw_only=True):
    """An input, or a part of one, that was not used. `lost`: it may hold evidence; False: it surely holds none, or the reason is a remark."""

    source: str
    reason: str
    lost: bool = True


class Gap(Struct, frozen=True, kw_only=True):
    """Evidence that is missing. `wanted` says of which kind (records, policies, execution, data events; "" not told), `allow` is the statement
    that lets the collector fetch it."""

    account: str | None
    region: str | None
    start: datetime | None
    end: datetime | None
    why: str
    wanted: str = ""
    allow: Mapping[str, object] | None = None


class InputFile(Struct, frozen=True, kw_only=True):
    path: str
    sha256: str
    bytes: int


class Coverage(Struct, frozen=True, kw_only=True):
    """`unreadable` counts records; `skipped` names inputs (or parts) that are no evidence or broke off, each with its reason."""

    accounts: tuple[AccountCoverage, ...] = ()
    records_read: int = 0
    duplicates: int = 0
    denied: int = 0
    unreadable: int = 0
    skipped: tuple[Skipped, ...] = ()
    gaps: tuple[Gap, ...] = ()
    inputs: tuple[InputFile, ...] = ()

    @property
    def named_account(self) -> str | None:
        """The first account that the records tell; those that tell none stand under a word."""
        return next((held.account for held in self.accounts if held.account.isdecimal()), None)


class Question(Struct, frozen=True, kw_only=True):
    """Evidence that would settle the case: `wanted` is records, policies or execution; `command` gets it."""

    account: str | None
    wanted: str
    because: str
    command: str
