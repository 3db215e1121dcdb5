"""A thing that failed, out of the answers that show it: its text, its time and the role it ran with.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html, CodeBuild's BatchGetBuilds, CodeDeploy's GetDeployment,
ECS's DescribeTasks and DescribeServices, Lambda's GetFunctionConfiguration, Step Functions' DescribeExecution.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from trailsleuth.ingest.failed_notices import as_answer
from trailsleuth.ingest.fields import list_of, map_of, text_of
from trailsleuth.ingest.times import parse_time
from trailsleuth.model import ActionRun, Origin
from trailsleuth.patterns import late

JsonObject = Mapping[str, Any]

_FOLLOWS = late(r"cancel|following resource\(s\) failed", re.IGNORECASE)  # what fails because something else did
_FAILED_STACK = late(r"FAILED|ROLLBACK")
_FAILED_BUILDS = frozenset({"FAILED", "FAULT", "TIMED_OUT"})
_FAILED_EXECUTIONS = frozenset({"FAILED", "TIMED_OUT"})
_WHY_A_FUNCTION_FAILED = (("StateReasonCode", "LastUpdateStatusReasonCode"), ("StateReason", "LastUpdateStatusReason"))
_ROLE = late(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]*[\w+=,@-]")
_EVENT = late(r"\(?service ([\w-]{1,255})\)? ")
_TROUBLE = late(r"unable|fail|unhealthy|error|denied", re.IGNORECASE)


def failed_things(answer: JsonObject, origin: Origin) -> Iterator[ActionRun]:
    """Each that failed; nothing for one that did not. A notice tells of one thing as its saved answer does."""
    answer = as_answer(answer)
    events = [map_of(event) for event in list_of(answer.get("StackEvents"))] or ([answer] if "ResourceStatus" in answer else [])
    yield from _stacks_of_events(events, origin)
    for stack in map(map_of, list_of(answer.get("Stacks"))):
        yield from _stack(stack, origin)
    for build in _listed(answer, "builds", "buildStatus"):
        yield from _build(build, origin)
    for deployment in (map_of(answer.get("deploymentInfo")), *_listed(answer, "deploymentsInfo", "deploymentId")):
        yield from _deployment(deployment, origin)
    for task in (*_listed(answer, "tasks", "taskArn"), map_of(answer.get("detail"))):
        yield from _task(task, origin)
    for service in _listed(answer, "services", "serviceArn"):
        yield from _service(service, origin)
    for function in (map_of(answer.get("Configuration")), answer):
        yield from _function(function, origin)
    yield from _execution(answer, origin)
    if name := service_of_event(answer):
        yield from _service({"serviceName": name, "events": [answer]}, origin)


def _listed(answer: JsonObject, name: str, mark: str) -> list[JsonObject]:
    return [map_of(one) for one in list_of(answer.get(name))] or ([answer] if mark in answer else [])


def _thing(kind: str, name: str | None, identifier: str | None, origin: Origin) -> ActionRun:
    """`name` is what people call it; both it and the id ask about it, whole or by the last part."""
    known = [text for text in (name, identifier) if text]
    names = dict.fromkeys([*known, *("/".join(text.split("/")[-2:]) for text in known), *(text.rpartition(sign)[2] for text in known for sign in "/:")])
    return ActionRun(
        pipeline=None, execution_id=identifier, action_execution_id=identifier, stage=None, action=name or identifier or "", status="Failed",
        kind=kind, names=tuple(names), origin=origin,
    )  # fmt: skip


def _stacks_of_events(events: list[JsonObject], origin: Origin) -> Iterator[ActionRun]:
    by_stack: dict[str, list[JsonObject]] = {}
    for event in events:
        by_stack.setdefault(text_of(event.get("StackId")) or "", []).append(event)
    for identifier, found in sorted(by_stack.items()):
        found.sort(key=lambda event: str(event.get("Timestamp")))
        begins = [n for n, event in enumerate(found) if event.get("ResourceStatusReason") == "User Initiated"]
        last = found[begins[-1] :] if begins else found
        ended = [event for event in last if str(event.get("ResourceStatus")).endswith("_FAILED")]
        failed = [event for event in ended if _inner(event) or not _FOLLOWS.search(str(event.get("ResourceStatusReason")))]
        if failed:
            yield replace(
                _thing("stack", text_of(failed[0].get("StackName")), identifier, origin), provider="CloudFormation",
                error_code=text_of(failed[0].get("ResourceStatus")),
                error_text=text_of(failed[0].get("ResourceStatusReason")), started=parse_time(last[0].get("Timestamp")) if begins else None,
                updated=parse_time(failed[0].get("Timestamp")), region=_region(identifier), role_of=_inner(failed[0]),
            )  # fmt: skip


def _inner(event: JsonObject) -> str | None:
    """The stack inside this one whose failure the event tells; None for another resource, and for one that was given up because something else failed."""
    inner = text_of(event.get("PhysicalResourceId"))
    own = event.get("ResourceType") != "AWS::CloudFormation::Stack" or inner == text_of(event.get("StackId"))
    return None if own or "cancel" in str(event.get("ResourceStatusReason")).lower() else inner


def _stack(stack: JsonObject, origin: Origin) -> Iterator[ActionRun]:
    status, identifier = text_of(stack.get("StackStatus")) or "", text_of(stack.get("StackId"))
    if _FAILED_STACK.search(status):
        yield replace(
            _thing("stack", text_of(stack.get("StackName")), identifier, origin), provider="CloudFormation", role_arn=text_of(stack.get("RoleARN")),
            error_code=status, error_text=text_of(stack.get("StackStatusReason")), region=_region(identifier),
        )  # fmt: skip


def _build(build: JsonObject, origin: Origin) -> Iterator[ActionRun]:
    if text_of(build.get("buildStatus")) not in _FAILED_BUILDS:
        return
    contexts = [map_of(c) for phase in map(map_of, list_of(build.get("phases"))) for c in list_of(phase.get("contexts"))]
    told = [context for context in contexts if text_of(context.get("message"))]
    identifier, project = text_of(build.get("id")), text_of(build.get("projectName"))
    yield replace(
        _thing("build", project, identifier, origin), provider="CodeBuild", role_arn=text_of(build.get("serviceRole")), external_id=identifier,
        error_code=text_of(told[0].get("statusCode")) if told else text_of(build.get("buildStatus")),
        error_text=" ".join(dict.fromkeys(str(context["message"]) for context in told)) or None,
        started=parse_time(build.get("startTime")), updated=parse_time(build.get("endTime")), region=_region(text_of(build.get("arn"))),
    )  # fmt: skip


def _deployment(deployment: JsonObject, origin: Origin) -> Iterator[ActionRun]:
    """Of the role that CodeDeploy ran with only its error IAM_ROLE_PERMISSIONS tells."""
    error, identifier = map_of(deployment.get("errorInformation")), text_of(deployment.get("deploymentId"))
    if identifier and (text_of(deployment.get("status")) in ("Failed", "Stopped") or error):
        named = set(_ROLE.findall(text_of(error.get("message")) or ""))
        yield replace(
            _thing("deployment", text_of(deployment.get("applicationName")), identifier, origin), provider="CodeDeploy", external_id=identifier,
            error_code=text_of(error.get("code")), error_text=text_of(error.get("message")), started=parse_time(deployment.get("createTime")),
            updated=parse_time(deployment.get("completeTime")), role_arn=named.pop() if len(named) == 1 else None,
            role_of=f"{deployment.get('applicationName')}/{deployment.get('deploymentGroupName')}",
        )  # fmt: skip


def _task(task: JsonObject, origin: Origin) -> Iterator[ActionRun]:
    identifier, reason = text_of(task.get("taskArn")), text_of(task.get("stoppedReason"))
    if not identifier or not reason or "taskDefinitionArn" not in task:
        return
    overrides = map_of(task.get("overrides"))
    more = [text for container in map(map_of, list_of(task.get("containers"))) if (text := text_of(container.get("reason")))]
    yield replace(
        _thing("task", text_of(task.get("group")), identifier, origin), provider="ECS", external_id=identifier.rpartition("/")[2],
        role_arn=text_of(overrides.get("executionRoleArn")) or text_of(overrides.get("taskRoleArn")), error_code=text_of(task.get("stopCode")),
        error_text=" ".join(dict.fromkeys([reason, *more])), started=parse_time(task.get("createdAt")), updated=parse_time(task.get("stoppedAt")),
        region=_region(identifier), role_of=text_of(task.get("taskDefinitionArn")),
    )  # fmt: skip


def _service(service: JsonObject, origin: Origin) -> Iterator[ActionRun]:
    """A service whose newest trouble stands in its events, or in a rollout that failed."""
    events = sorted(map(map_of, list_of(service.get("events"))), key=lambda event: str(event.get("createdAt")), reverse=True)
    trouble = next((event for event in events if _TROUBLE.search(str(event.get("message")))), None)
    rollouts = [map_of(one) for one in list_of(service.get("deployments")) if map_of(one).get("rolloutState") == "FAILED"]
    identifier = text_of(service.get("serviceArn"))
    if trouble or rollouts:
        text = text_of(trouble.get("message")) if trouble else text_of(rollouts[0].get("rolloutStateReason"))
        yield replace(
            _thing("service", text_of(service.get("serviceName")), identifier, origin), provider="ECS", error_text=text, region=_region(identifier),
            role_of=text_of(service.get("taskDefinition")),
            started=parse_time(rollouts[0].get("createdAt")) if rollouts else None,
            updated=parse_time(trouble.get("createdAt")) if trouble else parse_time(rollouts[0].get("updatedAt")),
        )  # fmt: skip


def _function(function: JsonObject, origin: Origin) -> Iterator[ActionRun]:
    """One that could not be made or updated failed; of one that runs, its own calls may: it is asked about by its name alone."""
    identifier, role = text_of(function.get("FunctionArn")), text_of(function.get("Role"))
    if identifier and role:
        failed = "Failed" in (function.get("State"), function.get("LastUpdateStatus"))
        code, reason = (next((text for name in names if (text := text_of(function.get(name)))), None) for names in _WHY_A_FUNCTION_FAILED)
        yield replace(
            _thing("function", text_of(function.get("FunctionName")), identifier, origin), provider="Lambda", status="Failed" if failed else "Runs",
            role_arn=role, error_code=code if failed else None, error_text=reason if failed else None, region=_region(identifier),
        )  # fmt: skip


def _execution(execution: JsonObject, origin: Origin) -> Iterator[ActionRun]:
    """An execution of a state machine, asked about by the machine's names as well."""
    identifier, machine = text_of(execution.get("executionArn")), text_of(execution.get("stateMachineArn"))
    if identifier and machine and text_of(execution.get("status")) in _FAILED_EXECUTIONS:
        thing = _thing("state_machine", machine.rpartition(":")[2], identifier, origin)
        yield replace(
            thing, names=(*thing.names, machine), provider="StepFunctions", role_of=machine, error_code=text_of(execution.get("error")),
            error_text=text_of(execution.get("cause")), started=parse_time(execution.get("startDate")), updated=parse_time(execution.get("stopDate")),
            external_id=identifier.rpartition(":")[2], region=_region(identifier),
        )  # fmt: skip


def service_of_event(answer: JsonObject) -> str | None:
    """The service that an event names, where `--query` left nothing else of the answer."""
    found = _EVENT.match(text_of(answer.get("message")) or "") if {"id", "createdAt"} <= answer.keys() else None
    return found.group(1) if found else None


def _region(arn: str | None) -> str | None:
    parts = (arn or "").split(":")
    return parts[3] if len(parts) > 5 and parts[3] else None
