"""How far a long scan is, on stderr: only on a terminal, and only after a second."""

from __future__ import annotations

import sys
import time

from trailsleuth.sources.base import MIB

QUIET_FOR = 1.0
EVERY = 0.2


class Progress:
    """Bytes got through of a total, with rate and time left; the line is wiped at the end."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._start = self._last = time.monotonic()
        self._shown = False
        self._wanted = sys.stderr is not None and sys.stderr.isatty()

    def add(self, size: int) -> None:
        """So much more is done."""
        self._done += size
        now = time.monotonic()
        if self._wanted and now - self._start > QUIET_FOR and now - self._last > EVERY:
            self._last, self._shown = now, True
            rate = self._done / (now - self._start)
            left = max(0, self._total - self._done) / rate if rate else 0
            sys.stderr.write(f"\r\x1b[Kreading {min(99, 100 * self._done // max(1, self._total))} %  {rate / MIB:.0f} MB/s  {left:.0f} s left")
            sys.stderr.flush()

    def end(self) -> None:
        """Nothing is left on the screen."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
