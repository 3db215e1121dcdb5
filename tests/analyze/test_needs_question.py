"""A failed action without a record of its role is told what its provider calls, and whose policies would tell which of it is lacking."""

from __future__ import annotations

import json

from tests.trail import B, allow, role, snapshot
from trailsleuth import api
from trailsleuth.model import Outcome, RawInput

ROLE = role("ci/Action")


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


def asked_for_policies(*more: RawInput, provider: str = "Lambda") -> list[str]:
    answer = api.load_inputs([failed_action(provider), *more]).diagnose()
    assert answer.case_file.outcome is Outcome.INCONCLUSIVE
    assert answer.case_file.deltas == ()
    return [question.because for question in answer.case_file.questions if question.wanted == "policies" and question.account == B]


def test_what_the_provider_calls_is_told_with_the_question():
    (because,) = asked_for_policies()
    assert "Lambda actions are documented to need" in because
    assert all(action in because for action in ("lambda:UpdateFunctionCode", "lambda:GetAlias", "lambda:PublishVersion"))


def test_the_policies_are_not_asked_for_where_they_are_there_or_nothing_is_known_of_the_provider():
    held = RawInput(source="iam.json", data=json.dumps(snapshot((ROLE, [allow("lambda:GetAlias")], []))).encode())
    assert asked_for_policies(held) == []
    assert asked_for_policies(provider="NoSuchProvider") == []
