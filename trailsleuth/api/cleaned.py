"""The answer without secrets: what a service or a caller wrote into an error text is not repeated."""

from __future__ import annotations

from dataclasses import replace

from trailsleuth.fetch.secrets import clean_text
from trailsleuth.model import CaseFile, Evidenced, Execution, Finding


def without_secrets(case: CaseFile) -> CaseFile:
    """The case with every part of a quoted text replaced that looks like a secret. What was fetched live was cleaned on arrival already."""
    return replace(
        case,
        summary=clean_text(case.summary),
        execution=_execution(case.execution) if case.execution else None,
        findings=tuple(map(_finding, case.findings)),
        questions=tuple(replace(q, because=clean_text(q.because)) for q in case.questions),
    )


def _execution(execution: Execution) -> Execution:
    return replace(execution, error_message=_text(execution.error_message))


def _finding(finding: Finding) -> Finding:
    return replace(finding, explanation=clean_text(finding.explanation), evidence=tuple(map(_evidenced, finding.evidence)))


def _evidenced(record: Evidenced) -> Evidenced:
    return replace(record, error_message=_text(record.error_message))


def _text(text: str | None) -> str | None:
    return text and clean_text(text)
