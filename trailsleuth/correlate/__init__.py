"""Finds the sessions and chains behind a question, across accounts."""

from __future__ import annotations

from trailsleuth.correlate.scope import find_scope

__all__ = ["find_scope"]
