"""Roles that a tool makes: the finding says what to run, not only what to edit."""

from __future__ import annotations

import pytest

from tests.trail import A, B, Json, allow, diagnose, refused, role, session, snapshot, trusts
from trailsleuth.catalog.generated_roles import maker_of
from trailsleuth.catalog.load import rows_of
from trailsleuth.model import CaseFile, Cause, Finding, Standing

BUILDER = role("ci/Builder")
PLACE = f"aws://{A}/eu-west-1"


def bootstrap(kind: str) -> str:
    return role(f"cdk-shopq-{kind}-role-{A}-eu-west-1", A)


def cause(case: CaseFile) -> Finding:
    (found,) = [f for f in case.findings if f.standing is Standing.CAUSE]
    return found


def told(case: CaseFile) -> str:
    """What is said to do instead of an edit by hand: with the change, or in the explanation where there is none or an edit stays."""
    return " ".join([cause(case).explanation, *(f"{delta.maker.name}: {delta.maker.instead}" for delta in case.deltas if delta.maker is not None)])


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        ("deploy", f"--trust {B}"),
        ("file-publishing", f"--trust {B}"),
        ("image-publishing", f"--trust {B}"),
        ("lookup", f"--trust-for-lookup {B}"),
    ],
)
def test_a_bootstrap_role_that_does_not_trust_the_caller(kind: str, option: str) -> None:
    far = bootstrap(kind)
    documents = snapshot((BUILDER, [allow("sts:AssumeRole")], [])), snapshot((far, [], [trusts({"AWS": f"arn:aws:iam::{A}:root"})]))
    case = diagnose([refused(session(BUILDER), "sts", "AssumeRole", "sts:AssumeRole", far, clause="")], *documents)
    assert cause(case).cause is Cause.UNTRUSTED_PRINCIPAL
    (change,) = case.deltas
    assert change.maker is not None
    assert change.maker.name == "cdk bootstrap"
    assert change.maker.instead.startswith(f"cdk bootstrap {PLACE} --qualifier shopq {option}")


def test_the_execution_role_has_the_policies_of_the_bootstrap() -> None:
    execution = bootstrap("cfn-exec")
    denied = refused(session(execution, "AWSCloudFormation"), "sqs", "CreateQueue", "sqs:CreateQueue", f"arn:aws:sqs:eu-west-1:{A}:orders", account=A)
    assert f"cdk bootstrap {PLACE} --qualifier shopq --cloudformation-execution-policies" in told(
        diagnose([denied], snapshot((execution, [allow("s3:*")], [])))
    )


def test_an_external_id_that_the_bootstrap_template_refuses() -> None:
    far, request = bootstrap("deploy"), {"roleArn": bootstrap("deploy"), "roleSessionName": "ci", "externalId": "shop-42"}
    lets_in: Json = trusts({"AWS": f"arn:aws:iam::{B}:root"}, Null={"sts:ExternalId": "true"})
    documents = snapshot((BUILDER, [allow("sts:AssumeRole")], [])), snapshot((far, [], [lets_in]))
    case = diagnose([refused(session(BUILDER), "sts", "AssumeRole", "sts:AssumeRole", far, clause="", request=request)], *documents)
    assert cause(case).cause is Cause.CONDITION_MISMATCH
    assert "send none" in told(case)
    assert f"cdk bootstrap {PLACE} --no-deny-external-id" in told(case)


def test_what_the_lookup_role_is_denied_is_meant_so() -> None:
    lookup = bootstrap("lookup")
    key = f"arn:aws:kms:eu-west-1:{A}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    own = [allow("*"), {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*", "Sid": "DontReadSecrets"}]
    denied = refused(session(lookup), "kms", "Decrypt", "kms:Decrypt", key, clause="with an explicit deny in an identity-based policy", account=A)
    assert "on purpose" in told(diagnose([denied], snapshot((lookup, own, []))))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Support_0123456789abcdef", "permission set Support"),
        ("AWSControlTowerExecution", "Control Tower"),
        ("stacksets-exec-0123456789abcdef0123456789abcdef", "StackSets"),
        ("aws-sam-cli-managed-prod-pip-PipelineExecutionRole-0A1B2C3D4E5F", "sam pipeline bootstrap"),
        ("eksctl-blue-nodegroup-spot-NodeInstanceRole-0A1B2C3D4E5F", "attachPolicyARNs"),
        ("orders-live-eu-west-3-lambdaRole", "serverless.yml of orders"),
        ("service-role/AWSGlueServiceRole-etl", "It may be edited"),
    ],
)
def test_a_generated_role_is_changed_where_it_is_made(name: str, said: str) -> None:
    denied = refused(session(role(name)), "sqs", "SendMessage", "sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{B}:orders")
    case = diagnose([denied], snapshot((role(name), [allow("s3:*")], [])))
    assert said in told(case)
    assert (said in cause(case).explanation) is ("may be edited" in said)
    assert maker_of(role(name.rpartition("/")[2][:4]), "identity") is None


@pytest.mark.parametrize("row", rows_of("generated_roles", "generated"), ids=lambda row: row["id"])
def test_every_row_knows_its_example_and_not_its_counter_example(row: Json) -> None:
    for change in row["change"]:
        named = row["example"].replace("deploy", change.get("kind", "deploy"))
        found = maker_of(role(named), change["side"], key=change.get("key"), deny=change.get("deny", False))
        assert found is not None
        assert found.name == row["made_by"]
        assert maker_of(role(row["counter_example"]), change["side"]) is None
    assert row["source"].startswith("https://")


@pytest.mark.parametrize(
    ("service", "action", "resource"),
    [
        ("iam", "iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/PowerUserAccess"),
        ("iam", "iam:PutRolePolicy", role("aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS")),
        ("iam", "iam:AttachRolePolicy", role("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef")),
        ("kms", "kms:UpdateAlias", f"arn:aws:kms:eu-west-1:{B}:alias/aws/ebs"),
    ],
)
def test_what_nobody_may_change_has_no_policy_fix(service: str, action: str, resource: str) -> None:
    case = diagnose([refused(session(BUILDER), service, action.partition(":")[2], action, resource)], snapshot((BUILDER, [allow("s3:*")], [])))
    assert cause(case).cause is Cause.NO_POLICY_FIX
    assert case.deltas == ()


def test_reading_what_nobody_may_change_is_a_permission_like_any_other() -> None:
    case = diagnose([refused(session(BUILDER), "iam", "GetPolicy", "iam:GetPolicy", "arn:aws:iam::aws:policy/PowerUserAccess")])
    assert cause(case).cause is Cause.MISSING_ALLOW
