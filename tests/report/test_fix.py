from __future__ import annotations

import ast
import json
import shutil
import subprocess

import pytest
from msgspec.structs import replace

from tests.report.build import DEPLOY_ROLE, SERVICE_ROLE, TASK_ROLE, WORKLOAD, a_delta, the_founding_case
from trailsleuth.model import PolicyType
from trailsleuth.report.document import case_document
from trailsleuth.report.fix import FIXES, render_fix


def fix(form, *deltas):
    return render_fix(case_document(replace(the_founding_case(), deltas=deltas)), form)


def trust_delta():
    statement = {"Effect": "Allow", "Principal": {"AWS": SERVICE_ROLE}, "Action": "sts:AssumeRole"}
    stale = {"Effect": "Allow", "Principal": {"AWS": "AROAEXAMPLEGONE00001"}, "Action": "sts:AssumeRole"}
    return a_delta(policy_type=PolicyType.TRUST, statements=(statement,), remove=(stale,), placeholders=())


def test_json_is_the_deltas_of_the_document():
    assert json.loads(fix("json", a_delta())) == case_document(the_founding_case())["deltas"]


@pytest.mark.parametrize("form", sorted(set(FIXES) - {"json"}))
def test_without_a_delta_it_says_that_no_policy_helps(form):
    assert "no policy change fixes this case" in fix(form)
    assert fix(form).startswith(("#", "//"))


def test_terraform_adds_a_policy_beside_the_role_with_a_variable_for_what_is_open():
    text = fix("terraform", a_delta())
    assert 'variable "task_execution_role_name" {' in text
    assert 'resource "aws_iam_role_policy" "trailsleuth_1" {' in text
    assert 'role = "CrossAccountDeploy"' in text.replace("  ", " ")
    assert f'"arn:aws:iam::{WORKLOAD}:role/${{var.task_execution_role_name}}"' in text


def test_terraform_keeps_policy_variables_as_text():
    delta = a_delta(statements=({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:username}/*"},), placeholders=())
    assert '"arn:aws:s3:::home/$${aws:username}/*"' in fix("terraform", delta)


def test_cloudformation_makes_placeholders_parameters_and_keeps_policy_variables():
    resource = "arn:aws:s3:::home/${aws:username}/${TaskExecutionRoleName}"
    text = fix("cloudformation", a_delta(statements=({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource},)))
    assert '"Fn::Sub": "arn:aws:s3:::home/${!aws:username}/${TaskExecutionRoleName}"' in text
    assert "  TaskExecutionRoleName:\n    Type: " in text
    assert "AWS::IAM::RolePolicy" in text


@pytest.mark.parametrize("form", ["terraform", "cloudformation", "cdk", "cdk-python", "cli"])
def test_a_trust_policy_is_never_put_in_place_by_itself(form):
    text = fix(form, trust_delta())
    for replacing in ("aws_iam_role_policy", "assume_role_policy", "AWS::IAM::RolePolicy", "addToPrincipalPolicy", "add_to_principal_policy", "\naws iam"):
        assert replacing not in text
    assert SERVICE_ROLE in text
    assert "AROAEXAMPLEGONE00001" in text, "what to take out is shown too"


def test_an_owner_that_is_no_iam_name_is_left_to_a_person():
    assert "\naws iam" not in fix("cli", a_delta(attach_to=f"arn:aws:iam::{WORKLOAD}:role/$(id)", placeholders=()))
    assert "\naws iam put-user-policy --user-name jane" in fix("cli", a_delta(attach_to=f"arn:aws:iam::{WORKLOAD}:user/jane"))


def test_the_python_code_holds_the_statements_of_the_delta():
    delta = a_delta(statements=({"Effect": "Allow", "Action": ["a:B", "c:D"], "Resource": TASK_ROLE},), placeholders=())
    loop = next(node for node in ast.walk(ast.parse(fix("cdk-python", delta))) if isinstance(node, ast.For))
    assert ast.literal_eval(loop.iter) == [dict(delta.statements[0])]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell")
def test_the_shell_puts_placeholders_into_the_policy(tmp_path):
    script = fix("cli", a_delta()).replace("'FILL_IN'", "'WebTaskExecution'")
    ran = subprocess.run(["bash", "-uc", "aws() { printf '%s' \"${@: -1}\"; }\n" + script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(ran.stdout)["Statement"][1]["Resource"] == [TASK_ROLE, f"arn:aws:iam::{WORKLOAD}:role/WebTaskExecution"]
    assert DEPLOY_ROLE in script
