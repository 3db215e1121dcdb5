"""A role, its calls and its policies, as evidence."""

from __future__ import annotations

import json

from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import RawInput

ACCOUNT, OTHER = "410000000001", "420000000002"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/Worker"
TASK = f"arn:aws:iam::{ACCOUNT}:role/app/Task"
KEY = f"arn:aws:kms:eu-west-1:{OTHER}:key/1c0de000-aaaa-bbbb-cccc-000000000001"
UNIQUE_ID = "AROAWORKERWORKER00001"


def allow(actions, resources="*", condition=None, **more):
    """An Allow statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **({"Condition": condition} if condition else {}), **more}


def a_call(number, call, request=None, *, role=ROLE, error=None, message=None, **members):
    """One record of a role session; `error` makes it a failed call."""
    service, _, name = call.partition(":")
    account, role_name = role.split(":")[4], role.rpartition("/")[2]
    record = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"{UNIQUE_ID}:run",
            "arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/run",
            "accountId": account,
            "accessKeyId": "ASIAWORKERWORKER0001",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "principalId": UNIQUE_ID, "arn": role, "accountId": account, "userName": role_name},
                "attributes": {"creationDate": "2026-05-01T08:00:00Z", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": f"2026-05-01T08:{number // 60:02d}:{number % 60:02d}Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "worker",
        "requestParameters": request,
        "responseElements": None,
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    if error:
        record |= {"errorCode": error, "errorMessage": message or "it failed"}
    return record | members


def a_refusal(number, call, action, resource="*", request=None):
    """A call that IAM refused by the role's own policies."""
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Worker/run"
    text = f"User: {session} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
    return a_call(number, call, request, error="AccessDenied", message=text)


def a_snapshot(*statements, attached=(), profiles=()):
    """The account's IAM snapshot with the role holding these statements in one inline policy."""
    role = {
        "Path": "/team/",
        "RoleName": "Worker",
        "RoleId": UNIQUE_ID,
        "Arn": ROLE,
        "CreateDate": "2025-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "InstanceProfileList": list(profiles),
        "RolePolicyList": [{"PolicyName": "work", "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}] if statements else [],
        "AttachedManagedPolicies": [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in attached],
        "Tags": [],
    }
    task = role | {"Path": "/app/", "RoleName": "Task", "RoleId": "AROATASKTASKTASK00001", "Arn": TASK, "RolePolicyList": [], "AttachedManagedPolicies": []}
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role, task], "Policies": []}


def evidence(calls, snapshot=None, *others):
    """What is read of them."""
    contents = [{"Records": list(calls)}, *([snapshot] if snapshot else []), *others]
    return read_evidence(RawInput(source=f"input-{n}", data=json.dumps(content).encode()) for n, content in enumerate(contents))
