"""Five-word builders for CloudTrail records as JSON objects and for inputs that hold them."""

from __future__ import annotations

import json
from typing import Any

from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import Evidence, RawInput

ACCOUNT = "222222222222"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy/ActionRole"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/ActionRole/1700000000000"


def a_record(number: int = 0, **members: Any) -> dict[str, Any]:
    """A successful call; `members` replace or add top-level members."""
    record = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLEEXAMPLE222:1700000000000",
            "arn": SESSION,
            "accountId": ACCOUNT,
            "accessKeyId": "ASIAEXAMPLEEXAMPLE22",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEEXAMPLE222", "arn": ROLE, "accountId": ACCOUNT, "userName": "ActionRole"},
                "attributes": {"creationDate": "2026-03-04T09:00:00Z", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": f"2026-03-04T09:00:{number % 60:02d}Z",
        "eventSource": "ecs.amazonaws.com",
        "eventName": "DescribeServices",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "test",
        "requestParameters": {"cluster": "web"},
        "responseElements": None,
        "requestID": f"r-{number}",
        "eventID": f"e-{number:04d}",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    return record | members


def a_denial(number: int = 0, **members: Any) -> dict[str, Any]:
    """A refused RegisterTaskDefinition."""
    told = {
        "eventName": "RegisterTaskDefinition",
        "errorCode": "AccessDenied",
        "errorMessage": f"User: {SESSION} is not authorized to perform: ecs:RegisterTaskDefinition on resource: * "
        "because no identity-based policy allows the ecs:RegisterTaskDefinition action",
        "requestParameters": None,
    }
    return a_record(number, **(told | members))


def an_input(content: object, source: str = "trail.json") -> RawInput:
    """Bytes as they are, text as UTF-8, anything else as JSON."""
    if isinstance(content, bytes):
        return RawInput(source=source, data=content)
    text = content if isinstance(content, str) else json.dumps(content)
    return RawInput(source=source, data=text.encode())


def read(*contents: object) -> Evidence:
    """The evidence in inputs with these contents."""
    return read_evidence(an_input(content, f"input-{number}") for number, content in enumerate(contents))


def ids(evidence: Evidence) -> list[str]:
    return [record.event_id for record in evidence.records]


def reasons(evidence: Evidence) -> str:
    return "\n".join(skipped.reason for skipped in evidence.coverage.skipped)
