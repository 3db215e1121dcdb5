"""A change as a patch of the files where the role's policy is written, found by the role's name; what cannot be patched safely is said."""

from __future__ import annotations

import ast
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


STACK_TS = """\
import * as cdk from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';

// new iam.Role(this, 'X', { roleName: 'Deploy' }) in a remark is none
export class Web extends cdk.Stack {
  constructor(scope: cdk.App, id: string) {
    super(scope, id);
    const deploy: iam.Role = new iam.Role(this, 'Deploy-Role', {
      roleName: 'Deploy', // with ( and {
      assumedBy: new iam.ServicePrincipal('codepipeline.amazonaws.com'),
    });
    deploy.addToPolicy(new iam.PolicyStatement({
      actions: ['ecs:DescribeServices'],
      resources: [`arn:aws:ecs:*:${this.account}:service/*`],
    })); // reads only
    if (id === 'Prod') {
      deploy.addToPolicy(new iam.PolicyStatement({ actions: ['ecs:*'], resources: ['*'] }));
    }
    const worker = new iam.Role(this, 'Worker', {
      assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com'),
      inlinePolicies: {
        queue: new iam.PolicyDocument({
          statements: [
            new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: ['*'] }),
          ],
        }),
      },
    });
    const fn = new lambda.Function(this, 'Import', {
      runtime: lambda.Runtime.NODEJS_22_X, handler: 'index.handler', code: lambda.Code.fromInline('exports.handler = () => /[`"(]/.test("x")'),
    });
    fn.addToRolePolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: ['*'] }));
  }
}
"""
STACK_PY = """\
from aws_cdk import Stack, aws_iam as iam


class Web(Stack):
    def __init__(self, scope, name, **more):
        super().__init__(scope, name, **more)
        self.deploy = iam.Role(
            self, "Role", role_name="Deploy", assumed_by=iam.ServicePrincipal("codepipeline.amazonaws.com")
        )
        self.deploy.add_to_policy(
            iam.PolicyStatement(actions=["ecs:DescribeServices"], resources=["é*"])
        )  # reads only
        worker = iam.Role(self, "Worker", inline_policies={"queue": iam.PolicyDocument(statements=[
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=["*"]),
        ])})
"""
ADDED_TS = """\
    })); // reads only
    deploy.addToPolicy(new iam.PolicyStatement({
      actions: ["ecs:RegisterTaskDefinition"],
      resources: ["*"],
    }));
"""
ADDED_PY = """\
        )  # reads only
        self.deploy.add_to_policy(iam.PolicyStatement(
            sid="PassTaskRole",
            actions=["iam:PassRole"],
            resources=["arn:aws:iam::444455556666:role/Web"],
            conditions={
"""
WORKER, IMPORT = (f"arn:aws:iam::444455556666:role/Web-{name}-aB3dE5fG7hI9" for name in ("Worker36CC20CE", "ImportServiceRole8A1B2C3D"))


def test_a_program_of_cdk_gets_a_statement_behind_the_last_one_of_the_role():
    texts, said = patched({"lib/web.ts": STACK_TS, "lib/web.js": STACK_TS, "lib/web.d.ts": STACK_TS})
    assert said == ()
    assert texts == {"lib/web.ts": STACK_TS.replace("    })); // reads only\n", ADDED_TS)}
    again, said = patched(texts)
    assert again == {}
    assert "has the change already" in said[0]
    texts, said = patched({"app/web.py": STACK_PY}, add=(PASS,))
    assert said == ()
    assert ADDED_PY in texts["app/web.py"]
    ast.parse(texts["app/web.py"])
    assert [line for line in STACK_PY.splitlines() if line not in texts["app/web.py"].splitlines()] == []


@pytest.mark.parametrize(("role", "behind"), [(WORKER, "sqs:SendMessage"), (IMPORT, "s3:GetObject")])
def test_a_role_that_cdk_names_is_found_by_the_id_of_its_construct(role, behind):
    texts, _ = patched({"lib/web.ts": STACK_TS}, role=role)
    (text,) = texts.values()
    assert text.index(behind) < text.index("ecs:RegisterTaskDefinition") < text.index(behind) + 250
    assert "worker.addToPolicy" not in text
    assert patched({"lib/web.ts": STACK_TS.replace("extends cdk.Stack", "extends Construct")}, role=role)[0] == {}


def test_a_statement_that_has_no_members_in_cdk_is_written_as_iam_writes_it():
    deny = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    assert 'deploy.addToPolicy(iam.PolicyStatement.fromJson({\n      "Effect": "Deny",' in patched({"a.ts": STACK_TS}, add=(deny,))[0]["a.ts"]
    assert 'self.deploy.add_to_policy(iam.PolicyStatement.from_json({\n          "Effect": "Deny",' in patched({"a.py": STACK_PY}, add=(deny,))[0]["a.py"]


CALL = STACK_TS[STACK_TS.index("deploy.addToPolicy") : STACK_TS.index("; // reads only")]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (CALL, f"if (x) {CALL}"),
        (CALL, f"if (x)\n      {CALL}"),
        (CALL, f"if (x) {{\n      {CALL}\n    }}"),
        (CALL, f"each.forEach(x => {CALL})"),
        (CALL, f"const added = {CALL}"),
        (CALL, f"{CALL}.policyDependable"),
        (CALL, f"deploy = other;\n    {CALL}"),
        ("roleName: 'Deploy',", "roleName: name,"),
        ("roleName: 'Deploy',", "roleName: `${a}${b}`,"),
        ("roleName: 'Deploy',", "...properties,"),
        ("roleName: 'Deploy',", "'roleName': 'Deploy',"),
        ("roleName: 'Deploy',", "roleName: 'Other',"),
        ("'X', { roleName: 'Deploy' }) in a remark is none", "none\nconst more = new iam.Role(app, 'Y', { roleName: 'Deploy' });"),
        ("      resources: [`arn", "      resources: [`a${`b`}`, `arn"),
        ("export class", "}\nexport class"),
    ],
)
def test_a_program_is_left_alone_where_it_is_not_certain_whose_statement_it_would_be(was, now):
    assert was in STACK_TS
    texts, said = patched({"lib/web.ts": STACK_TS.replace(was, now)})
    assert texts == {}
    assert said


def test_a_name_with_a_variable_is_found_but_not_in_a_loop():
    for role_name in ("`${id}-Deploy`", "`Deploy-${id}`"):
        text = STACK_TS.replace("'Deploy'", role_name)
        arn = f"arn:aws:iam::444455556666:role/{role_name.strip('`').replace('${id}', 'prod')}"
        assert patched({"lib/web.ts": text}, role=arn)[0]
        looped = text.replace("const deploy: iam", "for (const id of ids) {\n    const deploy: iam").replace("    if (id", "    }\n    if (id")
        assert patched({"lib/web.ts": looped}, role=arn)[0] == {}
    text = STACK_PY.replace('"Deploy"', 'f"{name}-Deploy"')
    arn = "arn:aws:iam::444455556666:role/prod-Deploy"
    assert patched({"app/web.py": text}, role=arn)[0]
    lines = text.splitlines(keepends=True)
    looped = "".join([*lines[:6], "        for name in names:\n", *(f"    {line}" for line in lines[6:])])
    ast.parse(looped)
    assert patched({"app/web.py": looped}, role=arn)[0] == {}


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('role_name="Deploy"', "role_name=name"),
        ('role_name="Deploy"', 'role_name="Deploy", **more'),
        ("        self.deploy.add", "        self.deploy = other\n        self.deploy.add"),
        ("        self.deploy.add_to_policy(\n", "        if name: self.deploy.add_to_policy(\n"),
        ("        )  # reads only", "        ); print(1)"),
        ("class Web(Stack):", 'iam.Role(app, "Y", role_name="Deploy")\nclass Web(Stack):'),
        ("class Web(Stack):", "class Web(Stack:"),
    ],
)
def test_a_program_in_python_is_left_alone_where_it_is_not_certain_whose_statement_it_would_be(was, now):
    assert was in STACK_PY
    texts, said = patched({"app/web.py": STACK_PY.replace(was, now)})
    assert texts == {}
    assert said


def test_two_constructs_that_may_make_the_role_are_named():
    texts, said = patched({"a/web.ts": STACK_TS, "b/web.py": STACK_PY})
    assert texts == {}
    assert "a/web.ts:9 and b/web.py:7 each make a role of that name" in said[0]


@pytest.mark.parametrize("attack", ['x"]}));', "${file(1)}", "a\nb", "*/ }", "\\", "\u2028'`"])
def test_a_hostile_resource_stays_a_text_in_a_program(attack):
    texts, _ = patched({"a.py": STACK_PY}, add=({**ALLOW, "Resource": attack},))
    calls = [node for node in ast.walk(ast.parse(texts["a.py"])) if isinstance(node, ast.keyword) and node.arg == "resources"]
    assert [attack] in [ast.literal_eval(one.value) for one in calls]
    text = patched({"a.ts": STACK_TS}, add=({**ALLOW, "Resource": attack},))[0]["a.ts"]
    assert f"resources: [{json.dumps(attack)}]," in text
    assert patched({"a.ts": STACK_TS}, add=({**ALLOW, "Resource": "${Token[x.1]}"},))[0] == {}
