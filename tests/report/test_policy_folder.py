"""A change as a patch of the files where the role's policy is written, found by the role's name; what cannot be patched safely is said."""

from __future__ import annotations

import json

import hcl2
import pytest
import yaml

from tests.report.build import the_founding_case
from trailsleuth.report.document import case_document
from trailsleuth.report.policy_folder import patches_in, read_folder

ROLE = "arn:aws:iam::444455556666:role/delivery/Deploy"
ALLOW = {"Effect": "Allow", "Action": ["ecs:RegisterTaskDefinition"], "Resource": "*"}
PASS = {
    "Sid": "PassTaskRole",
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": "arn:aws:iam::444455556666:role/Web",
    "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com", "aws:PrincipalTag/team": ["a", "${aws:username}"]}},
}
TRUST = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/Pipeline"}, "Action": "sts:AssumeRole"}


def document(*, role=ROLE, policy_type="identity", add=(ALLOW,), **more):
    made = case_document(the_founding_case())
    base = case_document(the_founding_case())["deltas"][0]
    made["deltas"] = [
        {**base, "policy_type": policy_type, "attach_to": role, "document": {"Version": "2012-10-17", "Statement": list(add)}, "placeholders": [], **more}
    ]
    return made


def patched(files, **asked):
    made, said = patches_in(read_folder(files), document(**asked))
    return {one.source.path: one.text for one in made}, said


class _Template(yaml.SafeLoader):
    """CloudFormation's short forms, as what they stand for."""


_Template.add_multi_constructor(
    "!", lambda loader, suffix, node: {suffix: loader.construct_scalar(node) if node.id == "scalar" else loader.construct_object(node)}
)

CLOUDFORMATION = """\
Parameters:
  Env: {Type: String}
Resources:
  Bucket:
    Type: AWS::S3::Bucket
  DeployRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: Deploy           # a name
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: codepipeline.amazonaws.com}
            Action: sts:AssumeRole
      Policies:
        - PolicyName: first
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
            - Effect: Allow
              Action:
                - ecs:DescribeServices   # reads only
              Resource: !Sub "arn:aws:ecs:*:${AWS::AccountId}:service/*"

            # the next policy
        - PolicyName: second
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: s3:GetObject
                Resource: !GetAtt Bucket.Arn
"""


def test_cloudformation_gets_the_statement_in_the_policy_of_that_role_and_service():
    texts, said = patched({"iac/template.yaml": CLOUDFORMATION}, add=(ALLOW, PASS))
    assert said == ()
    properties = yaml.load(texts["iac/template.yaml"], _Template)["Resources"]["DeployRole"]["Properties"]  # noqa: S506 - a safe loader
    first, second = properties["Policies"]
    assert first["PolicyDocument"]["Statement"][1:] == [ALLOW, PASS]
    assert len(second["PolicyDocument"]["Statement"]) == 1
    assert "            # the next policy\n" in texts["iac/template.yaml"]
    assert [line for line in CLOUDFORMATION.splitlines() if line not in texts["iac/template.yaml"].splitlines()] == []


def test_a_trust_statement_goes_into_the_trust_policy():
    texts, _ = patched({"t.yml": CLOUDFORMATION}, policy_type="trust", add=(TRUST,))
    properties = yaml.load(texts["t.yml"], _Template)["Resources"]["DeployRole"]["Properties"]  # noqa: S506
    assert properties["AssumeRolePolicyDocument"]["Statement"][1:] == [TRUST]


@pytest.mark.parametrize(
    ("name", "role"),
    [("RoleName: Deploy           # a name", "Deploy"), ('RoleName: !Sub "${Env}-deploy"', "prod-deploy"), ("Path: /delivery/", "web-DeployRole-1A2B3C4D5E6F")],
)
def test_a_role_is_found_by_its_name_by_a_substituted_one_and_by_the_one_that_is_made_for_it(name, role):
    text = CLOUDFORMATION.replace("RoleName: Deploy           # a name", name)
    assert patched({"t.yaml": text}, role=f"arn:aws:iam::444455556666:role/{role}")[0]
    assert not patched({"t.yaml": text}, role="arn:aws:iam::444455556666:role/Other")[0]


def test_a_json_template_keeps_its_layout():
    template = {"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "Deploy", "Policies": [{"PolicyDocument": {"Statement": [PASS]}}]}}}}
    texts, _ = patched({"t.template": json.dumps(template, indent=2)})
    made = json.loads(texts["t.template"])
    assert made["Resources"]["R"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"] == [PASS, ALLOW]


def test_a_function_of_sam_and_a_role_of_serverless():
    sam = (
        "Resources:\n  Import:\n    Type: AWS::Serverless::Function\n    Properties:\n      Policies:\n        - AWSLambdaBasicExecutionRole\n"
        "        - Statement:\n            - Effect: Allow\n              Action: s3:GetObject\n              Resource: '*'\n"
    )
    texts, _ = patched({"sam.yaml": sam}, role="arn:aws:iam::444455556666:role/app-ImportRole-1ABCDEFGH2")
    assert yaml.safe_load(texts["sam.yaml"])["Resources"]["Import"]["Properties"]["Policies"][1]["Statement"][1] == ALLOW
    serverless = (
        "service: app\nprovider:\n  iam:\n    role:\n      statements:\n        - Effect: Allow\n          Action: s3:GetObject\n          Resource: '*'\n"
    )
    texts, _ = patched({"serverless.yml": serverless}, role="arn:aws:iam::444455556666:role/app-dev-eu-west-1-lambdaRole")
    assert yaml.safe_load(texts["serverless.yml"])["provider"]["iam"]["role"]["statements"][1] == ALLOW
    assert not patched({"serverless.yml": serverless}, role="arn:aws:iam::444455556666:role/app-dev-eu-west-1-lambdaRole", add=(PASS,))[0]


ENCODED = """\
resource "aws_iam_role" "deploy" {
  name = "Deploy" # { not a block
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "codepipeline.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "deploy" {
  role   = aws_iam_role.deploy.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["ecs:DescribeServices"]
        Resource = "${aws_ecs_cluster.web.arn}/}*" /* ] */
      },
    ]
  })
}
"""
DATA = """\
data "aws_iam_policy_document" "deploy" {
  statement {
    actions   = ["ecs:DescribeServices"]
    resources = ["*"]
  }
}
resource "aws_iam_policy" "deploy" {
  policy = data.aws_iam_policy_document.deploy.json
}
resource "aws_iam_role_policy_attachment" "deploy" {
  role       = aws_iam_role.deploy.name
  policy_arn = aws_iam_policy.deploy.arn
}
"""
ROLE_TF = 'resource "aws_iam_role" "deploy" {\n  name = "${var.env}-Deploy"\n  assume_role_policy = file("trust.json")\n}\n'


def hcl(text):
    return hcl2.loads(text)


def test_jsonencode_of_terraform_gets_an_object_more():
    texts, said = patched({"m/iam.tf": ENCODED}, add=(ALLOW, PASS))
    assert said == ()
    text = texts["m/iam.tf"]
    hcl(text)
    assert [line for line in ENCODED.splitlines() if line.rstrip(",") not in {one.rstrip(",") for one in text.splitlines()}] == []
    assert text.count('"ecs:RegisterTaskDefinition"') == 1
    assert '"$${aws:username}"' in text
    assert text.index("ecs:DescribeServices") < text.index("ecs:RegisterTaskDefinition") < text.index("iam:PassRole")
    again, said = patched({"m/iam.tf": text}, add=(ALLOW, PASS))
    assert again == {}
    assert any("has the change already" in one for one in said)


def test_a_trust_statement_of_terraform_goes_into_the_trust_policy():
    texts, _ = patched({"m/iam.tf": ENCODED}, policy_type="trust", add=(TRUST,))
    text = texts["m/iam.tf"]
    hcl(text)
    assert text.index("codepipeline.amazonaws.com") < text.index("role/Pipeline") < text.index("aws_iam_role_policy")


def test_a_policy_document_of_terraform_gets_a_block_more_even_in_another_file():
    texts, said = patched({"m/policy.tf": DATA, "m/role.tf": ROLE_TF}, role="arn:aws:iam::444455556666:role/prod-Deploy", add=(PASS,))
    assert said == ()
    (path,) = texts
    (document,) = hcl(texts[path])["data"]
    statements = next(iter(next(iter(document.values())).values()))["statement"]
    assert len(statements) == 2
    assert '"&{aws:username}"' in texts[path]
    assert texts[path].count("condition {") == 2
    assert patched({"other/policy.tf": DATA, "m/role.tf": ROLE_TF}, role="arn:aws:iam::444455556666:role/prod-Deploy")[0] == {}


def test_a_policy_that_others_share_is_not_widened_for_them():
    more = 'resource "aws_iam_role_policy_attachment" "other" {\n  role       = "Other"\n  policy_arn = aws_iam_policy.deploy.arn\n}\n'
    texts, said = patched({"m/policy.tf": DATA + more, "m/role.tf": ROLE_TF}, role="arn:aws:iam::444455556666:role/prod-Deploy")
    assert texts == {}
    assert "others share" in said[0]
    roles = (
        "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      Roles: [Deploy, Other]\n"
        "      PolicyDocument:\n        Statement:\n        - {Effect: Allow, Action: '*'}\n"
    )
    assert patched({"t.yaml": roles})[0] == {}
    assert patched({"t.yaml": roles.replace(", Other", "")})[0]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "no file has it"),
        ({"lib/stack.ts": "new Role(this, 'x', {\n  roleName: 'Deploy',\n})"}, "lib/stack.ts:2 makes the role"),
        ({"app/stack.py": 'Role(self, "x", role_name="Deploy")'}, "--fix cdk-python"),
        ({"m/role.tf": ROLE_TF.replace("${var.env}-", "")}, "m/role.tf:2 makes the role"),
        ({"m/iam.tf": ENCODED.replace("Statement = [\n", "Statement = [for x in var.xs :\n")}, "makes the role"),
        ({"m/broken.tf": 'resource "aws_iam_role" "x" {\n  name = "Deploy"\n'}, "makes the role"),
        ({"t.yaml": "Resources: [unclosed"}, "no file has it"),
    ],
)
def test_what_cannot_be_patched_safely_is_said(files, reason):
    texts, said = patched(files)
    assert texts == {}
    assert reason in said[0]


def test_a_file_that_cannot_be_read_is_named():
    assert any(one.startswith("m/broken.tf was not read: ") for one in patched({"m/broken.tf": 'resource "a" {'})[1])
    assert any(one.startswith("t.yaml was not read: ") for one in patched({"t.yaml": "Resources: [unclosed"})[1])


def test_nothing_is_patched_while_a_placeholder_is_open():
    open_one = [{"name": "Role", "why": "not told", "how_to_find": "ask"}]
    texts, said = patched({"m/iam.tf": ENCODED}, placeholders=open_one)
    assert texts == {}
    assert "fill in Role first" in said[0]


def test_a_plain_document_is_found_by_the_name_of_its_file_or_folder():
    policy = json.dumps({"Version": "2012-10-17", "Statement": [PASS]}, indent=2)
    for path in ("policies/Deploy.json", "Deploy/inline.json"):
        texts, _ = patched({path: policy})
        assert json.loads(texts[path])["Statement"] == [PASS, ALLOW]
    assert patched({"policies/Other.json": policy})[0] == {}


@pytest.mark.parametrize("attack", ['x"]}', "${file(1)}", "a\n- b: c", "{{resolve:x}}", "*/ }", "' #", "!Ref x"])
def test_a_hostile_resource_stays_a_text(attack):
    statement = {**ALLOW, "Resource": attack}
    texts, _ = patched({"t.yaml": CLOUDFORMATION}, add=(statement,))
    assert bool(texts) is ("resolve" not in attack)  # a dynamic reference cannot be kept literal there
    if texts:
        first = yaml.load(texts["t.yaml"], _Template)["Resources"]["DeployRole"]["Properties"]["Policies"][0]  # noqa: S506
        assert first["PolicyDocument"]["Statement"][1] == statement
    for files in ({"m/iam.tf": ENCODED}, {"m/policy.tf": DATA, "m/role.tf": ROLE_TF.replace("${var.env}-", "")}):
        texts, _ = patched(files, add=(statement,))
        hcl(next(iter(texts.values())))
