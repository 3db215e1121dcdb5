"""`trailsleuth simulate --requests`: forms of input, answers and exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.iam.build import SESSION, a_statement
from trailsleuth.cli.app import main
from trailsleuth.iam.requests import simulate_requests

ALLOW = {"Version": "2012-10-17", "Statement": a_statement()}


def a_call(name: str = "r1", document: Any = ALLOW, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "principal": SESSION,
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k",
        "resource_account": None,
        "context": {},
        "policies": {"identity": [{"name": "p", "policy": document}]},
        **more,
    }


DENIED, ODD = a_call("r2", {"Statement": []}), a_call("r3", {"Version": "2012-10-17", "Statement": a_statement(Condition={"Odd": {"k": "v"}})})


@pytest.mark.parametrize(("calls", "code"), [([a_call()], 0), ([a_call(), DENIED, ODD], 1), ([a_call(), ODD], 3), ([], 0)])
def test_the_exit_code_says_the_worst(calls: list[Any], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "requests.json"
    path.write_text(json.dumps(calls))
    assert main(["simulate", "--requests", str(path), "--output", "json"]) == code
    assert [answer["id"] for answer in json.loads(capsys.readouterr().out)] == [call["id"] for call in calls]


def test_json_lines_and_one_object_are_read_as_a_list_is() -> None:
    calls = [a_call(), DENIED]
    listed = simulate_requests(json.dumps(calls))
    assert simulate_requests("\n".join(json.dumps(call) for call in calls) + "\n\n") == listed
    assert simulate_requests(json.dumps(a_call())) == listed[:1]


def test_an_answer_has_the_fields_of_the_contract() -> None:
    (answer,) = simulate_requests(json.dumps(a_call(document={"Statement": [{**a_statement(action="s3:PutObject"), "Sid": "Write"}]})))
    assert answer["id"] == "r1"
    assert (answer["decision"], answer["blocked_by"], answer["matched"], answer["missing_context"]) == ("implicitly_denied", ["identity"], [], [])
    assert answer["near_misses"][0]["statement"] == "Write"
    assert answer["near_misses"][0]["failed_on"][0]["part"] == "action"
    (allowed,) = simulate_requests(json.dumps(a_call()))
    assert (allowed["matched"][0]["policy"], allowed["matched"][0]["statement"]) == ("p", "0")


def test_policies_may_be_plain_documents() -> None:
    plain = a_call(policies={"identity": [ALLOW], "permission_boundaries": ALLOW, "scps": [ALLOW], "session": json.dumps(ALLOW)})
    assert simulate_requests(json.dumps(plain))[0]["decision"] == "allowed"


@pytest.mark.parametrize("broken", [5, {"id": "x"}, a_call(principal=None), a_call(context=[1]), a_call(context={"k": {"a": 1}}), a_call(policies=[])])
def test_a_request_that_can_not_be_read_is_undecided_and_says_why(broken: Any) -> None:
    (answer,) = simulate_requests(json.dumps([broken]))
    assert answer["decision"] == "undecided"
    assert answer["error"]


def test_a_table_names_what_matched_and_what_did_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "requests.json"
    path.write_text(json.dumps([a_call("one"), a_call("two\x1b[31m", {"Statement": a_statement(action="s3:Put*")})]))
    assert main(["simulate", "--requests", str(path)]) == 1
    out = capsys.readouterr().out
    assert "one: allowed" in out
    assert "action wants s3:Put*, given s3:GetObject" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [([], 2), (["--requests", "x", "--action", "s3:GetObject"], 2), (["--requests", "missing.json"], 4), (["evidence", "--action", "s3:GetObject"], 2)],
)
def test_wrong_usage_and_missing_files_have_their_own_codes(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", *arguments]) == code
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize("data", [b"{", b"[1,", b"\xff\xfe\x00"])
def test_an_unreadable_file_is_said(data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "requests.json"
    path.write_bytes(data)
    assert main(["simulate", "--requests", str(path)]) == 4
    assert "Traceback" not in capsys.readouterr().err


def test_a_misspelt_action_is_said_with_the_nearest_real_one() -> None:
    (answer,) = simulate_requests(json.dumps(a_call(action="s3:GetObjct")))
    assert answer["notes"] == ["there is no action s3:GetObjct; the nearest: s3:GetObject, s3:GetObjectAcl, s3:PutObject"]
    assert simulate_requests(json.dumps(a_call()))[0]["notes"] == []


SNAPSHOT = {
    "UserDetailList": [],
    "GroupDetailList": [],
    "RoleDetailList": [
        {
            "Path": "/ci/",
            "RoleName": "Deployer",
            "RoleId": "AROAEXAMPLEEXAMPLE123",
            "Arn": "arn:aws:iam::111122223333:role/ci/Deployer",
            "CreateDate": "2026-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "InstanceProfileList": [],
            "RolePolicyList": [
                {
                    "PolicyName": "deploy",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            a_statement(action="s3:GetObject", resource="arn:aws:s3:::plans/${aws:PrincipalTag/team}/*"),
                            a_statement(action="s3:PutObject", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
                        ],
                    },
                }
            ],
            "AttachedManagedPolicies": [],
            "Tags": [{"Key": "team", "Value": "red"}],
        }
    ],
    "Policies": [],
}


@pytest.mark.parametrize(
    ("action", "resource", "context", "code"),
    [
        ("s3:GetObject", "arn:aws:s3:::plans/red/x", [], 0),
        ("s3:GetObject", "arn:aws:s3:::plans/blue/x", [], 1),
        ("s3:PutObject", "arn:aws:s3:::plans/x", [], 3),
        ("s3:PutObject", "arn:aws:s3:::plans/x", ["aws:SourceVpce=vpce-1"], 0),
        ("s3:PutObject", "arn:aws:s3:::plans/x", ["nonsense"], 2),
    ],
)
def test_saved_evidence_answers_one_request(action: str, resource: str, context: list[str], code: int, tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    path.write_text(json.dumps(SNAPSHOT))
    keys = [part for pair in context for part in ("--context", pair)]
    assert main(["simulate", str(path), "--principal", SESSION, "--action", action, "--resource", resource, *keys]) == code
