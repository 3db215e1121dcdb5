"""trailsleuth: why AWS said no, and the smallest policy change that fixes it.

    import trailsleuth as ts
    case = ts.load(["account-a/", "account-b/", "action-executions.json"])
    dx = case.diagnose(pipeline="web")
    dx.findings, dx.deltas, dx.chains, case.records      # pandas DataFrames, made when asked for

The names below are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trailsleuth.api import (
        Case,
        Diagnosis,
        Live,
        bundle,
        denied,
        diagnose,
        events,
        explain,
        fetch,
        index,
        load,
        load_inputs,
        reduce,
        reduce_all,
        refused,
        sessions,
        simulate,
        simulate_requests,
        timeline,
        verify,
    )

__all__ = [
    "Case",
    "Diagnosis",
    "Live",
    "bundle",
    "denied",
    "diagnose",
    "events",
    "explain",
    "fetch",
    "index",
    "load",
    "load_inputs",
    "reduce",
    "reduce_all",
    "refused",
    "sessions",
    "simulate",
    "simulate_requests",
    "timeline",
    "verify",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module("trailsleuth.api"), name)
    raise AttributeError(f"module 'trailsleuth' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "pandas" in sys.modules:  # else the first frame brings it
    import_module("trailsleuth.report.accessor").register_accessor()
