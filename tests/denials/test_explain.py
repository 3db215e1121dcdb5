"""Pasted texts and single records, explained without any other evidence."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sample import examples
from trailsleuth import api
from trailsleuth.cli.app import main
from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.ingest.explain import explain_text
from trailsleuth.report.explanation import explanation_document, render_explanation

SESSION = "arn:aws:sts::222222222222:assumed-role/Deployer/1772614901412"
TASK = "arn:aws:ecs:eu-west-1:222222222222:task-definition/web:7"
ONE = f"User: {SESSION} is not authorized to perform: ecs:RunTask on resource: {TASK} because no identity-based policy allows the ecs:RunTask action"
TWO = f'User: {SESSION} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" with an explicit deny in a service control policy'
FIELDS = {
    "count",
    "principal",
    "iam_action",
    "resource",
    "effect",
    "policy_type",
    "policy_arn",
    "authorization_id",
    "encoded_message",
    "cause",
    "known_from",
    "event_id",
    "advice",
}


def record(**changes):
    base = {
        "eventVersion": "1.11",
        "eventTime": "2026-05-11T01:59:20Z",
        "eventSource": "ecs.amazonaws.com",
        "eventName": "RunTask",
        "awsRegion": "eu-west-1",
        "eventID": "11111111-1111-4111-8111-111111111111",
        "recipientAccountId": "222222222222",
        "errorCode": "AccessDeniedException",
        "errorMessage": ONE,
        "requestParameters": None,
        "userIdentity": {
            "type": "AssumedRole",
            "arn": SESSION,
            "accountId": "222222222222",
            "accessKeyId": "ASIAEXAMPLEEXAMPLE11",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::222222222222:role/delivery/Deployer", "accountId": "222222222222"}},
        },
    }
    return {**base, **changes}


def explained(text):
    return api.explain(text).denials


def test_one_message_says_who_what_where_and_which_layer():
    (denial,) = explained(ONE)
    assert denial.principal == "arn:aws:iam::222222222222:role/Deployer"
    assert (denial.iam_action, denial.resource) == ("ecs:RunTask", "arn:aws:ecs:eu-west-1:222222222222:task-definition/web:7")
    assert (denial.policy_type, denial.effect, denial.cause) == ("identity", "implicit", "missing_allow")
    assert denial.known_from == {"principal": "message", "iam_action": "message", "resource": "message"}
    assert "Allow for ecs:RunTask" in denial.advice


@pytest.mark.parametrize("separator", ["\n", "\n\n", "\r\n", "\n  \n"])
def test_messages_are_separated_by_lines_or_blank_lines(separator):
    first, second = explained(ONE + separator + TWO)
    assert (first.iam_action, second.iam_action) == ("ecs:RunTask", "s3:GetObject")
    assert (second.cause, second.policy_type) == ("explicit_deny", "scp")
    assert "A Deny in a service control policy" in second.advice


def test_messages_that_a_terminal_wrapped_are_joined_again():
    wrapped = ONE.replace(" on resource", "\non resource").replace(" because", "\n  because")
    (denial,) = explained(wrapped)
    assert (denial.policy_type, denial.resource) == ("identity", "arn:aws:ecs:eu-west-1:222222222222:task-definition/web:7")
    both = explained(wrapped + "\n" + TWO.replace(" with an", "\nwith an"))
    assert [one.policy_type for one in both] == ["identity", "scp"]


def test_a_record_gives_the_role_with_its_path_and_the_event_id():
    (denial,) = explained(json.dumps(record()))
    assert denial.principal == "arn:aws:iam::222222222222:role/delivery/Deployer"
    assert denial.known_from["principal"] == "record"
    assert denial.event_id == "11111111-1111-4111-8111-111111111111"


def test_a_bare_record_takes_the_action_from_its_name_and_the_resource_from_its_request():
    bare = record(
        eventSource="s3.amazonaws.com",
        eventName="GetBucketVersioning",
        errorCode="AccessDenied",
        errorMessage="Access Denied",
        requestParameters={"bucketName": "config-1", "Host": "config-1.s3.eu-west-1.amazonaws.com"},
    )
    (denial,) = explained(json.dumps({"Records": [bare]}))
    assert (denial.iam_action, denial.resource) == ("s3:GetBucketVersioning", "arn:aws:s3:::config-1")
    assert denial.known_from == {"iam_action": "event_name", "resource": "request", "principal": "record"}


def test_a_file_of_records_is_read_in_any_form(tmp_path):
    other = record(errorCode=None, errorMessage=None, eventID="22222222-2222-4222-8222-222222222222")
    path = tmp_path / "trail.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"Records": [record(), other]}).encode()))
    found = api.explain(str(path))
    assert (len(found.denials), found.not_denials, found.unreadable) == (1, 1, 0)
    lines = tmp_path / "messages.txt"
    lines.write_text(f"{ONE}\n{TWO}\n", encoding="utf-8")
    assert len(api.explain(str(lines)).denials) == 2


def test_an_opaque_pipeline_error_gets_advice_and_no_guess():
    (denial,) = explained("The provided role does not have sufficient permissions to access CodeDeploy")
    assert (denial.principal, denial.iam_action, denial.resource, denial.cause) == (None, None, None, "unknown")
    assert "iam:PassRole" in denial.advice
    assert "imageDetail.json" in denial.advice
    assert denial.known_from == {}


def test_a_failed_pipeline_action_is_explained_by_its_own_error():
    actions = {
        "actionExecutionDetails": [
            {
                "pipelineExecutionId": "p-1",
                "actionExecutionId": "a-1",
                "stageName": "Deploy",
                "actionName": "ToEcs",
                "status": "Failed",
                "startTime": "2026-05-11T01:59:00Z",
                "lastUpdateTime": "2026-05-11T02:00:00Z",
                "input": {
                    "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "CodeDeployToECS", "version": "1"},
                    "roleArn": "arn:aws:iam::222222222222:role/Action",
                },
                "output": {
                    "executionResult": {
                        "errorDetails": {"code": "PermissionError", "message": "The provided role does not have sufficient permissions to access CodeDeploy"}
                    }
                },
            }
        ]
    }
    (denial,) = explained(json.dumps(actions))
    assert denial.principal == "arn:aws:iam::222222222222:role/Action"
    assert denial.known_from == {"principal": "record"}


def test_the_operation_in_a_bare_cli_message_tells_the_action():
    (denial,) = explained("An error occurred (AccessDenied) when calling the HeadBucket operation: Access Denied")
    assert (denial.iam_action, denial.known_from) == ("s3:ListBucket", {"iam_action": "event_name"})
    (denial,) = explained(
        "An error occurred (UnauthorizedOperation) when calling the RunInstances operation: You are not authorized to perform this operation."
    )
    assert denial.iam_action == "ec2:RunInstances"


def test_a_service_is_no_principal_to_attach_a_policy_to():
    (denial,) = explained("The role defined for the function cannot be assumed by Lambda.")
    assert (denial.principal, denial.iam_action, denial.cause, denial.policy_type) == (None, "sts:AssumeRole", "untrusted_principal", "trust")
    assert "lambda.amazonaws.com" in denial.advice


def test_refusals_inside_other_json_are_found():
    events = {"StackEvents": [{"ResourceStatusReason": ONE, "LogicalResourceId": "Web"}, {"ResourceStatusReason": "Resource creation Initiated"}]}
    assert [one.iam_action for one in explained(json.dumps(events))] == ["ecs:RunTask"]
    assert [one.iam_action for one in explained(json.dumps({"Message": ONE}))] == ["ecs:RunTask"]
    assert [one.iam_action for one in explained(json.dumps([ONE, TWO]))] == ["ecs:RunTask", "s3:GetObject"]


def test_a_decoded_message_says_what_was_denied():
    context = {"principal": {"id": "AROA:x", "arn": SESSION}, "action": "ec2:RunInstances", "resource": "arn:aws:ec2:eu-west-1:222222222222:instance/*"}
    told = {"allowed": False, "explicitDeny": False, "matchedStatements": {"items": []}, "context": context}
    for text in (
        json.dumps(told, indent=2),
        json.dumps({"DecodedMessage": json.dumps(told)}),
        f"$ aws sts decode-authorization-message\n{json.dumps(told, indent=4)}",
    ):
        (denial,) = api.explain(text).denials
        assert (denial.principal, denial.iam_action) == ("arn:aws:iam::222222222222:role/Deployer", "ec2:RunInstances")
        assert (denial.effect.value, denial.cause.value) == ("implicit", "missing_allow")
    (denial,) = api.explain(json.dumps(told | {"explicitDeny": True})).denials
    assert denial.cause.value == "explicit_deny"
    assert api.explain(json.dumps(told | {"allowed": True})).denials == ()


def test_the_json_document_has_the_fields_of_the_contract():
    document = explanation_document(api.explain(f"{ONE}\n\nRate exceeded"))
    assert set(document) == {"schema", "denials", "not_denials", "unreadable"}
    assert document["schema"] == "trailsleuth.explanation/1"
    assert set(document["denials"][0]) == FIELDS
    assert (document["not_denials"], document["unreadable"]) == (1, 0)
    json.dumps(document)


def test_the_table_says_where_each_thing_is_known_from_and_is_harmless():
    text = render_explanation(api.explain(ONE.replace("1772614901412", "\x1b[31mred")))
    assert "\x1b" not in text
    assert "(from the message)" in text
    assert "ecs:RunTask" in text
    assert "No denial" in render_explanation(api.explain("all is well"))


@pytest.mark.parametrize(("text", "code"), [(ONE, 0), ("Rate exceeded", 1), ("hello", 1), ("", 2), ("missing/evidence.json", 4)])
def test_exit_codes(text, code, capsys):
    assert main(["explain", text, "--output", "json"]) == code
    out = capsys.readouterr().out
    if code in (0, 1):
        assert json.loads(out)["schema"] == "trailsleuth.explanation/1"


def test_binary_files_and_empty_files_are_unreadable(tmp_path):
    noise, empty = tmp_path / "noise", tmp_path / "empty"
    noise.write_bytes(bytes(range(256)) * 10)
    empty.write_bytes(b"")
    assert main(["explain", str(noise)]) == 4
    with pytest.raises(EvidenceUnreadable):
        api.explain(str(empty))
    with pytest.raises(UsageError):
        api.explain("  ")


def test_standard_input_is_read():
    assert len(api.explain("-", stdin=ONE.encode()).denials) == 1


def test_the_consoles_panel_is_read():
    panel = (
        "You don't have permissions to ec2:DescribeInstances. To request access, copy the following text and send it to your AWS administrator.\n\n"
        f"User: {SESSION}\nAction: ec2:DescribeInstances\nOn resource(s): *\nContext: no identity-based policy allows the ec2:DescribeInstances action\n"
    )
    denial = explained(panel)[-1]
    assert (denial.principal, denial.iam_action, denial.resource) == ("arn:aws:iam::222222222222:role/Deployer", "ec2:DescribeInstances", "*")
    assert (denial.policy_type, denial.effect) == ("identity", "implicit")


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"errorCode": "AccessDenied", "errorMessage": ONE}),
        f'"errorCode": "AccessDenied",\n"errorMessage": "{ONE}",',
        f"2026-05-11T01:59:20.000Z ERROR deploy failed: AccessDeniedException: {ONE}",
        f"{{'Error': {{'Code': 'AccessDeniedException', 'Message': '{ONE}'}}}}",
        f"<Error><Code>AccessDenied</Code><Message>{ONE}</Message></Error>",
    ],
    ids=["part of a record", "lines of a record", "log line", "python's dict", "xml"],
)
def test_what_people_paste_instead_of_a_message_is_read(text):
    (denial,) = explained(text)
    assert (denial.iam_action, denial.policy_type) == ("ecs:RunTask", "identity")


def test_a_log_with_two_refusals_in_it_gives_two():
    lines = ["2026-05-11 build started", f"error: {ONE}", "retrying in 5 s", f"error: {TWO}", "2026-05-11 build failed"]
    assert [one.iam_action for one in explained("\n".join(lines))] == ["ecs:RunTask", "s3:GetObject"]


def test_a_wrapper_that_says_of_the_role_alone_that_it_cannot_be_assumed_is_no_second_refusal():
    role = "arn:aws:iam::333333333333:role/deploy"
    sentence = f"User: {SESSION} is not authorized to perform: sts:AssumeRole on resource: {role}"
    text = f"Error: Cannot assume IAM Role\n\nIAM Role ({role}) cannot be assumed.\n\nError: api error AccessDenied: {sentence}"
    (only,) = explain_text(text).denials
    assert (only.principal, only.iam_action, only.resource) == ("arn:aws:iam::222222222222:role/Deployer", "sts:AssumeRole", role)


def test_a_refused_role_session_of_another_role_keeps_its_own_name():
    other = record(errorMessage=ONE.replace("assumed-role/Deployer/", "assumed-role/Other/"))
    (denial,) = explained(json.dumps(other))
    assert denial.principal == "arn:aws:iam::222222222222:role/Other"
    assert denial.known_from["principal"] == "message"


def test_advice_names_the_command_for_an_encoded_message_and_for_an_authorization_id():
    encoded = "You are not authorized to perform this operation. Encoded authorization failure message: " + "aB3_-" * 30
    (denial,) = explained(encoded)
    assert denial.encoded_message == "complete"
    assert "decode-authorization-message" in denial.advice
    (denial,) = explained(f"{ONE}. Go to https://x/iam/home#/authorization-details/1a2b3c for complete details")
    assert denial.authorization_id == "1a2b3c"
    assert "GetRequestAuthorizationDetails" in denial.advice


@settings(max_examples=examples(60), deadline=None)
@given(st.text(max_size=200) | st.lists(st.sampled_from([ONE, TWO, "\n", "{", '"', "Access Denied", "[", "User: "]), max_size=8).map("".join))
def test_no_text_raises(text):
    if text.strip() and text != "-" and "/" not in text[:1]:
        explain_text(text)
