"""A proof speaks of every call of its findings, and of no policy that it has not seen."""

from __future__ import annotations

import pytest

from tests.remedy.test_deltas import deltas
from tests.trail import A, B, allow, call, refused, resource_policy, role, session, snapshot, trusts
from trailsleuth.catalog.resource_policies import shape_of

DEPLOY, TARGET = role("deploy/Deploy"), role("ops/Target")
KEY = f"arn:aws:kms:eu-west-1:{A}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def test_three_session_names_are_three_calls_and_the_change_fits_all() -> None:
    grants = allow("s3:GetObject", "arn:aws:s3:::reports/*", StringEquals={"aws:userid": "AROANOBODY:none"})
    names = ["one", "two", "three"]
    records = [
        refused(session(DEPLOY, name=name, key=f"ASIA{at}"), "s3", "GetObject", "s3:GetObject", "arn:aws:s3:::reports/x", 10 + at)
        for at, name in enumerate(names)
    ]
    (found,) = deltas(records, snapshot((DEPLOY, [grants], [])))
    fitted = found.statements[0]["Condition"]["StringEquals"]["aws:userid"]
    assert [value.rpartition(":")[2] for value in fitted] == names
    assert found.proof is not None
    assert found.proof.sufficient is True


def test_the_other_account_without_policies_leaves_it_open() -> None:
    records = [refused(session(DEPLOY), "kms", "Decrypt", "kms:Decrypt", KEY)]
    (found,) = [delta for delta in deltas(records, snapshot((DEPLOY, [allow("s3:ListBucket")], []))) if delta.policy_type == "identity"]
    assert found.proof is not None
    assert found.proof.sufficient is None
    assert f"the policies of account {A}, which are not in the evidence" in found.proof.undecided
    owner = resource_policy(KEY, {"Effect": "Allow", "Principal": {"AWS": DEPLOY}, "Action": "kms:Decrypt", "Resource": "*"})
    (found,) = [delta for delta in deltas(records, snapshot((DEPLOY, [allow("s3:ListBucket")], [])), owner) if delta.policy_type == "identity"]
    assert found.proof is not None
    assert found.proof.sufficient is True


@pytest.mark.parametrize(
    ("service", "event", "action", "resource", "has_resource", "principal"),
    [
        ("ecr", "BatchGetImage", "ecr:BatchGetImage", f"arn:aws:ecr:eu-west-1:{A}:repository/app", False, DEPLOY),
        ("lambda", "GetLayerVersion20181031", "lambda:GetLayerVersion", f"arn:aws:lambda:eu-west-1:{A}:layer:deps:3", True, f"arn:aws:iam::{B}:root"),
        ("sqs", "SendMessage", "sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{A}:jobs", True, DEPLOY),
    ],
)
def test_a_policy_says_what_its_kind_can_say(service: str, event: str, action: str, resource: str, has_resource: bool, principal: str) -> None:
    clause = f"because no resource-based policy allows the {action} action"
    found = [d for d in deltas([refused(session(DEPLOY), service, event, action, resource, clause=clause)]) if d.policy_type == "resource"]
    assert [("Resource" in delta.statements[0], delta.statements[0]["Principal"]["AWS"]) for delta in found] == [(has_resource, principal)]


def test_an_arn_inside_an_arn_is_not_written() -> None:
    inner = f"arn:aws:sqs:eu-west-1:{B}:arn:aws:sqs:eu-west-1:{B}:jobs"
    assert deltas([refused(session(DEPLOY), "sqs", "SendMessage", "sqs:SendMessage", inner)]) == ()


def test_the_same_service_for_another_account_stays_out() -> None:
    text = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    request = {"name": "nightly", "groupName": "default", "target": {"roleArn": TARGET}}
    record = call(session(DEPLOY), "scheduler", "CreateSchedule", errorCode="ValidationException", errorMessage=text, request=request)
    (found,) = deltas([record], snapshot((TARGET, [], [trusts({"Service": "ec2.amazonaws.com"})])))
    assert found.proof is not None
    assert found.proof.harmless is True


def test_shapes_know_their_examples() -> None:
    assert shape_of("ecr:BatchGetImage")["id"] == "ecr-repository"
    assert shape_of("lambda:GetLayerVersion")["id"] == "lambda-layer"
    assert shape_of("sqs:SendMessage") == {}
