"""What trailsleuth can do, as plain functions: the command line and notebooks go through here.

Each name is loaded when it is first used: a diagnosis does not pay for digests, nor a verification for the evaluator.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trailsleuth.api.asking import Live, diagnose
    from trailsleuth.api.bundles import Bundle, bundle
    from trailsleuth.api.cases import Case, load, load_inputs
    from trailsleuth.api.custody import Summary, info, mark_unverified
    from trailsleuth.api.diagnosis import Diagnosis
    from trailsleuth.api.digests import verify
    from trailsleuth.api.explanations import explain
    from trailsleuth.api.live import fetch
    from trailsleuth.api.reductions import reduce, reduce_all
    from trailsleuth.api.simulations import simulate
    from trailsleuth.api.tables import denied, events, sessions, timeline
    from trailsleuth.iam.requests import simulate_requests
    from trailsleuth.scan.denied import Refused, refused
    from trailsleuth.scan.listing import PRUNED
    from trailsleuth.trail_index.make import Index, IndexMade, index

__all__ = [
    "PRUNED",
    "Bundle",
    "Case",
    "Diagnosis",
    "Index",
    "IndexMade",
    "Live",
    "Refused",
    "Summary",
    "bundle",
    "denied",
    "diagnose",
    "events",
    "explain",
    "fetch",
    "index",
    "info",
    "load",
    "load_inputs",
    "mark_unverified",
    "reduce",
    "reduce_all",
    "refused",
    "sessions",
    "simulate",
    "simulate_requests",
    "timeline",
    "verify",
]

_HOMES = {
    "PRUNED": "trailsleuth.scan.listing",
    "Bundle": "trailsleuth.api.bundles",
    "bundle": "trailsleuth.api.bundles",
    "denied": "trailsleuth.api.tables",
    "Live": "trailsleuth.api.asking",
    "diagnose": "trailsleuth.api.asking",
    "events": "trailsleuth.api.tables",
    "sessions": "trailsleuth.api.tables",
    "timeline": "trailsleuth.api.tables",
    "Case": "trailsleuth.api.cases",
    "Diagnosis": "trailsleuth.api.diagnosis",
    "Summary": "trailsleuth.api.custody",
    "Index": "trailsleuth.trail_index.make",
    "IndexMade": "trailsleuth.trail_index.make",
    "explain": "trailsleuth.api.explanations",
    "fetch": "trailsleuth.api.live",
    "index": "trailsleuth.trail_index.make",
    "info": "trailsleuth.api.custody",
    "load": "trailsleuth.api.cases",
    "load_inputs": "trailsleuth.api.cases",
    "mark_unverified": "trailsleuth.api.custody",
    "reduce": "trailsleuth.api.reductions",
    "reduce_all": "trailsleuth.api.reductions",
    "Refused": "trailsleuth.scan.denied",
    "refused": "trailsleuth.scan.denied",
    "simulate": "trailsleuth.api.simulations",
    "simulate_requests": "trailsleuth.iam.requests",
    "verify": "trailsleuth.api.digests",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'trailsleuth.api' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
