"""Short builders for policies, requests and records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from trailsleuth.iam.document import parse_policy
from trailsleuth.model import AccessRequest, Identity, Origin, Policy, PolicySet, Record, SessionIssuer

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/Deployer"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/run-7"


def a_policy(*statements: dict[str, Any], name: str = "p") -> Policy:
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)}, name=name)


def a_statement(effect: str = "Allow", action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def a_request(action: str = "s3:GetObject", resource: str = "arn:aws:s3:::plans/a", **more: Any) -> AccessRequest:
    return AccessRequest(**{"principal": SESSION, "action": action, "resource": resource, **more})


def identity(*statements: dict[str, Any], **more: Any) -> PolicySet:
    return PolicySet(identity=(a_policy(*statements),), **more)


def a_role() -> Identity:
    return Identity(
        type="AssumedRole",
        principal_id="AROAEXAMPLE:run-7",
        arn=SESSION,
        account=ACCOUNT,
        access_key_id="ASIAEXAMPLE",
        issuer=SessionIssuer(type="Role", arn=ROLE, account=ACCOUNT, user_name="Deployer"),
        created=datetime(2026, 3, 4, 9, 0, tzinfo=UTC),
        mfa="false",
    )


def a_record(**more: Any) -> Record:
    plain: dict[str, Any] = {}
    plain |= {
        "event_id": "e1",
        "event_time": datetime(2026, 3, 4, 9, 5, tzinfo=UTC),
        "event_source": "ecs.amazonaws.com",
        "event_name": "RegisterTaskDefinition",
        "region": "eu-west-1",
        "identity": a_role(),
        "recipient_account": ACCOUNT,
        "request": {"family": "web"},
        "response": {},
        "error_code": None,
        "error_message": None,
        "denial": None,
        "issued": None,
        "resources": (),
        "shared_event_id": None,
        "request_id": None,
        "source_ip": "203.0.113.9",
        "user_agent": "aws-cli/2",
        "event_type": None,
        "category": None,
        "read_only": None,
        "vpc_endpoint_id": None,
        "vpc_endpoint_account": None,
        "additional": {},
        "origin": Origin(source="t.json"),
        "payload": {},
    }
    return Record(**{**plain, **more})
