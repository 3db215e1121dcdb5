"""A session whose work ended because something is not there: that is the answer, and not that nothing was denied."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trail import B, allow, assumed, call, diagnose, session, snapshot, trusts
from tests.trail import role as role_arn

APPLY = role_arn("ci/Apply")
BUILD = {"Service": "codebuild.amazonaws.com"}


def failed(source: str, name: str, code: str, text: str, second: float = 20) -> dict[str, Any]:
    return call(session(APPLY), source, name, second, errorCode=code, errorMessage=text, request={"name": "x"})


def asked(*records: dict[str, Any]) -> Any:
    opened = assumed({"type": "AWSService", "invokedBy": "codebuild.amazonaws.com", "accountId": B}, APPLY)
    return diagnose([opened, *records], snapshot((APPLY, [allow("*")], [trusts(BUILD)])), role=APPLY)


@pytest.mark.parametrize(
    ("source", "name", "code", "text"),
    [
        ("guardduty", "UpdatePublishingDestination", "BadRequestException", "The request failed because the resource folder does not exist."),
        ("ecs", "CreateService", "ClusterNotFoundException", "Cluster not found."),
        ("s3", "PutBucketTagging", "NoSuchBucket", "The specified bucket does not exist"),
        ("rds", "CreateDBInstance", "DBSubnetGroupNotFoundFault", "DB subnet group 'core' does not exist."),
        ("elasticloadbalancing", "CreateRule", "TargetGroupNotFoundException", "One or more target groups not found"),
    ],
)
def test_what_is_not_there_is_the_answer(source: str, name: str, code: str, text: str) -> None:
    case = asked(failed(source, name, code, text))
    assert case.outcome.value == "cause_found"
    assert [(f.cause.value, f.policy_types) for f in case.findings] == [("not_a_permission", ())]
    assert case.findings[0].advice
    assert case.deltas == ()


@pytest.mark.parametrize(
    "records",
    [
        [failed("logs", "DeleteLogGroup", "ResourceNotFoundException", "The specified log group does not exist.")],
        [failed("iam", "GetRole", "NoSuchEntityException", "The role with name x cannot be found.")],
        [failed("ecs", "CreateService", "ClusterNotFoundException", "Cluster not found."), call(session(APPLY), "ecs", "CreateCluster", 30)],
        [failed("ecs", "CreateService", "ThrottlingException", "Rate exceeded")],
    ],
    ids=["cleanup", "look", "went-on", "other-reason"],
)
def test_what_ended_nothing_is_no_answer(records: list[dict[str, Any]]) -> None:
    case = asked(*records)
    assert case.outcome.value == "no_denial_found"
    assert case.findings == ()
