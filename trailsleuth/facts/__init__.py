"""What the evidence shows of things: there or not, made and deleted, under which key, with which role, whose."""

from __future__ import annotations

from trailsleuth.facts.fact import Fact, Kind
from trailsleuth.facts.gathered import Facts, gather_facts

__all__ = ["Fact", "Facts", "Kind", "gather_facts"]
