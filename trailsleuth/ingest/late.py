"""Patterns that are compiled when a text first needs them: compiling takes longer than loading the rest of their module."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial


def late(pattern: str, flags: int = 0) -> Callable[[], re.Pattern[str]]:
    """What gives the compiled pattern, the same one each time."""
    return cache(partial(re.compile, pattern, flags))
