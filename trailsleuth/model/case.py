"""The case file: the one result that every renderer shows."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from trailsleuth.model.coverage import Coverage, Question
from trailsleuth.model.delta import Delta
from trailsleuth.model.finding import Background, Finding
from trailsleuth.model.session import Chain, Execution

SCHEMA = "trailsleuth.case/2"


class Outcome(StrEnum):
    CAUSE_FOUND = "cause_found"
    NO_DENIAL_FOUND = "no_denial_found"
    INCONCLUSIVE = "inconclusive"


class Knowledge(Struct, frozen=True, kw_only=True):
    """A source of what the program knows of AWS, in the state that was used."""

    source: str
    version: str
    date: str


class CaseFile(Struct, frozen=True, kw_only=True):
    """What was asked, what was found, what to change, what is still open."""

    outcome: Outcome
    summary: str
    execution: Execution | None
    chains: tuple[Chain, ...]
    findings: tuple[Finding, ...]
    deltas: tuple[Delta, ...]
    questions: tuple[Question, ...]
    coverage: Coverage
    background: tuple[Background, ...] = ()
    knowledge: tuple[Knowledge, ...] = ()
