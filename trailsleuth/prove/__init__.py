"""Tests each proposed change against the policies in the evidence."""

from __future__ import annotations

from trailsleuth.prove.proofs import prove_deltas

__all__ = ["prove_deltas"]
