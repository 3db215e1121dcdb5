"""A small trail as a log file holds it: a pipeline role's session, a refused call, a call in two trails, a copy, and odd things."""

from __future__ import annotations

import json

TOOLING, WORKLOAD = "111122223333", "444455556666"
KEY, NEXT_KEY = "ASIAEXAMPLE111111111", "ASIAEXAMPLE222222222"
ROLE = f"arn:aws:iam::{WORKLOAD}:role/delivery/Deploy"


def identity(key=NEXT_KEY, *, role=ROLE, account=WORKLOAD, session="17726149"):
    name = role.rpartition("/")[2]
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "accountId": account,
        "accessKeyId": key,
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role, "accountId": account, "userName": name}},
    }


def record(number, name="DescribeServices", *, source="ecs", who=None, account=WORKLOAD, region="eu-west-1", **more):
    return {
        "eventVersion": "1.11",
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "eventTime": f"2026-03-04T09:{number // 60:02d}:{number % 60:02d}Z",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "recipientAccountId": account,
        "sourceIPAddress": "192.0.2.10",
        "userIdentity": who or identity(),
        "readOnly": True,
        "requestParameters": {"cluster": "web", "tags": [{"key": "team", "value": "shop"}]},
    } | more


def assumed():
    """The hop into the other account, as both trails tell it."""
    pipeline = f"arn:aws:iam::{TOOLING}:role/Pipeline"
    answer = {"assumedRoleUser": {"arn": f"arn:aws:sts::{WORKLOAD}:assumed-role/Deploy/17726149"}, "credentials": {"accessKeyId": NEXT_KEY}}
    asked = {"roleArn": ROLE, "roleSessionName": "17726149"}
    caller = identity(KEY, role=pipeline, account=TOOLING, session="17726148")
    foreign = {"type": "AWSAccount", "principalId": "AROAEXAMPLE333333333:17726148", "accountId": TOOLING}
    both = {"source": "sts", "sharedEventID": "5f2d1c1e-0000-4000-8000-000000000001", "requestParameters": asked, "responseElements": answer}
    return [record(1, "AssumeRole", who=caller, account=TOOLING, **both), record(2, "AssumeRole", who=foreign, **both)]


def denied(number=4):
    text = f"User: arn:aws:sts::{WORKLOAD}:assumed-role/Deploy/17726149 is not authorized to perform: ecs:RegisterTaskDefinition on resource: *"
    return record(number, "RegisterTaskDefinition", errorCode="AccessDenied", errorMessage=text, readOnly=False)


def records():
    return [*assumed(), record(3), record(5), record(6), denied(), record(3), record(8, "GetObject", source="s3", errorCode="NoSuchKey", region="us-east-1")]


def written(folder):
    """Two log files, one of them broken off, and a note."""
    (folder / "one.json").write_text(json.dumps({"Records": records()[:4]}))
    (folder / "two.json").write_text(json.dumps({"Records": records()[4:]}))
    return folder
