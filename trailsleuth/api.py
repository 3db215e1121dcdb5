"""What trailsleuth can do, as plain functions: the command line and notebooks go through here."""

from __future__ import annotations

from trailsleuth.iam.requests import simulate_requests

__all__ = ["simulate_requests"]
