"""What a question is about, by each way in."""

from __future__ import annotations

from typing import Any

from tests.trail import A, B, assumed, at, call, evidence, refused, role, service, session
from trailsleuth.correlate.scope import find_scope
from trailsleuth.ingest.error_text import read_error_text
from trailsleuth.model import Evidence, Inquiry

DEPLOY, OTHER = role("Deploy"), role("Other")
MINE = refused(session(DEPLOY, key="ASIAM"), "ecs", "UpdateService", "ecs:UpdateService", f"arn:aws:ecs:eu-west-1:{B}:service/c/s", event_id="mine")
THEIRS = refused(session(OTHER, key="ASIAT"), "sqs", "CreateQueue", "sqs:CreateQueue", f"arn:aws:sqs:eu-west-1:{B}:q", event_id="theirs")


def asked(read: Evidence, **inquiry: Any) -> list[str]:
    said = read_error_text(inquiry["error"]) if "error" in inquiry else None
    return [r.event_id for r in find_scope(read, Inquiry(**inquiry, said=said)).asked]


def test_a_role_a_session_a_key_and_a_record_lead_to_their_own_refusals() -> None:
    read = evidence([MINE, THEIRS])
    for way in ({"role": DEPLOY}, {"access_key": "ASIAM"}, {"event_id": "mine"}):
        assert asked(read, **way) == ["mine"]
    assert set(asked(read, session="run")) == {"mine", "theirs"}


def test_the_error_text_chooses_among_candidates() -> None:
    read = evidence([MINE, THEIRS])
    assert asked(read, error="An error occurred (AccessDenied) when calling the CreateQueue operation: sqs:CreateQueue is not allowed") == ["theirs"]


def test_a_text_that_ties_to_nothing_leaves_what_no_text_would() -> None:
    read = evidence([MINE, THEIRS])
    assert asked(read, error="dial tcp: i/o timeout") == asked(read)


def test_without_a_question_every_denied_chain_is_asked_about() -> None:
    assert set(asked(evidence([MINE, THEIRS]))) == {"mine", "theirs"}


def test_a_scanner_that_goes_on_after_a_denied_read_stays_in_sight() -> None:
    scanner = session(OTHER, key="ASIAS")
    noise = refused(scanner, "s3", "GetBucketAcl", "s3:GetBucketAcl", second=1, event_id="noise")
    rest = [call(scanner, "ec2", "DescribeInstances", 2 + i) for i in range(5)]
    scope = find_scope(evidence([MINE, noise, *rest]), Inquiry())
    assert {r.event_id for r in scope.asked} == {"mine", "noise"}
    assert {event for event, _ in scope.went_on} == {"noise"}


def test_a_role_that_was_never_let_in_is_asked_about_by_who_tried() -> None:
    tried = refused(session(OTHER), "sts", "AssumeRole", "sts:AssumeRole", DEPLOY, clause="", event_id="tried")
    assert asked(evidence([tried]), role=DEPLOY) == ["tried"]


def attempt(execution: str, start: float, status: str = "Failed", **fields: Any) -> dict:
    return {
        "pipelineExecutionId": execution,
        "actionExecutionId": f"{execution}-{start}",
        "stageName": "Deploy",
        "actionName": fields.pop("action", "Go"),
        "startTime": at(start),
        "lastUpdateTime": at(start + 5),
        "status": status,
        "input": {"actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "ECS", "version": "1"}, "roleArn": DEPLOY, "region": "eu-west-1"} | fields,
        "output": {"executionResult": {"errorDetails": {"code": "PermissionError", "message": "no"}}},
    }


def runs(*attempts: dict) -> dict:
    return {"actionExecutionDetails": list(attempts)}


def test_the_newest_failed_execution_is_meant_unless_an_id_is_given() -> None:
    old, new = (
        refused(session(DEPLOY, key=k, born=s), "ecs", "UpdateService", "ecs:UpdateService", second=s, event_id=k) for k, s in (("old", 100), ("new", 5000))
    )
    read = evidence([old, new], runs(attempt("first", 98), attempt("second", 4998)))
    scope = find_scope(read, Inquiry())
    assert {event: chain for (event, _), chain in scope.chain_of.items()} == {"new": 0, "old": 1}
    assert asked(read, execution_id="first") == ["old"]


def test_an_action_that_a_retry_cured_is_not_taken_before_one_that_failed_for_good() -> None:
    read = evidence([], runs(attempt("one", 0), attempt("one", 100, "Succeeded"), attempt("zero", -500)))
    scope = find_scope(read, Inquiry())
    assert scope.execution is not None
    assert scope.execution.execution_id == "zero"


def test_what_the_action_s_service_did_with_its_own_role_belongs_to_the_action() -> None:
    build = role("Build")
    records = [
        assumed(service("codebuild"), build, "AWSCodeBuild-5f2d1c1e-77aa", "ASIAB", 2, account=B),
        refused(session(build, "AWSCodeBuild-5f2d1c1e-77aa", "ASIAB", 2), "logs", "CreateLogStream", "logs:CreateLogStream", second=3, event_id="inside"),
    ]
    action = attempt("one", 0, actionTypeId={"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"})
    action["output"]["executionResult"]["externalExecutionId"] = "project:5f2d1c1e-77aa"
    assert asked(evidence(records, runs(action))) == ["inside"]


def test_the_copy_in_the_owner_s_account_is_not_a_second_refusal() -> None:
    caller = refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", "arn:aws:s3:::b/k", event_id="one", sharedEventID="s")
    copy = caller | {"userIdentity": {"type": "AWSAccount", "principalId": "AROA:run", "accountId": B}, "recipientAccountId": A, "eventID": "two"}
    assert asked(evidence([caller, copy])) == ["one"]


RUN, STACK = role("StackRun"), {"stackName": "web", "roleARN": role("StackRun")}
LOOK = refused(session(DEPLOY), "cloudformation", "ListStacks", "cloudformation:ListStacks", second=1, event_id="look")
HANDED = call(session(DEPLOY), "cloudformation", "CreateStack", 2, request=STACK)
GOES_ON = [call(session(DEPLOY), "cloudformation", "DescribeStackEvents", 20 + n) for n in range(5)]
INSIDE = refused(session(RUN, key="ASIAR", born=3), "iam", "CreateRole", "iam:CreateRole", role("New"), second=5, event_id="inside")


def taken_by(who: Any) -> list[Any]:
    return [HANDED, assumed(who, RUN, key="ASIAR", second=3), INSIDE, *GOES_ON]


def test_what_was_denied_to_a_role_that_the_chain_handed_over_is_looked_at_where_nothing_else_stopped_it() -> None:
    read = evidence(taken_by(service("cloudformation")))
    assert asked(read, role=DEPLOY) == ["inside"] == asked(read, session="run", access_key="ASIA1")
    assert asked(evidence([LOOK, *taken_by(service("cloudformation"))]), role=DEPLOY) == ["look", "inside"]
    assert asked(evidence([{**MINE, "userIdentity": session(DEPLOY)}, *taken_by(service("cloudformation"))]), role=DEPLOY) == ["mine"]


def test_a_role_that_was_handed_over_and_taken_by_somebody_else_is_another_matter() -> None:
    assert asked(evidence(taken_by(session(OTHER, key="ASIAO"))), role=DEPLOY) == []
    early = [{**one, "eventTime": at(-7200)} for one in taken_by(service("cloudformation"))[1:3]]
    assert asked(evidence([HANDED, *early, *GOES_ON]), role=DEPLOY) == []


def test_a_role_that_the_text_names_is_looked_at_where_the_one_asked_about_was_denied_nothing() -> None:
    read = evidence([HANDED, {**INSIDE, "userIdentity": session(OTHER, key="ASIAR", born=3)}])
    assert asked(read, role=DEPLOY, error=f"step failed: check that {OTHER} has permission") == ["inside"]
    assert asked(read, role=DEPLOY, error="step failed: check the permission") == []
