"""A CloudTrail event that somebody cut out and pasted is read as the record that it is."""

from __future__ import annotations

import html
import json
import pprint

import pytest

from trailsleuth import api

SESSION = "arn:aws:sts::210987654321:assumed-role/orders-deployer/build-0042"
ROLE = "arn:aws:iam::210987654321:role/delivery/orders-deployer"
EVENT = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:build-0042",
        "arn": SESSION,
        "accountId": "210987654321",
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE, "accountId": "210987654321"}, "attributes": {"mfaAuthenticated": "false"}},
    },
    "eventTime": "2026-03-03T10:00:05Z",
    "eventSource": "s3.amazonaws.com",
    "eventName": "PutBucketVersioning",
    "awsRegion": "eu-north-1",
    "userAgent": "aws-cli/2.15 Python/3.11",
    "errorCode": "AccessDenied",
    "errorMessage": "Access Denied",
    "requestParameters": {"bucketName": "orders-archive", "Host": "orders-archive.s3.eu-north-1.amazonaws.com", "versioning": ""},
    "responseElements": None,
    "requestID": "0A1B2C",
    "eventID": "9a8b7c6d-1111-4222-8333-444455556666",
    "readOnly": False,
    "recipientAccountId": "210987654321",
}
PRETTY, ONE = json.dumps(EVENT, indent=4), json.dumps(EVENT)
LINES = PRETTY.split("\n")


def yaml_lines(value, indent=0):
    for key, one in value.items():
        if isinstance(one, dict):
            yield " " * indent + f"{key}:"
            yield from yaml_lines(one, indent + 2)
        else:
            yield " " * indent + f"{key}: " + (json.dumps(one) if one in (None, True, False, "") else str(one))


YAML = list(yaml_lines(EVENT))
WHOLE = {
    "prose": f"Hi all,\n\nwe see this event since Monday:\n\n{PRETTY}\n\nDoes anybody know which policy is missing?\n",
    "one line in prose": f"We see this: {ONE} - any ideas?",
    "a fence": f"Event:\n```json\n{PRETTY}\n```\nthanks",
    "a mail's quote": "On Tue Ana wrote:\n" + "\n".join("> " + line for line in LINES),
    "a quote in a quote": "\n".join(">> " + line for line in LINES),
    "a chat": "\n".join("&gt; " + html.escape(line) for line in LINES),
    "entities": html.escape(PRETTY),
    "curly quotes": PRETTY.replace('"', "”"),
    "no-break spaces": PRETTY.replace("    ", "\u00a0\u00a0\u00a0\u00a0"),
    "docker compose": "\n".join("trail-1  | " + line for line in LINES),
    "a log's times": "\n".join("2026-03-03T10:00:06.123Z " + line for line in LINES),
    "a log line": f"2026-03-03T10:00:06Z INFO received {ONE}",
    "without its beginning": "\n".join(LINES[3:]),
    "YAML": "\n".join(YAML),
    "a list in YAML": "\n".join(("- " if number == 0 else "  ") + line for number, line in enumerate(YAML)),
    "YAML in a fence": "```yaml\n" + "\n".join(YAML) + "\n```",
    "a dict of Python": f"DEBUG event = {EVENT!r}",
    "pprint": pprint.pformat(EVENT),
    "JSON in JSON": json.dumps({"CloudTrailEvent": ONE}),
    "JSON in JSON in prose": f'the detail is "CloudTrailEvent": {json.dumps(ONE)}, and so on',
}


def told(text):
    return [(one.principal, one.iam_action, one.resource, one.event_id) for one in api.explain("-", stdin=text.encode()).denials]


@pytest.mark.parametrize("form", WHOLE)
def test_a_whole_event_is_read_through_its_form(form):
    assert told(WHOLE[form]) == [(ROLE, "s3:PutBucketVersioning", "arn:aws:s3:::orders-archive", EVENT["eventID"])]


@pytest.mark.parametrize("text", ["\n".join(LINES[:-5]), ONE[: ONE.index("responseElements") + 20], PRETTY[: PRETTY.index('"Host"') + 12]])
def test_an_event_without_its_end_is_read_as_far_as_it_goes(text):
    assert told(text) == [(ROLE, "s3:PutBucketVersioning", "arn:aws:s3:::orders-archive", None)]


def test_an_event_whose_caller_is_cut_off_names_none():
    start = next(number for number, line in enumerate(LINES) if "eventTime" in line)
    assert told("\n".join(LINES[start:])) == [(None, "s3:PutBucketVersioning", "arn:aws:s3:::orders-archive", EVENT["eventID"])]


@pytest.mark.parametrize("between", ["\n", ": ", "\t"])
def test_the_consoles_page_of_an_event_is_read(between):
    labels = ("Event name", "Event source", "Error code", "Error message", "Event ID", "AWS region")
    values = (EVENT["eventName"], EVENT["eventSource"], "AccessDenied", "Access Denied", EVENT["eventID"], "eu-north-1")
    text = "Details\nUser name\nbuild-0042\n" + "\n".join(f"{label}{between}{value}" for label, value in zip(labels, values, strict=True))
    assert told(text) == [(None, "s3:PutBucketVersioning", None, EVENT["eventID"])]


def test_two_events_are_two_and_a_success_is_none():
    other = {**EVENT, "eventName": "PutBucketTagging", "eventID": "1a8b7c6d-1111-4222-8333-444455556666"}
    fine = {key: value for key, value in EVENT.items() if not key.startswith("error")}
    text = "\n\n".join("seen:\n" + "\n".join(yaml_lines(one)) for one in (EVENT, other, fine))
    assert [action for _, action, _, _ in told(text)] == ["s3:PutBucketVersioning", "s3:PutBucketTagging"]


def test_equal_records_are_listed_once_with_their_count():
    again = {**EVENT, "eventID": "1a8b7c6d-1111-4222-8333-444455556666"}
    (denial,) = api.explain("-", stdin=json.dumps({"Records": [EVENT, again]}).encode()).denials
    assert denial.count == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "cp1252"])
def test_texts_of_other_encodings_are_read(encoding):
    text = f"Fehler für ‚orders‘: User: {SESSION} is not authorized to perform: ecs:RunTask on resource: * with an explicit deny in an identity-based policy"
    (denial,) = api.explain("-", stdin=text.encode(encoding)).denials
    assert (denial.iam_action, denial.effect) == ("ecs:RunTask", "explicit")
