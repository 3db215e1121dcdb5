"""What `denied` writes holds no secret, wherever a record has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.trail import call, refused, role, session
from trailsleuth.scan.denied import refused as pick_refused

DEPLOY = role("deploy/Deploy")
VALUE = "hunter2-and-more"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIexampleexample\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("request_", "secret"),
    [
        ({"secretAccessKey": VALUE}, VALUE),
        ({"masterUserPassword": VALUE, "engine": "postgres"}, VALUE),
        ({"name": "/prod/db", "type": "SecureString", "value": VALUE}, VALUE),
        ({"environment": {"variables": [{"name": "DB_PASSWORD", "value": VALUE}]}}, VALUE),
        ({"body": KEY}, "MIIexampleexample"),
        ({"oauth": {"gitHubToken": "t", "accessToken": VALUE}}, VALUE),
    ],
)
def test_a_secret_is_not_written(request_: dict, secret: str, tmp_path: Path) -> None:
    kept = refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", "arn:aws:s3:::b/x", 20, request={"bucketName": "b", "key": "x"})
    records = [
        refused(session(DEPLOY), "rds", "CreateDBInstance", "rds:CreateDBInstance", request=request_),
        kept,
        call(session(DEPLOY), "sts", "GetCallerIdentity"),
    ]
    (tmp_path / "log.json").write_text(json.dumps({"Records": records}))
    with pick_refused(tmp_path) as found:
        lines = list(found.lines())
    assert found.refused == 2
    assert secret not in "".join(lines)
    assert json.loads(next(line for line in lines if '"GetObject"' in line)) == kept
    assert {json.loads(line)["eventName"] for line in lines} == {"CreateDBInstance", "GetObject"}
