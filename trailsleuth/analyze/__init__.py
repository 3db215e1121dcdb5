"""States the findings of a scope and the verdict over the case."""

from __future__ import annotations

from trailsleuth.analyze.advice import without_needless
from trailsleuth.analyze.background import count_background
from trailsleuth.analyze.diagnosis import find_findings
from trailsleuth.analyze.misasked import misasked
from trailsleuth.analyze.outcome import conclude

__all__ = ["conclude", "count_background", "find_findings", "misasked", "without_needless"]
