"""The corridor: evidence and a question in, the case file out. The rooms open on it and on nothing else."""

from __future__ import annotations

from dataclasses import replace

from trailsleuth.analyze import conclude, find_findings
from trailsleuth.correlate import find_scope
from trailsleuth.ingest.attempts import record_of_attempt
from trailsleuth.ingest.denials import read_denial
from trailsleuth.ingest.evidence import no_collector
from trailsleuth.model import CaseFile, Evidence, Inquiry, Scope
from trailsleuth.prove import prove_deltas
from trailsleuth.remedy import propose_deltas


def run_investigation(evidence: Evidence, inquiry: Inquiry) -> CaseFile:
    """Correlate, analyze, remedy, prove: pure, and the same for the same evidence."""
    with no_collector():
        return _investigated(evidence, _read_error(inquiry))


def _investigated(evidence: Evidence, inquiry: Inquiry) -> CaseFile:
    scope = _with_error_shown(find_scope(evidence, inquiry))
    findings = find_findings(evidence, scope, inquiry)
    outcome, summary, questions = conclude(findings, evidence, scope, inquiry)
    deltas = prove_deltas(propose_deltas(findings, evidence.policies), findings, evidence.policies)
    return CaseFile(
        outcome=outcome,
        summary=summary,
        execution=scope.execution,
        chains=scope.chains,
        findings=findings,
        deltas=deltas,
        questions=questions,
        coverage=evidence.coverage,
    )


def _read_error(inquiry: Inquiry) -> Inquiry:
    """The error text read as a refusal, where it is one."""
    if not inquiry.error:
        return inquiry
    return replace(inquiry, asked=read_denial(None, inquiry.error, event_source="", event_name=""))


def _with_error_shown(scope: Scope) -> Scope:
    """The failed action's own error beside the records: some refusals stand there alone."""
    execution = scope.execution
    if execution is None or execution.attempt is None:
        return scope
    return replace(scope, execution=replace(execution, shown=record_of_attempt(execution.attempt, execution.action_role)))
