"""Live steps on stderr: a line each, with a bar under them where stderr is a terminal."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TextIO

from msgspec import Struct, field

from trailsleuth.cli.talk import manners
from trailsleuth.report.sanitize import for_terminal

BAR = 24


class ConsoleProgress(Struct):
    """Says every step, from whichever thread; stdout stays the answer's."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    _done: int = 0
    _planned: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, text: str) -> None:
        """A step or a hint, on a line of its own."""
        with self._lock:
            self._line(text)

    def asked(self, text: str) -> None:
        """One call, counted in the bar."""
        with self._lock:
            self._done += 1
            self._planned = max(self._planned, self._done)
            self._line(f"asking {text}")
            self._bar()

    def planned(self, calls: int) -> None:
        """More calls are foreseen: the bar gets longer."""
        with self._lock:
            self._planned += calls

    def finish(self) -> None:
        """Take the bar away: the answer comes next."""
        with self._lock:
            if self.stream.isatty():
                self._write("\r\x1b[K")

    def _line(self, text: str) -> None:
        clear = "\r\x1b[K" if self.stream.isatty() else ""
        self._write(f"{clear}{for_terminal(text)}\n")

    def _bar(self) -> None:
        if self.stream.isatty():
            filled = BAR * self._done // max(self._planned, 1)
            self._write(f"[{'#' * filled}{'.' * (BAR - filled)}] {self._done}/{self._planned}")

    def _write(self, text: str) -> None:
        if manners().quiet:
            return
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(text)
            self.stream.flush()
