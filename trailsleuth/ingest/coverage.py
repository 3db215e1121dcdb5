"""What was read and what was not: the first half of every answer's worth."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from trailsleuth.model import AccountCoverage, InputFile, RawInput, Record, Skipped

MAX_REASONS = 20  # an input's reasons beyond are counted, not listed: a hostile one may give a million
NO_ACCOUNT = "unknown"


class Ledger:
    """Counts what became of every input, and why."""

    def __init__(self) -> None:
        self.unreadable = 0
        self._reasons: dict[str, Counter[tuple[str, bool]]] = {}
        self._inputs: set[InputFile] = set()

    def add_input(self, raw: RawInput) -> None:
        """Puts the file on record, with its hash: as it lies on disk where it does, else as it came in."""
        digest = raw.sha256 or hashlib.sha256(raw.data).hexdigest()
        size = raw.size if raw.path else len(raw.data)
        self._inputs.add(InputFile(path=raw.path or raw.source, sha256=digest, bytes=size))

    def add_reason(self, skipped: Skipped) -> None:
        """Something in the source that was not used, or that must be said about it."""
        self._reasons.setdefault(skipped.source, Counter())[skipped.reason, skipped.lost] += 1

    def add_unreadable(self, source: str, reason: str) -> None:
        """A record that could not be read."""
        self.unreadable += 1
        self.add_reason(Skipped(source=source, reason=f"unreadable record: {reason}"))

    def inputs(self) -> tuple[InputFile, ...]:
        return tuple(sorted(self._inputs, key=lambda one: (one.path, one.sha256)))

    def skipped(self) -> tuple[Skipped, ...]:
        """Every reason once a source, with how often it held; sorted."""
        listed: list[Skipped] = []
        for source, reasons in sorted(self._reasons.items()):
            told = sorted(reasons.items())
            for (reason, lost), count in told[:MAX_REASONS]:
                listed.append(Skipped(source=source, reason=reason if count == 1 else f"{reason} ({count} times)", lost=lost))
            if rest := told[MAX_REASONS:]:
                listed.append(Skipped(source=source, reason=f"and {sum(count for _, count in rest)} more", lost=any(lost for (_, lost), _ in rest)))
        return tuple(listed)


def account_coverage(records: Iterable[Record]) -> tuple[AccountCoverage, ...]:
    """Accounts by id with regions, span and count; records that tell no account under "unknown"."""
    by_account: dict[str, list[Record]] = {}
    for record in records:
        by_account.setdefault(record.account or NO_ACCOUNT, []).append(record)
    return tuple(
        AccountCoverage(
            account=account,
            regions=tuple(sorted({record.region for record in found if record.region})),
            first_event=min(record.event_time for record in found),
            last_event=max(record.event_time for record in found),
            records=len(found),
        )
        for account, found in sorted(by_account.items())
    )
