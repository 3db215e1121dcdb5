"""The corridor: evidence and a question in, the case file out. The rooms open on it and on nothing else."""

from __future__ import annotations

from msgspec.structs import replace

from trailsleuth.analyze import conclude, count_background, find_findings, misasked, without_needless
from trailsleuth.catalog.sources import known_of
from trailsleuth.correlate import find_scope
from trailsleuth.iam.applies import named_without_document
from trailsleuth.ingest.attempts import record_of_attempt
from trailsleuth.ingest.error_text import read_error_text
from trailsleuth.ingest.evidence import no_collector
from trailsleuth.model import CaseFile, Chain, Evidence, Finding, Inquiry, Outcome, Scope
from trailsleuth.model.names import role_names
from trailsleuth.prove import prove_deltas, with_simulations
from trailsleuth.remedy import propose_deltas


def run_investigation(evidence: Evidence, inquiry: Inquiry) -> CaseFile:
    """Correlate, analyze, remedy, prove: pure, and the same for the same evidence."""
    with no_collector():
        return _investigated(evidence, _read_error(inquiry))


def _investigated(evidence: Evidence, inquiry: Inquiry) -> CaseFile:
    scope = _with_texts(find_scope(evidence, inquiry), inquiry)
    findings = () if misasked(evidence, scope, inquiry) else find_findings(evidence, scope, inquiry)
    outcome, summary, questions = conclude(findings, evidence, scope, inquiry)
    first = tuple(f for f in findings if f.group == 1)
    answered = () if outcome is Outcome.INCONCLUSIVE else tuple(f for f in first if not f.withheld)
    proposed = propose_deltas(answered, evidence.policies)
    findings = without_needless(findings, (name for delta in proposed for name in delta.finding_ids))
    deltas = prove_deltas(proposed, findings, evidence.policies)
    if inquiry.second_opinion:
        deltas = with_simulations(deltas, findings, evidence.policies)
    return CaseFile(
        outcome=outcome,
        summary=summary,
        execution=scope.execution,
        chains=_of_first_group(scope, first),
        findings=findings,
        deltas=deltas,
        questions=questions,
        coverage=evidence.coverage,
        background=count_background(scope.others, scope.strangers, role_names(evidence)),
        knowledge=known_of(named_without_document((f.principal for f in findings), evidence.policies)),
    )


def _read_error(inquiry: Inquiry) -> Inquiry:
    """The question with its error text read."""
    return replace(inquiry, said=read_error_text(inquiry.error)) if inquiry.error else inquiry


def _of_first_group(scope: Scope, findings: tuple[Finding, ...]) -> tuple[Chain, ...]:
    """The role chains of the group that is answered; all in focus where the question is about one thing."""
    if not scope.chain_of:
        return scope.chains
    homes = {scope.session_of.get((e.event_id, e.account)) for f in findings for e in f.evidence}
    return tuple(chain for chain in scope.chains if chain.session_id in homes)


def _with_texts(scope: Scope, inquiry: Inquiry) -> Scope:
    """The text that the question is about, and the failed action's own error beside the records: some denials stand there alone."""
    execution = scope.execution
    own = execution.error_message if execution is not None else None
    scope = replace(scope, said=inquiry.said or (read_error_text(own) if own else None))
    if execution is None or execution.attempt is None:
        return scope
    return replace(scope, execution=replace(execution, shown=record_of_attempt(execution.attempt, execution.action_role)))
