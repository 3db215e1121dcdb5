"""`trailsleuth simulate` on saved evidence: what is asked about and is not there gets no verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trailsleuth.cli.app import main

HOME = "arn:aws:iam::732000000027"
KEY = "arn:aws:s3:::ledger-732/2026/a.csv"


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    roles = [
        {"RoleName": name, "Path": "/", "Arn": f"{HOME}:role/{name}", "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": everything}]}
        for name in ("Bookkeeper", "Auditor")
    ]
    path = tmp_path / "iam.json"
    path.write_text(json.dumps({"RoleDetailList": roles, "UserDetailList": [], "GroupDetailList": [], "Policies": []}))
    return path


def asked(snapshot: Path, capsys: pytest.CaptureFixture[str], *, principal: str = f"{HOME}:role/Bookkeeper", action: str = "s3:GetObject", resource: str = KEY):
    code = main(["simulate", str(snapshot), "--principal", principal, "--action", action, "--resource", resource])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_what_is_there_is_decided(snapshot, capsys):
    assert asked(snapshot, capsys)[0] == 0
    assert asked(snapshot, capsys, action="s3:ListObjectsV2", resource="arn:aws:s3:::ledger-732")[:2] == (
        0,
        "request: allowed\n  s3:ListObjectsV2 is an operation; it is checked for s3:ListBucket\n  matched: all, statement 0 (identity)\n",
    )


@pytest.mark.parametrize("principal", [f"{HOME}:role/Bookkeper", "arn:aws:sts::732000000027:assumed-role/Bookkeper/s", f"{HOME}:user/Bookkeeper"])
def test_a_principal_that_the_snapshot_lacks_is_undecided_and_the_nearest_is_named(snapshot, capsys, principal):
    code, out, _ = asked(snapshot, capsys, principal=principal)
    assert code == 3
    assert f"no principal {principal} is in the evidence: there is {HOME}:role/Bookkeeper, {HOME}:role/Auditor" in out


@pytest.mark.parametrize(("action", "near"), [("s3:GetObjct", "s3:GetObject"), ("sqs:SendMesage", "sqs:SendMessage"), ("ledgerly:Read", "")])
def test_an_action_that_there_is_not_is_never_allowed(snapshot, capsys, action, near):
    code, out, _ = asked(snapshot, capsys, action=action)
    assert code == 3
    assert f"there is no action {action}" in out
    assert near in out


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"action": "SendMessage", "resource": "arn:aws:sqs:eu-west-1:732000000027:orders"}, "did you mean sqs:SendMessage,"),
        ({"action": "s3:Get*"}, "not one action"),
        ({"principal": "Bookkeeper"}, f"there is {HOME}:role/Bookkeeper"),
        ({"resource": "ledger-732"}, "not an ARN"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(snapshot, capsys, wrong, words):
    code, out, err = asked(snapshot, capsys, **wrong)
    assert (code, out) == (2, "")
    assert words in err
