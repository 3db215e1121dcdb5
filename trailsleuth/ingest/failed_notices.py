"""What EventBridge and CodeDeploy's triggers tell of a build, stack or deployment, in the words of the answers that show the same thing.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-resource-status-change.html and event-detail-stack-status-change.html,
https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html,
https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-cloudwatch-events.html and monitoring-sns-event-notifications-json-format.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from trailsleuth.ingest.decode import NotJson, decode
from trailsleuth.ingest.fields import list_of, map_of, text_of
from trailsleuth.patterns import late

JsonObject = Mapping[str, Any]

_MAIL = late(r"^(?P<name>[A-Z][A-Za-z]{2,40})='(?P<value>.*?)'[ \t]*\r?$(?=\s*(?:^[A-Z][A-Za-z]{2,40}='|^--|\Z)|\r?\n\s*\r?\n)", re.MULTILINE | re.DOTALL)
_KINDS = ("CloudFormation ", "CodeBuild ", "CodeDeploy ")
_TRIGGER = frozenset({"eventTriggerName", "deploymentId", "status"})
_STATES = {"FAILURE": "Failed", "FAILED": "Failed", "STOP": "Stopped", "STOPPED": "Stopped"}


def is_stack_mail(text: str) -> bool:
    """CloudFormation's own lines stand in the text."""
    return "StackId='" in text and re.search(r"^StackId='", text, re.MULTILINE) is not None


def stack_mails(text: str) -> Iterator[dict[str, Any]]:
    """The events of a stack that CloudFormation sends to a topic, a member a line: `StackId='…'`, `ResourceStatus='…'`.

    https://repost.aws/knowledge-center/cloudformation-rollback-email
    """
    event: dict[str, Any] = {}
    for found in _MAIL.finditer(text):
        if found["name"] == "StackId" and event:
            yield event
            event = {}
        event[found["name"]] = found["value"].strip()
    if event:
        yield event


def is_failed_notice(members: JsonObject) -> bool:
    """A notice of CloudFormation, CodeBuild or CodeDeploy by EventBridge or a notification rule, or what a trigger of CodeDeploy sends."""
    kinds = (text_of(members.get(name)) or "" for name in ("detail-type", "detailType"))
    return (any(kind.startswith(_KINDS) for kind in kinds) and isinstance(members.get("detail"), dict)) or members.keys() >= _TRIGGER


def as_answer(notice: JsonObject) -> JsonObject:
    """The notice as the saved answer would have it; what is no notice as it is."""
    detail, at = map_of(notice.get("detail")), notice.get("time")
    if not is_failed_notice(notice):
        return notice
    if notice.keys() >= _TRIGGER:
        return {"deploymentInfo": {**notice, "status": _STATES.get(str(notice["status"])), "errorInformation": _error_of_trigger(notice)}}
    if "stack-id" in detail:
        return {"StackEvents": [_stack_event(detail, at)]}
    if "build-status" in detail:
        return {"builds": [_build(detail, at)]}
    status = _STATES.get(str(detail.get("state")))
    names = {"applicationName": detail.get("application"), "deploymentGroupName": detail.get("deploymentGroup")}
    return {"deploymentInfo": {**names, "deploymentId": detail.get("deploymentId"), "status": status, "completeTime": at}}


def _error_of_trigger(notice: JsonObject) -> JsonObject:
    """A trigger writes it as JSON inside a text, with capitals."""
    try:
        told = map_of(decode(text_of(notice.get("errorInformation")) or "{}"))
    except NotJson:
        return {}
    return {"code": told.get("ErrorCode"), "message": told.get("ErrorMessage")} if told else {}


def _stack_event(detail: JsonObject, at: object) -> JsonObject:
    """Of a resource, or of the stack itself."""
    status, stack = map_of(detail.get("status-details")), text_of(detail.get("stack-id")) or ""
    return {
        "StackId": stack, "StackName": stack.split("/")[1] if stack.count("/") == 2 else stack, "LogicalResourceId": detail.get("logical-resource-id"),
        "ResourceStatus": status.get("status"), "ResourceStatusReason": status.get("status-reason"), "Timestamp": at,
    }  # fmt: skip


def _build(detail: JsonObject, at: object) -> JsonObject:
    more, arn = map_of(detail.get("additional-information")), text_of(detail.get("build-id")) or ""
    phases = [_phase(map_of(phase)) for phase in list_of(more.get("phases"))]
    return {
        "id": arn.rpartition("build/")[2], "arn": arn, "projectName": detail.get("project-name"), "buildStatus": detail.get("build-status"),
        "phases": phases, "startTime": more.get("build-start-time"), "endTime": at,
    }  # fmt: skip


def _phase(phase: JsonObject) -> JsonObject:
    """Its contexts are texts, the code before the first colon; of a phase without trouble an empty pair stands there."""
    parts = [text.strip("[] ").partition(": ") for text in map(text_of, list_of(phase.get("phase-context"))) if text]
    return {"phaseType": phase.get("phase-type"), "contexts": [{"statusCode": code, "message": message} for code, _, message in parts if message]}
