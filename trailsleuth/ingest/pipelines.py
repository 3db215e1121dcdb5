"""Answers of CodePipeline as the pipeline, its runs and the attempts of its actions.

Fields: https://docs.aws.amazon.com/codepipeline/latest/APIReference/Welcome.html
Notices: https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
and https://docs.aws.amazon.com/dtconsole/latest/userguide/concepts.html (what a notification rule adds)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trailsleuth.ingest.fields import list_of, map_of, text_of
from trailsleuth.ingest.times import parse_time
from trailsleuth.model import ActionDeclaration, ActionRun, Origin, Pipeline, PipelineRun

JsonObject = Mapping[str, Any]


def parse_pipeline(answer: JsonObject, origin: Origin) -> Iterator[Pipeline]:
    """`get-pipeline`, or its `pipeline` member alone."""
    declared = map_of(answer.get("pipeline")) or answer
    name = text_of(declared.get("name"))
    if name is None:
        return
    stores = _stores(declared)
    version = declared.get("version")
    yield Pipeline(
        name=name,
        service_role=text_of(declared.get("roleArn")),
        arn=text_of(map_of(answer.get("metadata")).get("pipelineArn")),
        version=version if isinstance(version, int) else None,
        actions=tuple(_declarations(declared)),
        artifact_buckets=tuple(dict.fromkeys(bucket for store in stores if (bucket := text_of(store.get("location"))))),
        artifact_keys=tuple(dict.fromkeys(key for store in stores if (key := text_of(map_of(store.get("encryptionKey")).get("id"))))),
        origin=origin,
    )


def _stores(declared: Mapping[str, Any]) -> list[JsonObject]:
    """`artifactStore`, or `artifactStores` by region in cross-region pipelines."""
    by_region = map_of(declared.get("artifactStores"))
    return [dict(map_of(store)) for store in (declared.get("artifactStore"), *(by_region[region] for region in sorted(by_region))) if store]


def _declarations(declared: Mapping[str, Any]) -> Iterator[ActionDeclaration]:
    for stage in list_of(declared.get("stages")):
        members = map_of(stage)
        for action in list_of(members.get("actions")):
            kind = map_of(map_of(action).get("actionTypeId"))
            yield ActionDeclaration(
                stage=text_of(members.get("name")) or "",
                name=text_of(map_of(action).get("name")) or "",
                category=text_of(kind.get("category")) or "",
                owner=text_of(kind.get("owner")) or "",
                provider=text_of(kind.get("provider")) or "",
                role_arn=text_of(map_of(action).get("roleArn")),
                region=text_of(map_of(action).get("region")),
                configuration=map_of(map_of(action).get("configuration")),
            )


def parse_runs(answer: JsonObject, origin: Origin) -> Iterator[PipelineRun]:
    """`list-pipeline-executions` (whose members do not name the pipeline), `get-pipeline-execution`."""
    for run in (*list_of(answer.get("pipelineExecutionSummaries")), answer.get("pipelineExecution")):
        members = map_of(run)
        if execution_id := text_of(members.get("pipelineExecutionId")):
            yield PipelineRun(
                pipeline=text_of(members.get("pipelineName")) or text_of(answer.get("pipelineName")),
                execution_id=execution_id,
                status=text_of(members.get("status")),
                started=parse_time(members.get("startTime")),
                updated=parse_time(members.get("lastUpdateTime")),
                origin=origin,
            )


def parse_actions(answer: JsonObject, origin: Origin) -> Iterator[ActionRun]:
    """`list-action-executions`, or one of its members: each attempt of each action."""
    listed = list_of(answer.get("actionExecutionDetails")) if "actionExecutionDetails" in answer else [answer]
    for detail in listed:
        if isinstance(detail, dict):
            yield _attempt(detail, origin)


def _attempt(detail: JsonObject, origin: Origin) -> ActionRun:
    given, result = map_of(detail.get("input")), map_of(map_of(detail.get("output")).get("executionResult"))
    kind, error = map_of(given.get("actionTypeId")), map_of(result.get("errorDetails"))
    places = [map_of(map_of(artifact).get("s3location")) for artifact in list_of(given.get("inputArtifacts"))]
    status = text_of(detail.get("status"))
    return ActionRun(
        pipeline=text_of(detail.get("pipelineName")),
        execution_id=text_of(detail.get("pipelineExecutionId")),
        action_execution_id=text_of(detail.get("actionExecutionId")),
        stage=text_of(detail.get("stageName")),
        action=text_of(detail.get("actionName")) or "",
        status=status,
        category=text_of(kind.get("category")),
        provider=text_of(kind.get("provider")),
        role_arn=text_of(given.get("roleArn")),
        region=text_of(given.get("region")),
        configuration=map_of(given.get("resolvedConfiguration")) or map_of(given.get("configuration")),
        external_id=text_of(result.get("externalExecutionId")),
        error_code=text_of(error.get("code")),
        error_text=text_of(error.get("message")) or (text_of(result.get("externalExecutionSummary")) if status == "Failed" else None),
        started=parse_time(detail.get("startTime")),
        updated=parse_time(detail.get("lastUpdateTime")),
        artifacts=tuple((bucket, key) for place in places if (bucket := text_of(place.get("bucket"))) and (key := text_of(place.get("key")))),
        origin=origin,
    )


def parse_state(answer: JsonObject, origin: Origin) -> Iterator[ActionRun]:
    """`get-pipeline-state`: the latest attempt of each action; it tells no role, region or start."""
    for stage in list_of(answer.get("stageStates")):
        members = map_of(stage)
        for action in list_of(members.get("actionStates")):
            latest = map_of(map_of(action).get("latestExecution"))
            if not latest:
                continue
            error, status = map_of(latest.get("errorDetails")), text_of(latest.get("status"))
            yield ActionRun(
                pipeline=text_of(answer.get("pipelineName")),
                execution_id=text_of(map_of(members.get("latestExecution")).get("pipelineExecutionId")),
                action_execution_id=text_of(latest.get("actionExecutionId")),
                stage=text_of(members.get("stageName")),
                action=text_of(map_of(action).get("actionName")) or "",
                status=status,
                external_id=text_of(latest.get("externalExecutionId")),
                error_code=text_of(error.get("code")),
                error_text=text_of(error.get("message")) or (text_of(latest.get("summary")) if status == "Failed" else None),
                updated=parse_time(latest.get("lastStatusChange")),
                origin=origin,
            )


_STATES = {"FAILED": "Failed", "SUCCEEDED": "Succeeded", "STARTED": "InProgress", "CANCELED": "Cancelled", "ABANDONED": "Abandoned"}


def parse_notice(notice: JsonObject, origin: Origin) -> Iterator[ActionRun]:
    """The attempts that a notice of EventBridge or of a notification rule tells of: its own action, or the failed ones that it lists."""
    detail, more = map_of(notice.get("detail")), map_of(notice.get("additionalAttributes"))
    listed = [map_of(one) for one in list_of(more.get("failedActions"))]
    if text_of(detail.get("action")):
        told = next((one for one in listed if one.get("action") == detail["action"]), {})
        yield _noticed(notice, detail, told, origin)
    else:
        stage = text_of(more.get("failedStage")) or text_of(detail.get("stage"))
        failed = {**detail, "state": "FAILED", "stage": stage}
        yield from (_noticed(notice, {**failed, "action": name}, one, origin) for one in listed if (name := text_of(one.get("action"))))


def _noticed(notice: JsonObject, detail: JsonObject, told: JsonObject, origin: Origin) -> ActionRun:
    kind, result = map_of(detail.get("type")), map_of(detail.get("execution-result"))
    status = _STATES.get(text_of(detail.get("state")) or "", text_of(detail.get("state")))
    text = text_of(result.get("external-execution-summary")) or text_of(told.get("additionalInformation"))
    places = [map_of(map_of(artifact).get("s3location")) for artifact in list_of(detail.get("input-artifacts"))]
    return ActionRun(
        pipeline=text_of(detail.get("pipeline")),
        execution_id=text_of(detail.get("execution-id")),
        action_execution_id=text_of(detail.get("action-execution-id")),
        stage=text_of(detail.get("stage")),
        action=text_of(detail.get("action")) or "",
        status=status,
        category=text_of(kind.get("category")),
        provider=text_of(kind.get("provider")),
        region=text_of(detail.get("region")) or text_of(notice.get("region")),
        external_id=text_of(result.get("external-execution-id")),
        error_code=text_of(result.get("error-code")),
        error_text=text if status == "Failed" else None,
        started=parse_time(detail.get("start-time")),
        updated=parse_time(notice.get("time")),
        artifacts=tuple((bucket, key) for place in places if (bucket := text_of(place.get("bucket"))) and (key := text_of(place.get("key")))),
        origin=origin,
    )
