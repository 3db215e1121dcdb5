"""Calls that are denied at regular times.

Sees:  the times at which one caller was denied one call.
Why:   a monitor, a scheduled job or a retry loop without the permission fills a trail with the same denial, before a failure and after it.
Sure:  regular is regular; whether the job matters only its owner knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

LEAST, SPAN = 12, timedelta(hours=2)
WITHIN, SHARE = 0.25, 0.8


def is_steady(times: Iterable[datetime]) -> bool:
    """At least twelve denials over two hours, four fifths of the pauses between them within a quarter of the usual one."""
    ordered = sorted(set(times))
    if len(ordered) < LEAST or ordered[-1] - ordered[0] < SPAN:
        return False
    pauses = sorted(later - earlier for earlier, later in pairwise(ordered))
    usual = pauses[len(pauses) // 2]
    regular = sum(abs(pause - usual) <= usual * WITHIN for pause in pauses)
    return regular >= SHARE * len(pauses)
