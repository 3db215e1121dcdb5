"""Answers and shown records without secrets: what a service or a caller wrote into a text or a parameter is not repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from trailsleuth.model import CaseFile, Evidenced, Execution, Finding, Record
from trailsleuth.sources.secrets import clean_text, record_members


def without_secrets(case: CaseFile) -> CaseFile:
    """The case with every part of a quoted text replaced that looks like a secret. What was fetched live was cleaned on arrival already."""
    return replace(
        case,
        summary=clean_text(case.summary),
        execution=_execution(case.execution) if case.execution else None,
        findings=tuple(map(_finding, case.findings)),
        deltas=tuple(replace(d, warnings=tuple(map(clean_text, d.warnings))) for d in case.deltas),
        questions=tuple(replace(q, because=clean_text(q.because)) for q in case.questions),
    )


def record_without_secrets(record: Record) -> Record:
    """The record as it may be shown: passwords, tokens and keys in its payload, its request, its answer and its error text are replaced."""
    message, payload = _text(record.error_message), record_members(record.payload)
    request, response = _part(record, payload, "requestParameters", record.request), _part(record, payload, "responseElements", record.response)
    if message == record.error_message and payload is record.payload and request is record.request and response is record.response:
        return record
    return replace(record, error_message=message, request=request, response=response, payload=payload)


def _part(record: Record, cleaned: Mapping[str, Any], name: str, part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of the payload that was walked through with it; one that was read otherwise is walked through by itself."""
    found = cleaned.get(name)
    return found if record.payload.get(name) is part and isinstance(found, Mapping) else record_members(part)


def _execution(execution: Execution) -> Execution:
    return replace(execution, error_message=_text(execution.error_message))


def _finding(finding: Finding) -> Finding:
    explanation, advice, evidence = clean_text(finding.explanation), _text(finding.advice), tuple(map(_evidenced, finding.evidence))
    if (explanation, advice, evidence) == (finding.explanation, finding.advice, finding.evidence):
        return finding
    return replace(finding, explanation=explanation, advice=advice, evidence=evidence)


def _evidenced(record: Evidenced) -> Evidenced:
    message = _text(record.error_message)
    return record if message == record.error_message else replace(record, error_message=message)


def _text(text: str | None) -> str | None:
    return text and clean_text(text)
