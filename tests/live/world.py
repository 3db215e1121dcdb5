"""The founding case in two accounts behind the test server, with as much background as a test asks for."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta

from tests.live.servers import Aws
from tests.live.state import AccountState

A, B = "111122223333", "444455556666"
REGION, GLOBAL = "eu-west-1", "us-east-1"
START = datetime(2026, 3, 4, 9, 1, 40, tzinfo=UTC)
NOW = START + timedelta(hours=1)
SERVICE_ROLE = f"arn:aws:iam::{A}:role/service-role/PipelineService"
ACTION_ROLE = f"arn:aws:iam::{B}:role/deploy/CrossAccountDeploy"
TASK_ROLE, EXECUTION_ROLE = f"arn:aws:iam::{B}:role/WebTask", f"arn:aws:iam::{B}:role/WebTaskExecution"
BUCKET, KEY = "web-artifacts", f"arn:aws:kms:{REGION}:{A}:key/0d0d0d0d-1111-4222-8333-444455556666"
KEY_A, KEY_B = "ASIAPIPELINESERVICE1", "ASIACROSSACCOUNTDEP1"
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLESESSIONTOKENEXAMPLESESSIONTOKEN"
EXECUTION = "0f3f6d1e-9e21-4f35-8d8e-5a2d5a1c7b99"
MESSAGE = "The provided role does not have sufficient permissions to access CodeDeploy"
TOOLING, WORKLOAD = "AKIATOOLINGTOOLING01", "AKIAWORKLOADWORKLD01"


def a_world(*, background: int = 0, start: datetime = START, hours: float = 2.0) -> Aws:
    """Both accounts, with `background` records of other sessions in each."""
    aws = Aws(accounts={A: AccountState(id=A), B: AccountState(id=B)})
    aws.identities = {TOOLING: (A, f"arn:aws:iam::{A}:user/reader"), WORKLOAD: (B, f"arn:aws:iam::{B}:user/reader")}
    _pipeline(aws.accounts[A], start)
    _policies(aws)
    _chain(aws, start)
    for number, account in enumerate((A, B)):
        _background(aws.accounts[account], background, start, hours, random.Random(number))
    return aws


def a_record(account: str, time: datetime, source: str, name: str, *, region: str = REGION, identity: dict, **more) -> dict:
    return {
        "eventVersion": "1.09",
        "userIdentity": identity,
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": source,
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "codepipeline.amazonaws.com",
        "userAgent": "codepipeline.amazonaws.com",
        "requestParameters": None,
        "responseElements": None,
        "eventID": more.pop("eventID", None) or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{account}{time.isoformat()}{source}{name}{identity}{sorted(more)}")),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        **more,
    }


def a_session(role: str, session: str, key: str, created: datetime) -> dict:
    account, name = role.split(":")[4], role.rpartition("/")[2]
    return {
        "type": "AssumedRole",
        "principalId": f"AROA{name.upper()[:16]}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "accountId": account,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": f"AROA{name.upper()[:16]}", "arn": role, "accountId": account, "userName": name},
            "attributes": {"creationDate": created.strftime("%Y-%m-%dT%H:%M:%SZ"), "mfaAuthenticated": "false"},
        },
    }


def an_issue(role: str, session: str, key: str) -> dict:
    account, name = role.split(":")[4], role.rpartition("/")[2]
    return {
        "requestParameters": {"roleArn": role, "roleSessionName": session},
        "responseElements": {
            "credentials": {"accessKeyId": key, "sessionToken": TOKEN, "expiration": "Mar 4, 2026, 10:01:41 AM"},
            "assumedRoleUser": {"assumedRoleId": f"AROA{name.upper()[:16]}:{session}", "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}"},
        },
    }


def an_action(start: datetime, *, status: str, name: str = "DeployToEcs", **output) -> dict:
    configuration = {"ApplicationName": "web", "DeploymentGroupName": "web-dg", "TaskDefinitionTemplateArtifact": "BuildOutput"}
    return {
        "pipelineExecutionId": EXECUTION,
        "actionExecutionId": str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
        "pipelineVersion": 3,
        "stageName": "Deploy",
        "actionName": name,
        "startTime": start,
        "lastUpdateTime": start + timedelta(seconds=6),
        "status": status,
        "input": {
            "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "CodeDeployToECS", "version": "1"},
            "configuration": configuration,
            "resolvedConfiguration": configuration,
            "region": REGION,
            "inputArtifacts": [],
            "roleArn": ACTION_ROLE,
        },
        "output": {"outputArtifacts": [], "executionResult": output, "outputVariables": {}},
    }


def _pipeline(state: AccountState, start: datetime) -> None:
    def definition(version: int) -> dict:
        action = {
            "name": "DeployToEcs",
            "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "CodeDeployToECS", "version": "1"},
            "runOrder": 1,
            "configuration": {"ApplicationName": "web", "DeploymentGroupName": "web-dg", "TaskDefinitionTemplateArtifact": "BuildOutput"},
            "outputArtifacts": [],
            "inputArtifacts": [],
            "roleArn": ACTION_ROLE,
        }
        store = {"type": "S3", "location": BUCKET, "encryptionKey": {"id": KEY, "type": "KMS"}}
        return {"name": "web", "roleArn": SERVICE_ROLE, "artifactStore": store, "stages": [{"name": "Deploy", "actions": [action]}], "version": version}

    runs = [
        {"pipelineExecutionId": str(uuid.UUID(int=1)), "status": "InProgress", "startTime": start + timedelta(minutes=30), "version": 4},
        {"pipelineExecutionId": EXECUTION, "status": "Failed", "startTime": start, "lastUpdateTime": start + timedelta(seconds=7), "version": 3},
    ]
    error = {"code": "PermissionError", "message": MESSAGE}
    actions = [
        an_action(start, status="Failed", externalExecutionSummary=MESSAGE, errorDetails=error),
        an_action(start - timedelta(seconds=40), status="Succeeded", name="Source"),
    ]
    state.pipelines[REGION, "web"] = {"definitions": {3: definition(3), 4: definition(4)}, "runs": runs, "actions": actions}


def _policies(aws: Aws) -> None:
    def role(arn: str, trusted: dict, inline: dict, attached: tuple[str, ...] = (), boundary: str | None = None) -> dict:
        from json import dumps
        from urllib.parse import quote

        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}]}
        described = {
            "Path": "/" + "/".join(arn.split("/")[1:-1]) + "/" if arn.count("/") > 1 else "/",
            "RoleName": arn.rpartition("/")[2],
            "RoleId": f"AROA{arn.rpartition('/')[2].upper()[:16]}",
            "Arn": arn,
            "CreateDate": "2025-11-02T10:00:00Z",
            "AssumeRolePolicyDocument": quote(dumps(trust)),
        }
        if boundary:
            described["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}
        return {"role": described, "inline": inline, "attached": list(attached)}

    a, b = aws.accounts[A], aws.accounts[B]
    boundary = f"arn:aws:iam::{B}:policy/Boundary"
    managed = f"arn:aws:iam::{B}:policy/ReadParameters"
    deploy = _allow(["codedeploy:*"], "*")
    artifacts = _allow(["s3:GetObject*", "s3:PutObject"], f"arn:aws:s3:::{BUCKET}/*")
    a.roles["PipelineService"] = role(SERVICE_ROLE, {"Service": "codepipeline.amazonaws.com"}, {"assume": _allow(["sts:AssumeRole"], ACTION_ROLE)})
    b.roles["CrossAccountDeploy"] = role(
        ACTION_ROLE, {"AWS": f"arn:aws:iam::{A}:root"}, {"deploy": deploy, "artifacts": artifacts}, (managed,), boundary=boundary
    )
    for task in (TASK_ROLE, EXECUTION_ROLE):
        b.roles[task.rpartition("/")[2]] = role(task, {"Service": "ecs-tasks.amazonaws.com"}, {"app": _allow(["logs:PutLogEvents"], "*")})
    b.managed = {managed: _allow(["ssm:GetParameter"], "*"), boundary: _allow(["*"], "*")}
    a.buckets[BUCKET] = {**_allow(["s3:GetObject"], f"arn:aws:s3:::{BUCKET}/*"), "Id": "artifacts"}
    a.keys[KEY] = _allow(["kms:*"], "*")


def _allow(actions: list[str], resource: str) -> dict:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]}


def _chain(aws: Aws, start: datetime) -> None:
    a, b = aws.accounts[A].histories, aws.accounts[B].histories
    opened, hopped = start, start + timedelta(seconds=1)
    first, second = str(int(opened.timestamp() * 1000) + 217), str(int(hopped.timestamp() * 1000) + 412)
    service = {"type": "AWSService", "invokedBy": "codepipeline.amazonaws.com"}
    shared = {"sharedEventID": "464b1421-0b76-4df9-9d25-4c3a5554ee99"}
    pipeline, deploy = a_session(SERVICE_ROLE, first, KEY_A, opened), a_session(ACTION_ROLE, second, KEY_B, hopped)
    caller = {"type": "AWSAccount", "principalId": f"{pipeline['principalId']}", "accountId": A}
    a[REGION].add(a_record(A, opened, "sts.amazonaws.com", "AssumeRole", identity=service, **an_issue(SERVICE_ROLE, first, KEY_A)))
    a[REGION].add(a_record(A, hopped, "sts.amazonaws.com", "AssumeRole", identity=pipeline, **an_issue(ACTION_ROLE, second, KEY_B), **shared))
    b[REGION].add(a_record(B, hopped, "sts.amazonaws.com", "AssumeRole", identity=caller, **an_issue(ACTION_ROLE, second, KEY_B), **shared))
    b[REGION].add(a_record(B, start + timedelta(seconds=3), "codedeploy.amazonaws.com", "GetApplication", identity=deploy))
    b[REGION].add(
        a_record(
            B,
            start + timedelta(seconds=4),
            "ecs.amazonaws.com",
            "RegisterTaskDefinition",
            identity=deploy,
            errorCode="AccessDenied",
            errorMessage=f"User: {deploy['arn']} is not authorized to perform: ecs:RegisterTaskDefinition on resource: * because no identity-based policy "
            "allows the ecs:RegisterTaskDefinition action",
        )
    )
    roles = {"family": "web", "taskRoleArn": TASK_ROLE, "executionRoleArn": EXECUTION_ROLE}
    platform = {"type": "IAMUser", "arn": f"arn:aws:iam::{B}:user/platform", "accountId": B, "accessKeyId": "AKIAPLATFORMPLATFORM", "userName": "platform"}
    b[REGION].add(a_record(B, start - timedelta(days=2), "ecs.amazonaws.com", "RegisterTaskDefinition", identity=platform, requestParameters=roles))


CALLS = ("ec2 DescribeInstances", "ecs DescribeServices", "s3 GetBucketAcl", "logs CreateLogStream", "kms DescribeKey", "codepipeline ListPipelines")


def _background(state: AccountState, count: int, start: datetime, hours: float, dice: random.Random) -> None:
    """Other sessions' calls, spread evenly over some hours around the failure; every fourteenth assumes a role."""
    roles = [f"arn:aws:iam::{state.id}:role/{name}" for name in ("ConfigRecorder", "SecurityScanner", "AppServer", "DatadogIntegration")]
    sessions = [(role, f"i-{dice.getrandbits(32):08x}", f"ASIA{dice.getrandbits(64):016X}") for role in roles for _ in range(10)]
    for number in range(count):
        time = start + timedelta(hours=hours * (number / count - 0.5))
        role, session, key = sessions[number % len(sessions)]
        identity = a_session(role, session, key, time)
        event = f"{number:08x}-0000-4000-8000-{state.id}"
        region = GLOBAL if number % 10 == 0 else REGION
        if number % 14 == 0:
            issued = an_issue(role, session, f"ASIA{dice.getrandbits(64):016X}")
            service = {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
            record = a_record(state.id, time, "sts.amazonaws.com", "AssumeRole", region=region, identity=service, eventID=event, **issued)
        else:
            source, name = CALLS[number % len(CALLS)].split()
            record = a_record(state.id, time, f"{source}.amazonaws.com", name, region=region, identity=identity, eventID=event)
        state.histories[region].add(record)
