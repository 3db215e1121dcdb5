"""What an error text has to do with denied records, kind by kind."""

from __future__ import annotations

import pytest

from tests.trail import B, call, evidence, refused, role, session
from trailsleuth.correlate.scope import find_scope
from trailsleuth.ingest.error_text import read_error_text
from trailsleuth.model import Evidence, Inquiry, Scope, Tie

WORKER, OTHER = role("Worker"), role("Other")
QUEUE = f"arn:aws:sqs:eu-west-1:{B}:intake-blue"
MINE = refused(session(WORKER, key="ASIAM"), "sqs", "SendMessage", "sqs:SendMessage", QUEUE, event_id="mine", requestID="4d1e-77")
THEIRS = refused(session(OTHER, key="ASIAT"), "glue", "CreateJob", "glue:CreateJob", event_id="theirs")
THROUGH = refused(session(WORKER, key="ASIAK"), "kms", "Decrypt", "kms:Decrypt", event_id="through")
THROUGH["userIdentity"]["invokedBy"] = "s3.amazonaws.com"


def scope_of(read: Evidence, text: str) -> Scope:
    return find_scope(read, Inquiry(error=text, said=read_error_text(text)))


@pytest.mark.parametrize(
    ("text", "tie"),
    [
        ("see record mine", Tie.EVENT_ID),
        ("failed (Request ID: 4d1e-77)", Tie.REQUEST_ID),
        (f"cannot reach {QUEUE}", Tie.ARN),
        ("delivery to queue intake-blue stopped", Tie.NAME),
        ("operation error SQS: SendMessage, https response error StatusCode: 403", Tie.OPERATION),
        ("An error occurred (AccessDenied) when calling the SendMessage operation: no", Tie.OPERATION),
    ],
)
def test_the_strongest_tie_decides(text: str, tie: Tie) -> None:
    scope = scope_of(evidence([MINE, THEIRS]), text)
    assert ([r.event_id for r in scope.asked], scope.tie) == (["mine"], tie)


def test_an_operation_whose_own_record_would_be_a_data_event_ties_to_what_it_needs() -> None:
    scope = scope_of(evidence([THROUGH, THEIRS]), "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied")
    assert ([r.event_id for r in scope.asked], scope.tie) == (["through"], Tie.DEMAND)


def test_what_another_call_of_the_session_was_about_ties_the_session() -> None:
    whole = session(WORKER, key="ASIAC")
    stack = call(whole, "cloudformation", "CreateStack", request={"stackName": "harbor"})
    scope = scope_of(evidence([stack, refused(whole, "ecr", "CreateRepository", "ecr:CreateRepository", event_id="inside"), THEIRS]), "Stack harbor failed")
    assert ([r.event_id for r in scope.asked], scope.tie) == (["inside"], Tie.SESSION)


def test_the_service_that_a_text_speaks_of_only_ranks() -> None:
    scope = scope_of(evidence([MINE, THEIRS]), "Access to SQS was refused somewhere")
    assert {r.event_id for r in scope.asked} == {"mine", "theirs"}
    assert ({event for event, _ in scope.tied}, scope.tie) == ({"mine"}, Tie.SERVICE)


def test_an_answer_that_is_handed_on_speaks_of_the_service_that_gave_it() -> None:
    inner = refused(session(OTHER, key="ASIAT"), "kms", "Decrypt", "kms:Decrypt", event_id="inner")
    for text, tie in (('{\\"ErrorCode\\":\\"KMS.AccessDeniedException\\"}', Tie.SERVICE), ("com.example.kms.AccessDeniedException: no", None)):
        assert scope_of(evidence([MINE, inner]), text).tie == tie, text


def test_of_calls_denied_in_the_same_words_the_one_is_meant_whose_operation_the_text_names() -> None:
    same = [
        refused(session(who, key=key), "rds", name, f"rds:{name}", event_id=name)
        for who, key, name in ((WORKER, "ASIAM", "StopDBCluster"), (OTHER, "ASIAT", "StartDBCluster"))
    ]
    records = [record | {"errorMessage": "The way is shut to those who ask"} for record in same]
    scope = scope_of(evidence(records), "An error occurred (AccessDenied) when calling the StartDBCluster operation: The way is shut to those who ask")
    assert [r.event_id for r in scope.asked] == ["StartDBCluster"]


def test_another_service_s_operation_of_that_name_is_no_tie() -> None:
    scope = scope_of(evidence([MINE]), "operation error Pinpoint: SendMessage, https response error StatusCode: 403")
    assert scope.tie != Tie.OPERATION


def test_where_aws_says_which_action_was_denied_no_other_call_behind_it_is_meant() -> None:
    text = "User: arn:aws:iam::222222222222:role/Third is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::else/x with an explicit deny"
    assert scope_of(evidence([THROUGH, THEIRS]), text).tie is not Tie.DEMAND


def test_a_text_that_breaks_off_within_an_action_names_none() -> None:
    said = read_error_text(f"User: arn:aws:sts::{B}:assumed-role/Worker/run is not authorized to perform: sqs:SendMess")
    assert said.denial is not None
    assert (said.denial.iam_action, said.denial.principal) == (None, f"arn:aws:sts::{B}:assumed-role/Worker/run")


def test_a_text_whose_lines_a_terminal_broke_says_the_same() -> None:
    text = "org.apache.kafka.common.errors.SaslAuthenticationException: [7c9d3f1e-2b4a-4c6d-8e0f-1a2b3c4d5e6f]: Access denied"
    assert read_error_text(text.replace(": [", ":\n    [")) == read_error_text(text)


def test_of_two_that_were_denied_alike_the_one_whose_session_worked_there_is_meant() -> None:
    queue = f"arn:aws:sqs:eu-west-1:{B}:orders-inbox-7"
    denied = [
        refused(session(role(name), key=key), "sqs", "SendMessage", "sqs:SendMessage", queue, event_id=name) for name, key in (("One", "A1"), ("Two", "A2"))
    ]
    worked = call(session(role("Two"), key="A2"), "sqs", "GetQueueUrl", 5, request={"queueName": "orders-inbox-7"})
    text = "worker stopped: cannot publish to orders-inbox-7"
    assert {r.event_id for r in scope_of(evidence(denied), text).asked} == {"One", "Two"}
    assert [r.event_id for r in scope_of(evidence([*denied, worked]), text).asked] == ["Two"]
