"""The failed pipeline execution that is asked about, from CodePipeline's own answers or from the trail alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trailsleuth.model import THINGS, ActionRun, Evidence, Execution, Inquiry, Pipeline

EARLIEST = datetime.min.replace(tzinfo=UTC)
BEFORE = timedelta(minutes=2)  # clocks and the AssumeRole before the action starts
AFTER = timedelta(minutes=5)  # calls that end after the action was given up


def find_execution(evidence: Evidence, inquiry: Inquiry) -> Execution | None:
    """The failed action asked about: of the given execution, else of the newest failed one of the pipeline (or of all evidence).

    An action that failed and was then retried with success is taken only where no action failed for good.
    """
    failed = [run for run in evidence.actions if (run.failed or inquiry.thing) and _asked(run, evidence, inquiry)]
    failed = [run for run in failed if not run.kind] or failed  # what a pipeline set off is part of its failure
    lasting = [run for run in _last_attempts(evidence.actions) if run in failed] or failed
    if lasting:
        newest = max(lasting, key=lambda r: (_when(r), r.execution_id or "", r.action))
        same = [r for r in lasting if r.execution_id == newest.execution_id]
        return _from_run(min(same, key=lambda r: (_when(r), r.action)), evidence)
    return _absent(*inquiry.thing) if inquiry.thing else _from_trail(evidence, inquiry)


def failed_attempts(evidence: Evidence, execution: Execution) -> tuple[ActionRun, ...]:
    """Every action of the execution whose last attempt failed; where all were cured by a retry, the one that is shown."""
    if execution.attempt is None:
        return ()
    lasting = tuple(r for r in _last_attempts(evidence.actions) if r.failed and r.execution_id == execution.execution_id)
    return lasting or (execution.attempt,)


def pipeline_of(run: ActionRun, evidence: Evidence) -> Pipeline | None:
    """The definition an action run belongs to; `list-action-executions` does not name the pipeline, so stage and action names decide."""
    if run.pipeline is not None:
        return next((p for p in evidence.pipelines if p.name == run.pipeline), None)
    fits = [p for p in evidence.pipelines if any(a.stage == run.stage and a.name == run.action for a in p.actions)]
    exact = [p for p in fits if any(a.name == run.action and a.configuration == run.configuration for a in p.actions)]
    beside = [p for p in exact or fits if _folder(p.origin.source) == _folder(run.origin.source)]
    return next(iter(beside or exact or fits), None)


def _folder(source: str) -> str:
    return source.rpartition("/")[0]


def _when(run: ActionRun) -> datetime:
    return run.updated or run.started or EARLIEST


def _last_attempts(runs: tuple[ActionRun, ...]) -> list[ActionRun]:
    last: dict[tuple[str | None, str | None, str], ActionRun] = {}
    for run in sorted(runs, key=lambda r: (r.started or _when(r), r.action_execution_id or "")):
        last[run.execution_id, run.stage, run.action] = run
    return list(last.values())


def _asked(run: ActionRun, evidence: Evidence, inquiry: Inquiry) -> bool:
    if inquiry.thing:
        return bool(run.kind) and run.provider == THINGS[inquiry.thing[0]] and inquiry.thing[1] in run.names
    if (inquiry.pipeline or inquiry.execution_id) and run.kind:
        return False
    if inquiry.execution_id and run.execution_id != inquiry.execution_id:
        return False
    if not inquiry.pipeline:
        return True
    if run.pipeline is not None:
        return run.pipeline == inquiry.pipeline
    definition = pipeline_of(run, evidence)
    return definition is None or definition.name == inquiry.pipeline


def _absent(kind: str, name: str) -> Execution:
    """What is asked about and not in the evidence, or did not fail there."""
    return Execution(
        pipeline=None, execution_id=name, stage=None, action=name, provider=THINGS[kind], error_code=None, error_message=None,
        service_role=None, action_role=None, started=None, ended=None,
    )  # fmt: skip


def _from_run(run: ActionRun, evidence: Evidence) -> Execution:
    definition = pipeline_of(run, evidence)
    declared = next((a for a in definition.actions if a.stage == run.stage and a.name == run.action), None) if definition else None
    service_role = definition.service_role if definition else None
    return Execution(
        pipeline=run.pipeline or (definition.name if definition else None),
        execution_id=run.execution_id,
        stage=run.stage,
        action=run.action,
        provider=run.provider or (declared.provider if declared else None),
        error_code=run.error_code,
        error_message=run.error_text,
        service_role=service_role,
        action_role=run.role_arn or (declared.role_arn if declared else None) or service_role,
        started=run.started,
        ended=run.updated,
        attempt=run,
        definition=definition,
    )


def _from_trail(evidence: Evidence, inquiry: Inquiry) -> Execution | None:
    """Without CodePipeline's answers: the newest start of the pipeline in the trail, and its definition where there is one."""
    if not (inquiry.pipeline or inquiry.execution_id):
        return None
    definition = next((p for p in evidence.pipelines if p.name == inquiry.pipeline), None)
    starts = [
        r
        for r in evidence.records
        if r.event_source == "codepipeline.amazonaws.com"
        and r.event_name == "StartPipelineExecution"
        and (not inquiry.pipeline or r.request.get("name") == inquiry.pipeline)
        and (not inquiry.execution_id or r.response.get("pipelineExecutionId") == inquiry.execution_id)
    ]
    newest = starts[-1] if starts else None
    text_id = newest.response.get("pipelineExecutionId") if newest else None
    return Execution(
        pipeline=inquiry.pipeline or (str(newest.request.get("name")) if newest else None),
        execution_id=inquiry.execution_id or (str(text_id) if text_id else None),
        stage=None,
        action=None,
        provider=None,
        error_code=None,
        error_message=inquiry.error,
        service_role=definition.service_role if definition else None,
        action_role=None,
        started=newest.event_time if newest else None,
        ended=None,
        definition=definition,
    )
