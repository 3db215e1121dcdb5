"""The reduce command: what it prints, where, and how it ends."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.remedy.build import ACCOUNT, ROLE, a_call, a_snapshot, allow
from trailsleuth import api
from trailsleuth.cli.app import main

FOUNDING = str(Path(__file__).parents[2] / "fixtures" / "cases" / "founding-first-snapshot" / "evidence")
FOUNDING_ROLE = "arn:aws:iam::310030040050:role/release/BlueGreen"


def test_json_is_the_contract_s_document_alone_on_stdout(capsys):
    assert main(["reduce", FOUNDING, "--role", FOUNDING_ROLE, "--output", "json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert list(document)[:8] == ["schema", "role", "document", "used", "unused", "proof", "beyond_trail", "gaps"]
    assert [one["document"] for one in document["documents"]] == [document["document"]]
    assert document["roles"] == [FOUNDING_ROLE]
    assert document["schema"] == "trailsleuth.reduction/1"
    assert document["role"] == FOUNDING_ROLE
    assert document["document"]["Version"] == "2012-10-17"
    assert document["proof"] == {"sufficient": True, "minimal": True, "undecided": []}
    assert {"iam_action", "resource", "count", "first_seen", "last_seen"} <= set(document["used"][0])
    assert {"policy", "statement", "iam_actions"} <= set(document["unused"][0])


def test_the_table_fits_eighty_columns_but_for_the_policy_to_copy(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["reduce", FOUNDING, "--role", FOUNDING_ROLE]) == 0
    out = capsys.readouterr().out
    assert out.startswith("The smallest policy of")
    assert "Allows everything seen: yes. Nothing in it could go: yes." in out
    assert "Keep beside it until a trail can tell" in out
    assert [line for line in out.splitlines() if len(line) > 80 and '"' not in line] == []


def test_a_role_that_is_not_there_ends_with_four_and_names_the_ones_that_are(capsys):
    assert main(["reduce", FOUNDING, "--role", "arn:aws:iam::310030040050:role/Nobody"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert "no role arn:aws:iam::310030040050:role/Nobody" in err
    assert "role/app/BasketTask" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--role", ROLE], "no evidence given"),
        ([FOUNDING], "--role is missing"),
        (["", "--role", ROLE], "path is empty"),
        (["-", "-", "--role", ROLE], "named twice"),
        ([FOUNDING, "--role", ROLE, "--since", "soon"], "is not a time"),
        ([FOUNDING, "--role", ROLE, "--all-roles"], "exclude each other"),
        ([FOUNDING, "--all-roles", "--boundary"], "are about one role"),
    ],
)
def test_wrong_usage_is_one_line_and_two(arguments, said, capsys):
    assert main(["reduce", *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_missing_path_ends_with_four(tmp_path, capsys):
    assert main(["reduce", str(tmp_path / "nothing"), "--role", ROLE]) == 4
    assert "nothing" in capsys.readouterr().err


def test_evidence_from_stdin_and_an_answer_in_a_file(tmp_path, monkeypatch, capsys):
    trail = json.dumps({"Records": [a_call(1, "ecs:UpdateService", {"cluster": "web", "service": "front"})]}).encode()
    (tmp_path / "iam.json").write_text(json.dumps(a_snapshot(allow("ecs:*"))))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(trail)))
    target = tmp_path / "policy.json"
    assert main(["reduce", "-", str(tmp_path / "iam.json"), "--role", ROLE, "-o", "json", "--output-file", str(target)]) == 0
    assert capsys.readouterr().out == ""
    statement = json.loads(target.read_text())["document"]["Statement"]
    assert statement == [{"Effect": "Allow", "Action": "ecs:UpdateService", "Resource": f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/web/front"}]


def test_hostile_names_reach_no_terminal_as_they_are(tmp_path, capsys):
    call = a_call(1, "s3:GetObject", {"bucketName": "b", "key": "\x1b[31mred\u202e\nAllow: everything"}, eventCategory="Data")
    (tmp_path / "trail.json").write_text(json.dumps({"Records": [call, a_call(2, "un\x1b[2Jheard:Do\nThings")]}))
    assert main(["reduce", str(tmp_path), "--role", ROLE]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\nAllow: everything" not in out


FORMS = {
    "terraform": 'resource "aws_iam_role_policy" "trailsleuth_1"',
    "cloudformation": '    Type: "AWS::IAM::RolePolicy"',
    "cdk": "addToPrincipalPolicy(",
    "cdk-python": "add_to_principal_policy(",
    "cli": "aws iam put-role-policy --role-name BlueGreen --policy-name BlueGreen-least",
    "csv": "role,iam_action,resource,count,days,first_seen,last_seen,calls",
}


@pytest.mark.parametrize("form", FORMS)
def test_the_policy_comes_in_the_language_of_the_tool_that_applies_it(form, capsys):
    assert main(["reduce", FOUNDING, "--role", FOUNDING_ROLE, "-o", form]) == 0
    out = capsys.readouterr().out
    assert FORMS[form] in out
    assert "codedeploy:GetApplication" in out


@pytest.fixture
def worked_out_once(monkeypatch):
    """The same question in another form is not worked out anew."""
    work_out, found = api.reduce, {}

    def reduce(paths, **asked):
        key = repr((paths, asked))
        if key not in found:
            found[key] = work_out(paths, **asked)
        return found[key]

    monkeypatch.setattr(api, "reduce", reduce)


def large(tmp_path):
    calls = [
        a_call(n, "lambda:UpdateFunctionCode20150331v2", {"functionName": f"{('orders', 'billing', 'mail')[n % 3]}-service-with-a-name-{n:04d}"})
        for n in range(400)
    ]
    (tmp_path / "trail.json").write_text(json.dumps({"Records": calls}))
    (tmp_path / "iam.json").write_text(json.dumps(a_snapshot(allow("lambda:*"))))
    return [str(tmp_path / "trail.json"), str(tmp_path / "iam.json"), "--role", ROLE]


def test_a_large_policy_is_cut_into_documents_that_attach(tmp_path, capsys, worked_out_once):
    arguments = large(tmp_path)
    assert main(["reduce", *arguments, "-o", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert 1 < len(document["documents"]) <= 10
    assert all(one["size"] <= 6144 for one in document["documents"])
    assert len({one["name"] for one in document["documents"]}) == len(document["documents"])
    cut = [r for one in document["documents"] for s in one["document"]["Statement"] for r in s["Resource"]]
    assert sorted(cut) == sorted(document["document"]["Statement"][0]["Resource"])
    assert document["gaps"][0].startswith("The document has")
    for form, text in (
        ("terraform", "aws_iam_role_policy_attachment"),
        ("cloudformation", "AWS::IAM::ManagedPolicy"),
        ("cdk", "new iam.ManagedPolicy"),
        ("cdk-python", "iam.ManagedPolicy(self"),
        ("cli", "aws iam attach-role-policy"),
    ):
        assert main(["reduce", *arguments, "-o", form]) == 0
        assert text in capsys.readouterr().out
    assert main(["reduce", *arguments]) == 0
    assert len(capsys.readouterr().out.splitlines()) < 50


def test_a_boundary_is_one_document_of_patterns_with_their_price(tmp_path, capsys, worked_out_once):
    arguments = large(tmp_path)
    assert main(["reduce", *arguments, "--boundary", "-o", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["boundary"], len(document["documents"])) == (True, 1)
    assert document["proof"]["sufficient"] is True
    assert any("resources to keep within AWS's limits" in gap for gap in document["gaps"])
    for form, text in (
        ("terraform", "permissions_boundary = aws_iam_policy"),
        ("cli", "put-role-permissions-boundary"),
        ("cdk", "permissionsBoundary: policy1"),
        ("cdk-python", "permissions_boundary=policy_1"),
    ):
        assert main(["reduce", *arguments, "--boundary", "-o", form]) == 0
        assert text in capsys.readouterr().out


def two_roles(tmp_path, names):
    roles = [f"arn:aws:iam::{ACCOUNT[:-1]}{n}:role/aws-reserved/sso.amazonaws.com/{name}" for n, name in enumerate(names, 1)]
    calls = [
        a_call(n, "ecs:UpdateService", {"cluster": "web", "service": f"front{n}"}, role=role, recipientAccountId=role.split(":")[4])
        for n, role in enumerate(roles)
    ]
    for n, call in enumerate(calls):
        call["userIdentity"]["principalId"] = f"AROAROLE{n}:me"
        call["userIdentity"]["sessionContext"]["sessionIssuer"]["principalId"] = f"AROAROLE{n}"
    (tmp_path / "trail.json").write_text(json.dumps({"Records": calls}))
    return roles


def test_a_role_of_a_permission_set_stands_for_the_set_in_all_accounts(tmp_path, capsys):
    roles = two_roles(tmp_path, ["AWSReservedSSO_Deploy_0123456789abcdef", "AWSReservedSSO_Deploy_fedcba9876543210"])
    assert main(["reduce", str(tmp_path), "--role", roles[0], "-o", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["roles"] == roles
    assert {r.split(":")[4] for s in document["document"]["Statement"] for r in s["Resource"]} == {role.split(":")[4] for role in roles}
    assert main(["reduce", str(tmp_path), "--role", roles[0], "-o", "terraform"]) == 0
    assert "changed in IAM Identity Center" in capsys.readouterr().out


def test_all_roles_have_a_line_and_those_without_a_call_are_named(tmp_path, capsys):
    roles = two_roles(tmp_path, ["AWSReservedSSO_Deploy_0123456789abcdef", "AWSReservedSSO_Read_fedcba9876543210"])
    (tmp_path / "iam.json").write_text(json.dumps(a_snapshot(allow("*"))))
    assert main(["reduce", str(tmp_path), "--all-roles"]) == 0
    out = capsys.readouterr().out
    assert " ".join(out.split()).count("1 action used, 0 granted and unused, 1 document") == 2
    assert "Made no call in the evidence" in out
    assert "role/team/Worker" in out
    assert main(["reduce", str(tmp_path), "--all-roles", "-o", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "trailsleuth.reductions/1"
    assert [one["role"] for one in document["reductions"]] == roles


def test_a_group_stands_for_its_members(tmp_path, capsys):
    users = [f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("ann", "bob", "eve")]
    calls = []
    for n, user in enumerate(users):
        call = a_call(n, "ecs:UpdateService", {"cluster": "web", "service": f"front{n}"})
        call["userIdentity"] = {"type": "IAMUser", "principalId": f"AIDA{n}", "arn": user, "accountId": ACCOUNT, "userName": user[-3:]}
        calls.append(call)
    group = {
        "Path": "/",
        "GroupName": "ops",
        "Arn": f"arn:aws:iam::{ACCOUNT}:group/ops",
        "GroupPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow("ecs:*")]}}],
        "AttachedManagedPolicies": [],
    }
    snapshot = a_snapshot(allow("*"))
    snapshot["GroupDetailList"] = [group]
    snapshot["UserDetailList"] = [
        {"Path": "/", "UserName": u[-3:], "UserId": f"AIDA{n}", "Arn": u, "GroupList": ["ops"] if n < 2 else [], "AttachedManagedPolicies": []}
        for n, u in enumerate(users)
    ]
    (tmp_path / "trail.json").write_text(json.dumps({"Records": calls}))
    (tmp_path / "iam.json").write_text(json.dumps(snapshot))
    assert main(["reduce", str(tmp_path), "--role", group["Arn"], "-o", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["roles"] == users[:2]
    assert document["document"]["Statement"][0]["Resource"] == [f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/web/front{n}" for n in (0, 1)]
    assert document["proof"]["sufficient"] is True


def test_an_earlier_answer_shows_what_came_and_went(tmp_path, capsys):
    def answer(*names):
        calls = [a_call(n, f"ecs:{name}", {"cluster": "web", "service": "front"}) for n, name in enumerate(names)]
        (tmp_path / "trail.json").write_text(json.dumps({"Records": calls}))
        return ["reduce", str(tmp_path / "trail.json"), "--role", ROLE]

    assert main([*answer("UpdateService", "DeleteService"), "-o", "json"]) == 0
    old = tmp_path / "old.txt"
    old.write_text(capsys.readouterr().out)
    service = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/web/front"
    assert main([*answer("UpdateService", "DescribeServices"), "--compare", str(old), "-o", "json"]) == 0
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert changes["removed"] == [f"ecs:DeleteService on {service}"]
    assert changes["used_now"] == ["ecs:DescribeServices"]
    assert main([*answer("UpdateService"), "--compare", str(old)]) == 0
    assert "No longer used: ecs:DeleteService" in capsys.readouterr().out
    assert main([*answer("UpdateService"), "--compare", str(tmp_path / "trail.json")]) == 4
    assert "is not a saved reduction" in capsys.readouterr().err


def test_a_short_window_says_what_only_earlier_calls_used(tmp_path, capsys):
    calls = [a_call(1, "ecs:DeleteService", {"cluster": "web", "service": "front"}), a_call(59, "ecs:UpdateService", {"cluster": "web", "service": "front"})]
    (tmp_path / "trail.json").write_text(json.dumps({"Records": calls}))
    assert main(["reduce", str(tmp_path), "--role", ROLE, "--since", "2026-05-01T08:00:30Z", "-o", "json"]) == 0
    gaps = json.loads(capsys.readouterr().out)["gaps"]
    assert any(gap.startswith("Left out, since only calls outside") and "ecs:DeleteService" in gap for gap in gaps)
