"""A stack's role is denied a call: the type of the resource, its name in the template, and what the same handler needs besides."""

from __future__ import annotations

import pytest

from tests.trail import B, Json, allow, diagnose, refused, role, session, snapshot
from trailsleuth.catalog.actions import spelling
from trailsleuth.catalog.handlers import actions_of_handler, type_called_by
from trailsleuth.catalog.packed import packed_keys, packed_rows
from trailsleuth.model import Standing

STACK = role("Deployer")
QUEUE = f"arn:aws:sqs:eu-west-1:{B}:orders"


def told(granted: list[Json] | None, request: Json | None = None, **fields: Json) -> str:
    """The explanation of the denied CreateQueue of a stack."""
    denied = refused(session(STACK, "AWSCloudFormation"), "sqs", "CreateQueue", "sqs:CreateQueue", QUEUE, request=request, **fields)
    case = diagnose([denied], *([snapshot((STACK, granted, []))] if granted is not None else []))
    (found,) = [f for f in case.findings if f.standing is Standing.CAUSE]
    assert [statement["Action"] for delta in case.deltas for statement in delta.statements] == ["sqs:CreateQueue"]
    return found.explanation


def test_what_the_handler_needs_and_the_role_lacks_is_one_list() -> None:
    said = told([allow(["sqs:Get*", "s3:*"])])
    assert "type AWS::SQS::Queue" in said
    assert "sqs:TagQueue" in said
    assert "sqs:GetQueueAttributes" not in said
    assert "which the role's policies do not allow either" in said


def test_without_policies_the_list_is_what_may_come() -> None:
    assert "sqs:GetQueueAttributes" in told(None)
    assert "where the role lacks them" in told(None)


def test_nothing_is_listed_where_the_role_has_it_all() -> None:
    said = told([allow(["sqs:*"], "arn:aws:sqs:eu-west-1:*:other-*")])
    assert "type AWS::SQS::Queue" in said
    assert "can also call" not in said


@pytest.mark.parametrize("tags", [{"aws:cloudformation:logical-id": "OrdersQueue"}, [{"key": "aws:cloudformation:logical-id", "value": "OrdersQueue"}]])
def test_the_name_in_the_template_is_in_the_tags(tags: object) -> None:
    assert "OrdersQueue in the template" in told(None, {"queueName": "orders", "tags": tags})


def test_a_call_that_no_stack_made_says_nothing_of_handlers() -> None:
    case = diagnose([refused(session(STACK), "sqs", "CreateQueue", "sqs:CreateQueue", QUEUE)])
    assert "AWS::SQS::Queue" not in case.findings[0].explanation


def test_a_type_is_named_only_where_one_is_meant() -> None:
    assert type_called_by("dynamodb:CreateTable") == "AWS::DynamoDB::Table"
    assert type_called_by("ec2:CreateTags") is None
    assert actions_of_handler("AWS::No::Such", "c") == ()


def test_every_action_of_a_handler_is_a_real_one_spelt_right() -> None:
    named = {action for kind in packed_keys("handlers") for letter in "crud" for action in actions_of_handler(kind, letter)}
    assert len(named) > 5000
    assert [action for action in named if spelling(action) != action] == []
    assert all(packed_rows("handlers", kind) for kind in packed_keys("handlers"))
