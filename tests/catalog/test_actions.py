"""What the catalogue says of single actions."""

from __future__ import annotations

import pytest

from trailsleuth.catalog.actions import access_level, condition_keys, nearest, resource_types, spelling, takes_resource


@pytest.mark.parametrize(
    ("written", "right"), [("SNS:publish", "sns:Publish"), ("ecs:registertaskdefinition", "ecs:RegisterTaskDefinition"), ("s3:GETOBJECT", "s3:GetObject")]
)
def test_an_action_is_spelt_as_the_reference_spells_it(written, right):
    assert spelling(written) == right


@pytest.mark.parametrize("written", ["s3:HeadObject", "nosuch:Thing", "s3", "", ":", "s3:", "s3:Get*", "../x:y"])
def test_what_is_no_action_has_no_spelling(written):
    assert spelling(written) is None
    assert takes_resource(written) is None
    assert resource_types(written) == ()
    assert access_level(written) is None
    assert condition_keys(written) == frozenset()


def test_a_misspelt_action_yields_the_near_ones():
    assert nearest("ecs:RegisterTaskDefiniton")[0] == "ecs:RegisterTaskDefinition"
    assert "lambda:InvokeFunction" in nearest("lamda:InvokeFunction")
    assert nearest("zzzzzzzz:Qqqqqqq") == ()


def test_register_task_definition_takes_no_resource_though_the_catalogue_lists_one():
    assert resource_types("ecs:RegisterTaskDefinition")
    assert takes_resource("ecs:RegisterTaskDefinition") is False
    assert takes_resource("ecs:TagResource") is True


@pytest.mark.parametrize("action", ["ecs:DescribeTaskDefinition", "lambda:ListFunctions", "cloudformation:ValidateTemplate", "sts:DecodeAuthorizationMessage"])
def test_actions_without_a_resource_are_told_apart(action):
    assert takes_resource(action) is False


def test_resource_types_carry_their_arn_format_and_whether_they_must_be_named():
    (function,) = resource_types("lambda:CreateFunction")
    assert function.name == "function"
    assert function.arn_format == "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}"
    assert function.required


def test_condition_keys_include_those_of_the_resource():
    keys = condition_keys("ecs:UpdateService")
    assert "ecs:ResourceTag/${TagKey}" in keys
    assert "ecs:cluster" in keys
