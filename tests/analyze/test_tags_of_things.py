"""The tags of a thing that other calls show decide conditions that the denied record leaves open; nothing is concluded from a tag that is not seen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trail import B, allow, call, diagnose, refused, role, session, snapshot
from trailsleuth.model import CaseFile

WORKER, OTHER = role("mill/Worker"), role("mill/Platform")
QUEUE = f"arn:aws:sqs:eu-west-1:{B}:inbox"
URL = f"https://sqs.eu-west-1.amazonaws.com/{B}/inbox"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{B}:secret:db-Ab1Cd2"
INSTANCE = f"arn:aws:ec2:eu-west-1:{B}:instance/i-0123456789abcdef0"
CONDITION = {"StringEquals": {"aws:ResourceTag/team": "loom"}}


def case(action: str, thing: str, *before: dict[str, Any]) -> CaseFile:
    service, _, name = action.partition(":")
    held = snapshot((WORKER, [{**allow(action), "Condition": CONDITION}], []))
    return diagnose([*before, refused(session(WORKER), service, name, action, thing, second=50)], held)


def by(service: str, name: str, second: float, request: dict[str, Any], response: dict[str, Any] | None = None) -> dict[str, Any]:
    return call(session(OTHER), service, name, second, account=B, request=request, response=response)


def told(found: CaseFile) -> str:
    return found.findings[0].explanation


PRESS = [{"key": "team", "value": "press"}]
CALLS = {
    "made with": ("sqs:SendMessage", QUEUE, by("sqs", "CreateQueue", 1, {"queueName": "inbox", "tags": {"team": "press"}}, {"queueUrl": URL})),
    "tagged": ("sqs:SendMessage", QUEUE, by("sqs", "TagQueue", 1, {"queueUrl": URL, "tags": {"team": "press"}})),
    "TagResource": ("secretsmanager:GetSecretValue", SECRET, by("secretsmanager", "TagResource", 1, {"secretId": SECRET, "tags": PRESS})),
    "CreateTags": (
        "ec2:StopInstances",
        INSTANCE,
        by("ec2", "CreateTags", 1, {"resourcesSet": {"items": [{"resourceId": INSTANCE.rpartition("/")[2]}]}, "tagSet": {"items": PRESS}}),
    ),
}


@pytest.mark.parametrize("kind", CALLS)
def test_a_tag_that_another_call_shows_is_known_with_its_source(kind: str) -> None:
    action, thing, shown = CALLS[kind]
    assert "team=press" in told(case(action, thing, shown))
    assert f"record {shown['eventID']}" in told(case(action, thing, shown))
    assert "the trail does not show the value" in told(case(action, thing))
    assert "the trail does not show the value" not in told(case(action, thing, shown))


def test_the_latest_tag_before_the_denial_stands() -> None:
    first, then = (by("sqs", "TagQueue", second, {"queueUrl": URL, "tags": {"team": value}}) for second, value in ((1, "press"), (2, "dye")))
    later = by("sqs", "TagQueue", 59, {"queueUrl": URL, "tags": {"team": "loom"}})
    said = told(case("sqs:SendMessage", QUEUE, first, then, later))
    assert "team=dye" in said
    assert "team=press" not in said
    assert "team=loom" not in said


def test_after_tags_are_taken_away_nothing_is_known() -> None:
    first, gone = by("sqs", "TagQueue", 1, {"queueUrl": URL, "tags": {"team": "press"}}), by("sqs", "UntagQueue", 2, {"queueUrl": URL, "tagKeys": ["team"]})
    assert "the trail does not show the value" in told(case("sqs:SendMessage", QUEUE, first, gone))


def test_tags_of_other_things_and_of_other_types_say_nothing() -> None:
    beside = by("sqs", "TagQueue", 1, {"queueUrl": f"{URL}-2", "tags": {"team": "press"}})
    assert "the trail does not show the value" in told(case("sqs:SendMessage", QUEUE, beside))
    volume = {"tagSpecificationSet": {"items": [{"resourceType": "volume", "tags": PRESS}]}}
    made = by("ec2", "RunInstances", 1, volume, {"instancesSet": {"items": [{"instanceId": INSTANCE.rpartition("/")[2]}]}})
    assert "the trail does not show the value" in told(case("ec2:StopInstances", INSTANCE, made))
    failed = {**by("sqs", "TagQueue", 1, {"queueUrl": URL, "tags": {"team": "press"}}), "errorCode": "ThrottlingException"}
    assert "the trail does not show the value" in told(case("sqs:SendMessage", QUEUE, failed))


TAGS = [{"Key": "team", "Value": "press"}, {"Key": "stage", "Value": "beta"}]
SAVED = {
    "get-resources": ("sqs:SendMessage", QUEUE, {"ResourceTagMappingList": [{"ResourceARN": QUEUE, "Tags": TAGS}, {"ResourceARN": SECRET, "Tags": []}]}),
    "the wrapper": ("sqs:SendMessage", QUEUE, {"ResourceArn": QUEUE, "Tags": {"team": "press"}}),
    "describe-secret": ("secretsmanager:GetSecretValue", SECRET, {"ARN": SECRET, "RotationLambdaARN": f"{QUEUE}:x", "Name": "db", "Tags": TAGS}),
    "ec2 describe-tags": (
        "ec2:StopInstances",
        INSTANCE,
        {"Tags": [{"Key": "team", "ResourceId": INSTANCE.rpartition("/")[2], "ResourceType": "instance", "Value": "press"}]},
    ),
    "describe-instances": (
        "ec2:StopInstances",
        INSTANCE,
        {"Reservations": [{"OwnerId": B, "Instances": [{"InstanceId": INSTANCE.rpartition("/")[2], "ImageId": "ami-0123456789abcdef0", "Tags": TAGS}]}]},
    ),
    "describe-db-instances": (
        "rds:StopDBInstance",
        f"arn:aws:rds:eu-west-1:{B}:db:press",
        {"DBInstances": [{"DBInstanceArn": f"arn:aws:rds:eu-west-1:{B}:db:press", "MonitoringRoleArn": OTHER, "Endpoint": {}, "TagList": TAGS}]},
    ),
    "get-function": (
        "lambda:UpdateFunctionCode",
        f"arn:aws:lambda:eu-west-1:{B}:function:press",
        {"Configuration": {"FunctionArn": f"arn:aws:lambda:eu-west-1:{B}:function:press", "Role": OTHER}, "Code": {}, "Tags": {"team": "press"}},
    ),
    "Config": ("sqs:SendMessage", QUEUE, {"configurationItems": [{"arn": QUEUE, "resourceType": "AWS::SQS::Queue", "tags": {"team": "press"}}]}),
}


def with_saved(action: str, thing: str, *answers: object, before: tuple[dict[str, Any], ...] = ()) -> CaseFile:
    service, _, name = action.partition(":")
    held = snapshot((WORKER, [{**allow(action), "Condition": CONDITION}], []))
    return diagnose([*before, refused(session(WORKER), service, name, action, thing, second=50)], held, *answers)


@pytest.mark.parametrize("kind", SAVED)
def test_a_tag_in_a_saved_answer_is_known_with_its_source(kind: str) -> None:
    action, thing, answer = SAVED[kind]
    found = with_saved(action, thing, answer)
    assert found.coverage.skipped == ()
    assert "team=press (" in told(found)
    assert "aws:ResourceTag/team StringEquals loom: the request had press" in told(found)
    assert "the trail does not show the value" in told(with_saved(action, thing))


def test_what_a_call_set_before_the_denial_stands_and_what_one_set_after_it_says_that_the_answer_is_younger() -> None:
    _, _, saved = SAVED["get-resources"]
    before, later = (by("sqs", "TagQueue", second, {"queueUrl": URL, "tags": {"team": "dye"}}) for second in (1, 59))
    gone = by("sqs", "UntagQueue", 2, {"queueUrl": URL, "tagKeys": ["stage"]})
    assert "team=dye (record" in told(with_saved("sqs:SendMessage", QUEUE, saved, before=(before,)))
    unknown = told(with_saved("sqs:SendMessage", QUEUE, saved, before=(later,)))
    assert "team=" not in unknown
    assert "stage=beta" in unknown
    assert "press" not in told(with_saved("sqs:SendMessage", QUEUE, saved, before=(gone,)))


def test_answers_that_differ_and_tags_of_nobody_say_nothing() -> None:
    other = {"ResourceArn": QUEUE, "Tags": {"team": "dye"}}
    assert "team=" not in told(with_saved("sqs:SendMessage", QUEUE, SAVED["the wrapper"][2], other))
    nobody = with_saved("sqs:SendMessage", QUEUE, {"Tags": TAGS})
    assert "team=" not in told(nobody)
    assert any('{"ResourceArn": ARN, "Tags"' in one.reason for one in nobody.coverage.skipped)


def test_tags_beside_a_record_in_an_envelope_do_not_keep_it_from_being_read() -> None:
    record = refused(session(WORKER), "sqs", "SendMessage", "sqs:SendMessage", QUEUE)
    envelope = {"resource_arn": QUEUE, "tags": {"team": "press"}, "payload": record}
    found = diagnose([], envelope)
    assert [finding.iam_action for finding in found.findings] == ["sqs:SendMessage"]


def test_the_tags_that_would_decide_are_asked_for_and_then_no_more() -> None:
    def asked(found: CaseFile) -> list[str]:
        return [question.command for question in found.questions if "get-resources" in question.command]

    action, thing, answer = SAVED["get-resources"]
    (command,) = asked(with_saved(action, thing))
    assert f"--resource-arn-list {QUEUE} " in command
    assert asked(with_saved(action, thing, answer)) == []
