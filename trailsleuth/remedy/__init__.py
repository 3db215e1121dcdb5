"""Writes the policy change that cures the findings."""

from __future__ import annotations

from trailsleuth.remedy.deltas import propose_deltas

__all__ = ["propose_deltas"]
