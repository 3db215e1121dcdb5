"""Reads evidence: unread bytes become records, pipeline runs and policies, each with its origin. Odd content is never an error."""

from __future__ import annotations

from trailsleuth.ingest.evidence import read_evidence

__all__ = ["read_evidence"]
