"""Small trails for tests of the rooms: records, roles and policies in a few words, read like any other evidence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.investigation import run_investigation
from trailsleuth.model import CaseFile, Evidence, Inquiry, RawInput

A, B = "311111111113", "322222222223"
START = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
Json = dict[str, Any]


def role(name: str, account: str = B) -> str:
    """A role's ARN; `path/Name` gives the path."""
    return f"arn:aws:iam::{account}:role/{name}"


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def unique_id(arn: str) -> str:
    return "AROA" + f"{abs(sum(ord(c) * (i + 7) for i, c in enumerate(arn))):016d}"


def session(arn: str, name: str = "run", key: str | None = "ASIA1", born: float = 0) -> Json:
    """The userIdentity of a role session."""
    account, short = arn.split(":")[4], arn.rpartition("/")[2]
    identity = {
        "type": "AssumedRole",
        "principalId": f"{unique_id(arn)}:{name}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{short}/{name}",
        "accountId": account,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": unique_id(arn), "arn": arn, "accountId": account, "userName": short},
            "attributes": {"creationDate": at(born), "mfaAuthenticated": "false"},
        },
    }
    return {k: v for k, v in identity.items() if v is not None}


def call(who: Json, source: str, name: str, second: float = 10, **fields: Any) -> Json:
    """One record of a call; its id follows from who, what and when. `region`, `account` and any other CloudTrail field may be given."""
    account = fields.pop("account", None) or who.get("accountId") or B
    record = {
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": at(second),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": fields.pop("region", "eu-west-1"),
        "requestParameters": fields.pop("request", None),
        "responseElements": fields.pop("response", None),
        "eventID": fields.pop("event_id", f"{source}-{name}-{second}-{account}-{who.get('accessKeyId', '')}"),
        "recipientAccountId": account,
        "eventType": "AwsApiCall",
        "readOnly": name.startswith(("Get", "List", "Describe")),
    }
    return record | fields


def refused(who: Json, source: str, name: str, action: str, resource: str = "*", second: float = 10, **fields: Any) -> Json:
    """A refused call with AWS's usual sentence; `clause` instead of the identity clause, "" for none."""
    clause = fields.pop("clause", f"because no identity-based policy allows the {action} action")
    text = f"User: {who.get('arn')} is not authorized to perform: {action} on resource: {resource} {clause}".strip()
    return call(who, source, name, second, errorCode="AccessDenied", errorMessage=text, **fields)


def assumed(who: Json, arn: str, name: str = "run", key: str = "ASIA1", second: float = 0, **fields: Any) -> Json:
    """A successful AssumeRole."""
    short, account = arn.rpartition("/")[2], arn.split(":")[4]
    response = {
        "credentials": {"accessKeyId": key, "expiration": "Feb 3, 2026, 11:00:00 AM", "sessionToken": "hidden"},
        "assumedRoleUser": {"assumedRoleId": f"{unique_id(arn)}:{name}", "arn": f"arn:aws:sts::{account}:assumed-role/{short}/{name}"},
    }
    return call(who, "sts", "AssumeRole", second, request={"roleArn": arn, "roleSessionName": name}, response=response, **fields)


def service(name: str) -> Json:
    return {"type": "AWSService", "invokedBy": f"{name}.amazonaws.com"}


def foreign(principal_id: str, account: str = A) -> Json:
    """The userIdentity of the other account's copy."""
    return {"type": "AWSAccount", "principalId": principal_id, "accountId": account}


def allow(actions: str | list[str], resources: str | list[str] = "*", **condition: Any) -> Json:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def trusts(principal: Json | str, action: str = "sts:AssumeRole", **condition: Any) -> Json:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return statement | ({"Condition": condition} if condition else {})


def snapshot(*roles: tuple[str, list[Json], list[Json]], **extra: Json) -> Json:
    """`get-account-authorization-details` of roles: (ARN, identity statements, trust statements); `extra` fields go to every role."""
    details = [
        {
            "Path": "/" + "/".join(arn.split(":role/")[1].split("/")[:-1]) + "/" if "/" in arn.split(":role/")[1] else "/",
            "RoleName": arn.rpartition("/")[2],
            "RoleId": unique_id(arn),
            "Arn": arn,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": trust},
            "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": identity}}] if identity else [],
            "AttachedManagedPolicies": [],
            "InstanceProfileList": [],
        }
        | extra
        for arn, identity, trust in roles
    ]
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": details, "Policies": []}


def resource_policy(arn: str, *statements: Json) -> Json:
    return {"ResourceArn": arn, "Policy": {"Version": "2012-10-17", "Statement": list(statements)}}


def evidence(records: list[Json], *documents: Json) -> Evidence:
    """Records and other documents, read as a user's files would be."""
    inputs = [RawInput(source="trail.json", data=json.dumps({"Records": records}).encode())]
    inputs += [RawInput(source=f"document-{i}.json", data=json.dumps(d).encode()) for i, d in enumerate(documents)]
    return read_evidence(inputs)


def diagnose(records: list[Json], *documents: Json, **inquiry: Any) -> CaseFile:
    return run_investigation(evidence(records, *documents), Inquiry(**inquiry))
