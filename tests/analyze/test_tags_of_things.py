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
