from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.report.build import a_delta, a_finding, a_quiet_case, the_founding_case
from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.report.document import case_document, plain, read_document, utc
from trailsleuth.report.json import render_json

TEXT, NUMBER, LIST, MAP = str, int, list, dict
MAYBE = (str, type(None))

# Field by field what the contract of the document promises, in its order.
CONTRACT = {
    "": {
        "schema": TEXT,
        "outcome": TEXT,
        "summary": TEXT,
        "execution": (dict, type(None)),
        "chains": LIST,
        "findings": LIST,
        "deltas": LIST,
        "background": LIST,
        "questions": LIST,
        "coverage": MAP,
        "knowledge": LIST,
    },
    "execution": dict.fromkeys(
        ["pipeline", "execution_id", "stage", "action", "provider", "error_code", "error_message", "service_role", "action_role", "started", "ended"], MAYBE
    ),
    "chains": {"hops": LIST, "calls": NUMBER, "denied": NUMBER},
    "hops": dict.fromkeys(["role", "session_name", "access_key_id", "assumed_by", "event_id", "account"], MAYBE),
    "findings": {
        "id": TEXT,
        "rank": NUMBER,
        "group": NUMBER,
        "standing": TEXT,
        "basis": TEXT,
        "cause": TEXT,
        "policy_types": LIST,
        "policy_arn": MAYBE,
        "principal": MAYBE,
        "principal_account": MAYBE,
        "iam_action": MAYBE,
        "resource": MAYBE,
        "resource_account": MAYBE,
        "conditions": MAP,
        "explanation": TEXT,
        "advice": MAYBE,
        "first_seen": MAYBE,
        "last_seen": MAYBE,
        "count": NUMBER,
        "evidence": LIST,
    },
    "evidence": {
        "event_id": TEXT,
        "event_time": TEXT,
        "account": MAYBE,
        "region": TEXT,
        "event_source": TEXT,
        "event_name": TEXT,
        "error_code": MAYBE,
        "error_message": MAYBE,
        "source": TEXT,
        "position": NUMBER,
    },
    "deltas": {
        "policy_type": TEXT,
        "account": MAYBE,
        "attach_to": MAYBE,
        "document": MAP,
        "remove": LIST,
        "finding_ids": LIST,
        "placeholders": LIST,
        "warnings": LIST,
        "proof": (dict, type(None)),
    },
    "document": {"Version": TEXT, "Statement": LIST},
    "placeholders": {"name": TEXT, "why": TEXT, "how_to_find": TEXT},
    "proof": {"sufficient": (bool, type(None)), "minimal": (bool, type(None)), "harmless": (bool, type(None)), "undecided": LIST},
    "background": {"principal": MAYBE, "call": TEXT, "error_code": MAYBE, "count": NUMBER, "first_seen": TEXT, "last_seen": TEXT},
    "questions": {"account": MAYBE, "wanted": TEXT, "because": TEXT, "command": TEXT},
    "coverage": {
        "accounts": LIST,
        "records_read": NUMBER,
        "duplicates": NUMBER,
        "denied": NUMBER,
        "unreadable": NUMBER,
        "skipped": LIST,
        "gaps": LIST,
        "inputs": LIST,
    },
    "accounts": {"account": TEXT, "regions": LIST, "first_event": MAYBE, "last_event": MAYBE, "records": NUMBER},
    "skipped": {"source": TEXT, "reason": TEXT},
    "gaps": {"account": MAYBE, "region": MAYBE, "from": MAYBE, "to": MAYBE, "why": TEXT},
    "inputs": {"path": TEXT, "sha256": TEXT, "bytes": NUMBER},
    "knowledge": {"source": TEXT, "version": TEXT, "date": TEXT},
}


def objects(value, name=""):
    """Every object of the document with the field that holds it; policy statements are free in form."""
    if isinstance(value, dict):
        yield name, value
        for key, member in value.items():
            if key not in {"conditions", "Statement", "remove"}:
                yield from objects(member, key)
    elif isinstance(value, list):
        for member in value:
            yield from objects(member, name)


def test_every_field_of_the_contract_is_there_in_order_and_of_its_type():
    document = json.loads(render_json(case_document(the_founding_case())))
    seen = set()
    for name, value in objects(document):
        seen.add(name)
        assert list(value) == list(CONTRACT[name]), name
        for field, kind in CONTRACT[name].items():
            assert isinstance(value[field], kind), (name, field)
            assert not (kind is NUMBER and isinstance(value[field], bool)), (name, field)
    assert seen == set(CONTRACT)


def test_a_case_without_anything_has_nulls_and_empty_lists():
    document = case_document(a_quiet_case())
    assert document["schema"] == "trailsleuth.case/2"
    assert document["outcome"] == "no_denial_found"
    assert document["execution"] is None
    assert document["chains"] == document["findings"] == document["deltas"] == document["questions"] == []


def test_a_delta_is_a_whole_policy_document_and_an_unproven_one_says_null():
    delta = case_document(the_founding_case())["deltas"][0]
    assert delta["document"]["Version"] == "2012-10-17"
    assert delta["document"]["Statement"][0] == {"Effect": "Allow", "Action": "ecs:RegisterTaskDefinition", "Resource": "*"}
    from msgspec.structs import replace

    assert case_document(replace(the_founding_case(), deltas=(a_delta(proof=None),)))["deltas"][0]["proof"] is None


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (None, None),
        (datetime(2026, 3, 4, 9, tzinfo=UTC), "2026-03-04T09:00:00Z"),
        (datetime(2026, 3, 4, 9), "2026-03-04T09:00:00Z"),  # noqa: DTZ001 (a time without a zone is the point)
        (datetime(2026, 3, 4, 11, tzinfo=timezone(timedelta(hours=2))), "2026-03-04T09:00:00Z"),
        (datetime(2026, 3, 4, 9, 0, 0, 123000, tzinfo=UTC), "2026-03-04T09:00:00.123Z"),
        (datetime(2026, 3, 4, 9, 0, 0, 1, tzinfo=UTC), "2026-03-04T09:00:00.000001Z"),
    ],
)
def test_times_are_utc_with_a_z(moment, text):
    assert utc(moment) == text


def test_values_that_json_lacks_become_text_or_sorted_lists():
    assert plain({"a": (1, 2.5, float("inf"), {"b", "a"}, b"x", a_finding().cause)}) == {"a": [1, 2.5, "inf", ["a", "b"], "b'x'", "missing_allow"]}


def test_json_is_ascii_and_reads_back_as_the_same_document():
    document = case_document(the_founding_case())
    document["summary"] = "Rôle \u202e \ud800 \x1b[31m"
    text = render_json(document)
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text) == document


def test_a_saved_document_is_read_back():
    document = case_document(the_founding_case())
    assert read_document(render_json(document), source="case.json") == document


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "schema"),
        ('{"schema": "trailsleuth.case/9"}', "schema"),
        ('{"schema": "trailsleuth.case/2"}', "missing"),
        (b"\xff\xfe\x00", "not JSON"),
    ],
)
def test_what_is_no_saved_document_is_refused_with_the_reason(text, why):
    with pytest.raises(EvidenceUnreadable) as refused:
        read_document(text, source="case.json")
    assert why in refused.value.why
