"""What trailsleuth can do, as plain functions: the command line and notebooks go through here."""

from __future__ import annotations

from trailsleuth.api.cases import Case, Diagnosis, load, load_inputs
from trailsleuth.api.digests import verify
from trailsleuth.api.explanations import explain
from trailsleuth.api.simulations import simulate
from trailsleuth.iam.requests import simulate_requests

__all__ = ["Case", "Diagnosis", "explain", "load", "load_inputs", "simulate", "simulate_requests", "verify"]
