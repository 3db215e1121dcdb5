"""A pipeline action's own error in the shape of a record."""

from __future__ import annotations

from trailsleuth.ingest.denials import read_denial
from trailsleuth.ingest.pasted import denial_in
from trailsleuth.model import ActionRun, Denial, Identity, Record, account_of

CODEPIPELINE = "codepipeline.amazonaws.com"


def record_of_attempt(run: ActionRun, role: str | None) -> Record | None:
    """What the failed action says of itself, as a record of CodePipeline's call with the action's role; None where it has no text or no time."""
    when = run.updated or run.started
    if when is None or not run.error_text:
        return None
    return Record(
        event_id=run.action_execution_id or "",
        event_time=when,
        event_source=CODEPIPELINE,
        event_name="ActionExecution",
        region=run.region or "",
        identity=Identity(arn=role, account=account_of(role)),
        recipient_account=account_of(role),
        error_code=run.error_code,
        error_message=run.error_text,
        denial=_denial(run),
        origin=run.origin,
    )


def _denial(run: ActionRun) -> Denial | None:
    """The denial in the action's error; where that names no action, the one inside what a build or a stack event wrapped."""
    own = read_denial(run.error_code, run.error_text, event_source=CODEPIPELINE, event_name="ActionExecution")
    if own is not None and own.iam_action is not None:
        return own
    inner = denial_in(run.error_text or "")
    return inner if inner is not None and inner.iam_action is not None else own
