from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from tests.report.build import DEPLOY_ROLE, TOOLING, WORKLOAD, a_finding, the_founding_case
from trailsleuth.report.context import RenderContext
from trailsleuth.report.document import case_document
from trailsleuth.report.fix import FIXES, render_fix
from trailsleuth.report.formats import FORMS, render
from trailsleuth.report.redact import redact

# Kind of identifier: how it may stand in a text, and the part that must be gone.
IDENTIFIERS = {
    "account": ("account 123456789012", "123456789012"),
    "account in a path": ("AWSLogs/123456789012/CloudTrail", "123456789012"),
    "long-lived key": ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    "temporary key": ("key ASIAIOSFODNN7EXAMPLE.", "ASIAIOSFODNN7EXAMPLE"),
    "role id": ("AROADBQP57FF2AEXAMPLE", "AROADBQP57FF2AEXAMPLE"),
    "role id with session": ("AROADBQP57FF2AEXAMPLE:jane.doe", "jane.doe"),
    "user id": ("AIDACKCEVSQ6C2EXAMPLE", "AIDACKCEVSQ6C2EXAMPLE"),
    "role": ("arn:aws:iam::123456789012:role/TopSecretRole", "TopSecretRole"),
    "role path": ("arn:aws:iam::123456789012:role/hidden-team/X1", "hidden-team"),
    "user": ("arn:aws:iam::123456789012:user/jane", "jane"),
    "assumed role": ("arn:aws:sts::123456789012:assumed-role/Quiet-Role/jane@corp", "Quiet-Role"),
    "session name": ("arn:aws:sts::123456789012:assumed-role/Quiet-Role/jane-laptop", "jane-laptop"),
    "government partition": ("arn:aws-us-gov:iam::123456789012:role/GovRole", "GovRole"),
    "china partition": ("arn:aws-cn:s3:::peking-bucket/key", "peking-bucket"),
    "instance profile": ("arn:aws:iam::123456789012:instance-profile/WebProfile", "WebProfile"),
    "customer policy": ("arn:aws:iam::123456789012:policy/OwnPolicy", "OwnPolicy"),
    "bucket": ("arn:aws:s3:::acme-artifacts", "acme-artifacts"),
    "object": ("arn:aws:s3:::acme-artifacts/acme/release.zip", "release.zip"),
    "kms key": ("arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", "1234abcd-12ab"),
    "multi-region key": ("arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab", "mrk-1234abcd"),
    "kms alias": ("arn:aws:kms:eu-west-1:123456789012:alias/payroll", "payroll"),
    "function": ("arn:aws:lambda:eu-west-1:123456789012:function:payroll-run:live", "payroll-run"),
    "secret": ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db/pass-AbCdEf", "pass-AbCdEf"),
    "log group": ("arn:aws:logs:eu-west-1:123456789012:log-group:/acme/web:*", "acme"),
    "queue": ("arn:aws:sqs:eu-west-1:123456789012:orders-queue", "orders-queue"),
    "topic": ("arn:aws:sns:eu-west-1:123456789012:alarms", "alarms"),
    "table": ("arn:aws:dynamodb:eu-west-1:123456789012:table/Customers", "Customers"),
    "ecs service": ("arn:aws:ecs:eu-west-1:123456789012:service/acme-cluster/front", "acme-cluster"),
    "repository": ("arn:aws:ecr:eu-west-1:123456789012:repository/acme/web-image", "web-image"),
    "e-mail": ("mail jane.doe@acme.example now", "jane.doe"),
    "IPv4": ("from 203.0.113.77,", "203.0.113.77"),
    "IPv6": ("from 2001:db8:85a3::8a2e:370:7334 on", "85a3"),
    "request id": ("RequestId: 4f0ad1c3-90ab-4c11-8b6f-1a2b3c4d5e6f", "4f0ad1c3"),
    "encoded message": ("Encoded: " + "aB3_" * 30, "aB3_aB3_"),
    "organization": ("o-abc123def4", "o-abc123def4"),
    "organizational unit": ("ou-ab12-cdefgh34", "ou-ab12"),
    "vpc endpoint": ("vpce-0a1b2c3d4e5f67890", "vpce-0a1b2c3d"),
    "instance": ("i-0a1b2c3d4e5f67890", "i-0a1b2c3d"),
    "security group": ("sg-0a1b2c3d4e5f67890", "sg-0a1b2c3d"),
    "subnet": ("subnet-0a1b2c3d", "subnet-0a1b2c3d"),
    "bare role name": ("not authorized to use role HiddenDeployer here", "HiddenDeployer"),
    "profile": ("aws sts get-caller-identity --profile janes", "janes"),
}


def in_every_text(text):
    case = the_founding_case()
    with_text = a_finding(explanation=text, principal=text, resource=text, conditions={"StringEquals": {"aws:SourceArn": [text]}}, policy_arn=text)
    execution = replace(case.execution, error_message=text)
    question = replace(case.questions[0], because=text, command=text)
    return redact(case_document(replace(case, summary=text, findings=(with_text,), execution=execution, questions=(question,))))


@pytest.mark.parametrize("kind", sorted(IDENTIFIERS))
def test_no_identifier_of_this_kind_is_left(kind):
    text, hidden = IDENTIFIERS[kind]
    assert hidden in text
    document = in_every_text(text)
    for form in FORMS:
        assert hidden not in render(document, form, RenderContext(everything=True)), form
    for form in FIXES:
        assert hidden not in render_fix(document, form), form


def test_nothing_of_the_founding_case_is_left_in_any_format():
    document = redact(case_document(the_founding_case()))
    everything = "".join(render(document, form, RenderContext(everything=True)) for form in FORMS)
    for name in (TOOLING, WORKLOAD, "CrossAccountDeploy", "PipelineService", "WebTask", "web-artifacts", "ASIAEXAMPLE", "177261489", "0f3f6d1e", "workload"):
        assert name not in everything, name


def test_the_verdict_stays():
    before, after = case_document(the_founding_case()), redact(case_document(the_founding_case()))
    assert after["outcome"] == before["outcome"]
    kept = ("id", "rank", "standing", "basis", "cause", "policy_types", "iam_action", "count", "first_seen", "conditions")
    assert [[f[key] for key in kept] for f in after["findings"]] == [[f[key] for key in kept] for f in before["findings"]]
    assert [[s["Action"] for s in d["document"]["Statement"]] for d in after["deltas"]] == [["ecs:RegisterTaskDefinition", "iam:PassRole"]]
    assert after["coverage"]["inputs"][0]["sha256"] == before["coverage"]["inputs"][0]["sha256"]


def test_one_name_has_one_stand_in_wherever_it_occurs():
    document = redact(case_document(the_founding_case()))
    role = document["findings"][0]["principal"]
    assert role == document["deltas"][0]["attach_to"] == document["chains"][0]["hops"][1]["role"] == document["execution"]["action_role"]
    assert role.startswith("arn:aws:iam::000000000")
    assert role.rsplit("/")[-1] in document["summary"]
    assert document["findings"][0]["principal_account"] in role


def test_different_names_have_different_stand_ins():
    hops = redact(case_document(the_founding_case()))["chains"][0]["hops"]
    assert len({hop["role"] for hop in hops}) == len({hop["access_key_id"] for hop in hops}) == len({hop["account"] for hop in hops}) == 2


def test_what_belongs_to_aws_and_placeholders_stay():
    document = in_every_text("arn:aws:iam::aws:policy/AdministratorAccess for codepipeline.amazonaws.com and ecs:RunTask in eu-west-1")
    assert document["summary"] == "arn:aws:iam::aws:policy/AdministratorAccess for codepipeline.amazonaws.com and ecs:RunTask in eu-west-1"
    statement = document["deltas"][0]["document"]["Statement"][1]
    assert "role/${TaskExecutionRoleName}" in statement["Resource"][1]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert document["findings"][0]["resource"].startswith("arn:aws:iam::aws:policy/")


def test_it_is_repeatable_and_leaves_the_document_alone():
    document = case_document(the_founding_case())
    before = json.dumps(document)
    assert redact(document) == redact(document)
    assert json.dumps(document) == before
    assert DEPLOY_ROLE in before
