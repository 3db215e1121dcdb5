"""Tests each proposed change against the policies in the evidence."""

from __future__ import annotations

from trailsleuth.prove.proofs import prove_deltas
from trailsleuth.prove.second_opinion import agreed, with_simulations

__all__ = ["agreed", "prove_deltas", "with_simulations"]
