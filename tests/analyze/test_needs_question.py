"""A failed action without a record of its role is told what its provider calls; the policies of the role tell which of it is lacking."""

from __future__ import annotations

import json

import pytest

from tests.trail import B, Json, allow, call, role, session, snapshot
from trailsleuth import api
from trailsleuth.model import Basis, CaseFile, Cause, Outcome, RawInput, Standing

ROLE = role("ci/Action")
FUNCTION = f"arn:aws:lambda:eu-west-1:{B}:function:orders"


def failed_action(provider: str) -> RawInput:
    detail = {
        "pipelineExecutionId": "aaaaaaaa-1111-4111-8111-111111111111",
        "actionExecutionId": "bbbbbbbb-1111-4111-8111-111111111111",
        "pipelineVersion": 1,
        "stageName": "Deploy",
        "actionName": "Ship",
        "startTime": "2026-03-04T10:00:00Z",
        "lastUpdateTime": "2026-03-04T10:01:00Z",
        "status": "Failed",
        "input": {
            "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": provider, "version": "1"},
            "configuration": {"FunctionName": "orders", "FunctionAlias": "live"},
            "roleArn": ROLE,
            "region": "eu-west-1",
            "inputArtifacts": [],
        },
        "output": {
            "outputArtifacts": [],
            "executionResult": {"errorDetails": {"code": "PermissionError", "message": "The provided role does not have sufficient permissions"}},
        },
    }
    return RawInput(source="list-action-executions.json", data=json.dumps({"actionExecutionDetails": [detail]}).encode())


def answered(*more: RawInput, provider: str = "Lambda") -> CaseFile:
    return api.load_inputs([failed_action(provider), *more]).diagnose().case_file


def held(*grants: Json) -> RawInput:
    return RawInput(source="iam.json", data=json.dumps(snapshot((ROLE, list(grants), []))).encode())


def asked_for_policies(case: CaseFile) -> list[str]:
    return [question.because for question in case.questions if question.wanted == "policies" and question.account == B]


def test_what_the_provider_calls_is_told_with_the_question():
    case = answered()
    assert (case.outcome, case.findings, case.deltas) == (Outcome.INCONCLUSIVE, (), ())
    (because,) = asked_for_policies(case)
    assert "Lambda actions are documented to need" in because
    assert all(action in because for action in ("lambda:UpdateFunctionCode", "lambda:GetAlias", "lambda:PublishVersion"))


def test_the_policies_are_not_asked_for_where_they_are_there_or_nothing_is_known_of_the_provider():
    assert asked_for_policies(answered(held(allow("lambda:GetAlias")))) == []
    case = answered(provider="NoSuchProvider")
    assert (case.outcome, asked_for_policies(case)) == (Outcome.INCONCLUSIVE, [])


def test_what_the_policies_lack_of_it_is_predicted_the_first_of_the_run_as_the_cause():
    case = answered(held(allow(["lambda:Get*", "lambda:PublishVersion"])))
    assert case.outcome is Outcome.CAUSE_FOUND
    assert [(f.standing, f.basis, f.iam_action, f.resource) for f in case.findings] == [
        (Standing.CAUSE, Basis.PREDICTED, "lambda:UpdateFunctionCode", FUNCTION),
        (Standing.ALSO_NEEDED, Basis.PREDICTED, "lambda:UpdateAlias", FUNCTION),
    ]
    (delta,) = case.deltas
    assert delta.attach_to == ROLE
    assert delta.proof is not None
    assert (delta.proof.sufficient, delta.proof.minimal) == (True, True)
    assert any(question.wanted == "records" for question in case.questions)


def test_a_deny_that_comes_first_is_the_cause_and_no_allow_is_proposed_for_it():
    deny = {"Sid": "NoLook", "Effect": "Deny", "Action": "lambda:GetAlias", "Resource": "*"}
    case = answered(held(allow(["lambda:Get*", "lambda:PublishVersion"]), deny))
    first = case.findings[0]
    assert (first.cause, first.iam_action, [ref.statement for ref in first.blocking]) == (Cause.EXPLICIT_DENY, "lambda:GetAlias", ["NoLook"])
    assert not [s for delta in case.deltas for s in delta.statements if "lambda:GetAlias" in str(s)]


@pytest.mark.parametrize(("when", "predicted"), [("2026-03-04T10:00:30Z", False), ("2026-03-01T10:00:30Z", True)])
def test_nothing_is_predicted_where_the_calls_of_the_role_are_recorded_in_the_time_of_the_action(when, predicted):
    seen = call(session(ROLE), "lambda", "GetAlias", eventTime=when)
    records = RawInput(source="records.json", data=json.dumps({"Records": [seen]}).encode())
    assert bool(answered(held(allow("lambda:Get*")), records).findings) is predicted
    assert answered(held(allow("lambda:*")), records).findings == ()
