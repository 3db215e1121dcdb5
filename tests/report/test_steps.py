from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.report.build import DEPLOY_ROLE, a_delta, a_finding, a_quiet_case, an_execution, the_founding_case
from trailsleuth.model import Cause, PolicyType
from trailsleuth.report.context import RenderContext
from trailsleuth.report.document import case_document
from trailsleuth.report.formats import render
from trailsleuth.report.layout import command_lines
from trailsleuth.report.steps import kind_of, next_steps, owner_of, removal_parts

DENY = {"Sid": "Guard", "Effect": "Deny", "Action": "ecs:*", "Resource": "*"}


def delta(kind=PolicyType.IDENTITY, to=DEPLOY_ROLE, account="444455556666"):
    return case_document(replace(the_founding_case(), deltas=(a_delta(policy_type=kind, attach_to=to, account=account),)))["deltas"][0]


@pytest.mark.parametrize(
    ("kind", "to", "name", "owner"),
    [
        (PolicyType.IDENTITY, DEPLOY_ROLE, "identity policy", "whoever manages IAM in account 444455556666"),
        (PolicyType.TRUST, DEPLOY_ROLE, "trust policy", "whoever manages IAM in account 444455556666"),
        (PolicyType.RESOURCE, "arn:aws:s3:::b", "bucket policy", "the owner of the resource in account 444455556666"),
        (PolicyType.RESOURCE, "arn:aws:kms:eu-west-1:1:key/k", "key policy", "the owner of the resource"),
        (PolicyType.RESOURCE, None, "resource policy", "the owner of the resource"),
        (PolicyType.SCP, "arn:aws:organizations::1:policy/o-1/service_control_policy/p-1", "service control policy (SCP)", "management account"),
        (PolicyType.BOUNDARY, "arn:aws:iam::444455556666:policy/B", "permissions boundary", "whoever owns the boundary"),
        (PolicyType.IDENTITY, "arn:aws:iam::4:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_1", "identity policy", "permission sets"),
        (PolicyType.OTHER, None, "other", "its owner"),
    ],
)
def test_each_change_says_which_policy_it_is_and_who_can_make_it(kind, to, name, owner):
    assert kind_of(delta(kind, to)) == name
    assert owner in owner_of(delta(kind, to))


def test_a_denying_statement_is_narrowed_or_the_request_changed():
    entry = {"policy": "Guardrail", "statement": DENY, "request_change": "make it otherwise", "instead": {**DENY, "Condition": {}}}
    assert removal_parts(entry) == [("either make it otherwise", None), ("or narrow statement Guard of policy Guardrail to:", {**DENY, "Condition": {}})]
    assert removal_parts({"policy": "P", "statement": DENY}) == [("take out statement Guard of policy P:", DENY)]
    stale = {"policy": "trust policy", "statement": {"Effect": "Allow"}, "principals": ["AROAEXAMPLE"]}
    assert removal_parts(stale) == [("take AROAEXAMPLE out of this statement of policy trust policy:", {"Effect": "Allow"})]
    assert removal_parts({"odd": 1}) == [("take out this statement of policy unknown:", {"odd": 1})]


def test_after_the_change_the_failed_stage_is_tried_again():
    (change, nothing), (_, command) = next_steps(case_document(the_founding_case()))
    assert "444455556666" in change
    assert nothing == ""
    assert command.startswith("aws codepipeline retry-stage-execution --pipeline-name web --stage-name Deploy --pipeline-execution-id 0f3f6d1e")


def test_where_nothing_was_denied_the_error_is_looked_up():
    case = replace(a_quiet_case(), execution=replace(an_execution(), error_message="it's \x1b[31mno"))
    assert next_steps(case_document(case)) == [("see what else this error can mean", "trailsleuth explain 'it'\"'\"'s \\x1b[31mno'")]
    assert next_steps(case_document(a_quiet_case())) == []


def test_without_a_change_nothing_is_retried():
    case = replace(the_founding_case(), deltas=(), findings=(a_finding(cause=Cause.NOT_A_PERMISSION),))
    assert next_steps(case_document(case)) == []


@pytest.mark.parametrize("form", ["table", "markdown", "html"])
def test_every_report_says_who_and_what_next(form):
    text = render(case_document(the_founding_case()), form, RenderContext(width=200))
    assert "whoever manages IAM in account 444455556666" in text
    assert "retry-stage-execution" in text


def test_a_record_that_two_findings_cite_is_shown_once():
    case = replace(the_founding_case(), findings=(a_finding(), a_finding("ecs:RunTask", rank=2)))
    text = render(case_document(case), "table", RenderContext(width=200))
    assert text.count("5f2d1c1e-77aa") == 1
    assert "\n  1,2  " in text


def test_a_place_to_fill_in_is_not_torn_apart():
    command = "aws sts decode-authorization-message --encoded-message <the blob of record 3f235421-ba55-4419-a9cf-78f5bb867f82> --output json"
    assert any("<the blob of record 3f235421-ba55-4419-a9cf-78f5bb867f82>" in line for line in command_lines(command, width=60, indent=5))
