"""Grants that must stay as narrow as the policy, the request or the token was: the condition that they have to carry."""

from __future__ import annotations

from typing import Any

import pytest

from tests.test_cases import CASES, diagnosed

GITHUB, GITLAB = "token.actions.githubusercontent.com", "gitlab.example.org"
PASSED = "iam:PassedToService"
CARRIED = {
    "founding-second-denial": ("iam:PassRole", PASSED, "ecs-tasks.amazonaws.com"),
    "cp-stack-passrole-cross-account": ("iam:PassRole", PASSED, "cloudformation.amazonaws.com"),
    "cfn-exec-role-nested-pass": ("iam:PassRole", PASSED, "lambda.amazonaws.com"),
    "ev-put-targets-pass": ("iam:PassRole", PASSED, "events.amazonaws.com"),
    "fourthly-export-of-a-snapshot": ("iam:PassRole", PASSED, "export.rds.amazonaws.com"),
    "oth-encoded-decoded": ("iam:PassRole", PASSED, "ec2.amazonaws.com"),
    "oth-encoded-with-policies": ("iam:PassRole", PASSED, "ec2.amazonaws.com"),
    "oth-kms-via-condition": ("kms:Decrypt", "kms:ViaService", "secretsmanager.eu-west-1.amazonaws.com"),
    "slr-condition-service": ("iam:CreateServiceLinkedRole", "iam:AWSServiceName", "autoscaling.amazonaws.com"),
    "cb-trust-source-arn": ("sts:AssumeRole", "aws:SourceArn", "arn:aws:codebuild:eu-west-1:698000000088:project/site-v2"),
    "s3-owner-acl-condition": ("s3:PutObject", "s3:x-amz-acl", "bucket-owner-full-control"),
    "tag-request-tag-owner": ("ec2:CreateVolume", "aws:RequestTag/Owner", "*"),
    "sts-oidc-audience": ("sts:AssumeRoleWithWebIdentity", f"{GITHUB}:aud", "https://github.com/mill"),
    "sts-oidc-subject-case": ("sts:AssumeRoleWithWebIdentity", f"{GITHUB}:aud", "sts.amazonaws.com"),
    "sts-oidc-provider-other": ("sts:AssumeRoleWithWebIdentity", f"{GITLAB}:aud", "https://gitlab.example.org"),
    "sts-irsa-namespace": (
        "sts:AssumeRoleWithWebIdentity",
        "oidc.eks.eu-west-1.amazonaws.com/id/5F0E1D2C3B4A59687766:sub",
        "system:serviceaccount:ops:mailer",
    ),
}


def grants(answer: dict[str, Any], action: str) -> list[dict[str, Any]]:
    """The added statements that allow the action; none is right too: then it is the request that has to change."""
    statements = [each for delta in answer["deltas"] for each in (delta["document"] or {}).get("Statement", [])]
    return [each for each in statements if action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])]


def carried(statement: dict[str, Any], key: str) -> set[str]:
    tests = statement.get("Condition", {}).values()
    found = (value for test in tests for name, value in test.items() if name.lower() == key.lower())
    return {text for value in found for text in (value if isinstance(value, list) else [value])}


@pytest.mark.parametrize("slug", sorted(CARRIED))
def test_the_grant_carries_its_condition(slug: str) -> None:
    action, key, value = CARRIED[slug]
    for statement in grants(dict(diagnosed(CASES / slug)), action):
        assert carried(statement, key) == {value}, statement
