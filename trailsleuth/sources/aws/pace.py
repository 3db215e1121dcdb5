"""LookupEvents' two calls a second, kept before the call instead of learnt from throttling.

Two requests per second per account and region, and no quota raise to be had:
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from msgspec import Struct, field

CALLS_PER_SECOND = 2.0
SLACK = 1.1  # turns are taken here and counted there: what lies between them varies


class Pace(Struct, kw_only=True):
    """Gives each caller of one (account, region) its turn; regions and accounts do not wait for each other."""

    per_second: float = CALLS_PER_SECOND
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: dict[tuple[str, str], float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, account: str, region: str) -> None:
        """Return when it is this caller's turn."""
        with self._lock:
            now = self.clock()
            turn = max(now, self._next.get((account, region), 0.0))
            self._next[account, region] = turn + SLACK / self.per_second
        if turn > now:
            self.sleep(turn - now)
