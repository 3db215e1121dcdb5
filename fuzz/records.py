"""CloudTrail records and their wrappings, from sound to absurd."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from fuzz.choices import Choices, Json, chance, pick
from fuzz.messages import message
from fuzz.values import text, value

ACCOUNTS = ("111111111111", "222222222222", "333333333333")
ROLES = tuple(f"arn:aws:iam::{account}:role/{name}" for account in ACCOUNTS for name in ("deploy/ActionRole", "PipelineRole"))
KEYS = ("ASIAEXAMPLEEXAMPLE11", "ASIAEXAMPLEEXAMPLE22", "ASIAEXAMPLEEXAMPLE33")
CALLS = (
    ("ecs.amazonaws.com", "RegisterTaskDefinition"),
    ("ecs.amazonaws.com", "UpdateService"),
    ("sts.amazonaws.com", "AssumeRole"),
    ("s3.amazonaws.com", "GetObject"),
    ("s3.amazonaws.com", "PutObject"),
    ("kms.amazonaws.com", "Decrypt"),
    ("cloudformation.amazonaws.com", "CreateStack"),
    ("codepipeline.amazonaws.com", "StartPipelineExecution"),
    ("iam.amazonaws.com", "CreateRole"),
    ("lambda.amazonaws.com", "CreateFunction20150331"),
    ("ec2.amazonaws.com", "RunInstances"),
)
CODES = (None, None, None, "AccessDenied", "AccessDeniedException", "Client.UnauthorizedOperation", "ValidationException", "ThrottlingException", 7, "")


def _role_of(choose: Choices) -> tuple[str, str, str]:
    """A role, its account and its name."""
    role = pick(choose, ROLES)
    return role, role.split(":")[4], role.rpartition("/")[2]


def identity(choose: Choices) -> dict[str, Any]:
    """Who called: mostly a role session."""
    role, account, name = _role_of(choose)
    if chance(choose, 15):
        return {"type": "AWSService", "invokedBy": "codepipeline.amazonaws.com"}
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE{name[:4].upper()}:s1",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/s1",
        "accountId": account,
        "accessKeyId": pick(choose, KEYS),
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role, "accountId": account, "userName": name}},
    }


def record(choose: Choices, number: int = 0) -> dict[str, Any]:
    """One record; in half of the cases some of its members are not what they should be."""
    source, name = pick(choose, CALLS)
    role, account, role_name = _role_of(choose)
    code = pick(choose, CODES)
    made: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": identity(choose),
        "eventTime": f"2026-03-04T09:{choose.number(0, 59):02d}:{number % 60:02d}Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": pick(choose, ("eu-west-1", "us-east-1")),
        "sourceIPAddress": "192.0.2.1",
        "requestParameters": {"roleArn": role, "roleSessionName": "s1", "bucketName": "plans", "key": "a", "cluster": "web", "taskRoleArn": role},
        "responseElements": None,
        "eventID": f"e-{choose.number(0, 40)}",
        "recipientAccountId": account,
        "eventType": "AwsApiCall",
        "sharedEventID": f"s-{choose.number(0, 5)}",
    }
    if code is not None:
        made |= {"errorCode": code, "errorMessage": message(choose)}
    elif name == "AssumeRole":
        made["responseElements"] = {
            "credentials": {"accessKeyId": pick(choose, KEYS), "sessionToken": "t"},
            "assumedRoleUser": {"arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/s1", "assumedRoleId": "AROAEXAMPLE:s1"},
        }
    if chance(choose, 50):
        _spoil(choose, made)
    return made


def _spoil(choose: Choices, made: dict[str, Any]) -> None:
    """Wrong types, absent members, unknown ones, at any depth."""
    for _ in range(choose.number(1, 3)):
        inner = made
        while chance(choose, 40):
            below = [member for member in inner.values() if isinstance(member, dict) and member]
            if not below:
                break
            inner = pick(choose, below)
        name = pick(choose, list(inner)) if inner and chance(choose, 80) else text(choose)
        if chance(choose, 25):
            inner.pop(name, None)
        else:
            inner[name] = value(choose, 2)


def execution(choose: Choices) -> list[Any]:
    """CodePipeline's side of a failure, and its definition."""
    role, account, _ = _role_of(choose)
    attempt = {
        "pipelineExecutionId": "11111111-2222-3333-4444-555555555555",
        "actionExecutionId": "a-1",
        "stageName": "Deploy",
        "actionName": "DeployToEcs",
        "status": pick(choose, ("Failed", "Succeeded", "Abandoned", 3)),
        "startTime": "2026-03-04T09:00:00Z",
        "lastUpdateTime": pick(choose, ("2026-03-04T09:59:00Z", 1772614740.5, None)),
        "input": {
            "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "ECS", "version": "1"},
            "roleArn": role,
            "configuration": {"ClusterName": "web"},
        },
        "output": {"executionResult": {"errorDetails": {"code": "PermissionError", "message": message(choose)}}},
    }
    definition = {
        "pipeline": {
            "name": "web",
            "roleArn": f"arn:aws:iam::{account}:role/PipelineRole",
            "artifactStore": {"type": "S3", "location": "plans", "encryptionKey": {"id": f"arn:aws:kms:eu-west-1:{account}:key/k", "type": "KMS"}},
            "stages": [{"name": "Deploy", "actions": [{"name": "DeployToEcs", **attempt["input"]}]}],
        }
    }
    run = {"pipelineExecution": {"pipelineName": "web", "pipelineExecutionId": attempt["pipelineExecutionId"], "status": "Failed"}}
    made: list[dict[str, Any]] = [{"actionExecutionDetails": [attempt]}, definition, run]
    if chance(choose, 50):
        _spoil(choose, pick(choose, [attempt, *made]))
    return made


def _envelope(_choose: Choices, records: list[Any]) -> Json:
    return [{"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3", "detail": one} for one in records]


def _nested(choose: Choices, records: list[Any]) -> Json:
    inner: Any = {"Records": records}
    for _ in range(choose.number(1, 14)):
        inner = pick(choose, ({"Message": json.dumps(inner)}, {"body": json.dumps(inner)}, {"Records": [inner]}, {"detail": inner}, [inner]))
        if len(json.dumps(inner)) > 20_000:
            break
    return inner


WRAPPINGS: tuple[Callable[[Choices, list[Any]], Any], ...] = (
    lambda _choose, records: {"Records": records},
    lambda _choose, records: records,
    lambda _choose, records: records[0] if records else {},
    lambda _choose, records: {"Events": [{"EventId": str(number), "CloudTrailEvent": json.dumps(one)} for number, one in enumerate(records)]},
    lambda _choose, records: {"events": [{"message": json.dumps(one), "timestamp": 1} for one in records]},
    lambda _choose, records: {"QueryResultRows": [[{"eventJson": json.dumps(one)}] for one in records]},
    _envelope,
    _nested,
)


def wrapped(choose: Choices, records: list[Any]) -> Json:
    """The records in one of the forms that exports have."""
    return pick(choose, WRAPPINGS)(choose, copy.deepcopy(records))
