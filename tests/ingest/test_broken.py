"""Broken, cut, forged and absurd input: all that is readable is kept, the rest is counted."""

from __future__ import annotations

import json
import time

import pytest

from tests.ingest.build import a_denial, a_record, ids, read, reasons

FIVE = [a_record(number) for number in range(5)]


@pytest.mark.parametrize(
    "wrap", [lambda r: {"Records": r}, lambda r: r, lambda r: {"NextToken": "x", "Events": [{"CloudTrailEvent": json.dumps(x)} for x in r]}]
)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_cut_list_keeps_the_records_before_the_cut(wrap: object, indent: int | None) -> None:
    text = json.dumps(wrap(FIVE), indent=indent)
    evidence = read(text[: text.index("e-0003")])
    assert ids(evidence) == ["e-0000", "e-0001", "e-0002"]
    assert evidence.coverage.unreadable == 1
    assert "broken at character" in reasons(evidence)


def test_a_list_cut_between_two_records_is_said_to_break_off() -> None:
    text = json.dumps({"Records": FIVE})
    evidence = read(text[: text.rindex(', {"eventVersion"')])
    assert len(evidence.records) == 4
    assert "is cut short after 4 members" in reasons(evidence)


def test_a_broken_record_in_the_middle_costs_only_itself() -> None:
    text = json.dumps({"Records": FIVE}).replace('"eventID": "e-0002"', '"eventID": oops')
    evidence = read(text)
    assert ids(evidence) == ["e-0000", "e-0001", "e-0003", "e-0004"]
    assert evidence.coverage.unreadable == 1


def test_a_broken_line_costs_only_itself() -> None:
    lines = [json.dumps(record) for record in FIVE]
    lines[1] = lines[1][:-20]
    lines[3] = "garbage"
    evidence = read("\n".join(lines))
    assert ids(evidence) == ["e-0000", "e-0002", "e-0004"]
    assert evidence.coverage.unreadable == 2


def test_a_broken_first_line_costs_only_itself() -> None:
    lines = [json.dumps(record) for record in FIVE]
    lines[0] = lines[0][:-20]
    evidence = read("\n".join(lines))
    assert ids(evidence) == ["e-0001", "e-0002", "e-0003", "e-0004"]
    assert evidence.coverage.unreadable == 1


def test_a_record_inside_lookup_events_that_is_cut_is_counted() -> None:
    text = json.dumps(a_record(1))
    evidence = read({"Events": [{"EventId": "x", "CloudTrailEvent": text[:-9]}, {"EventId": "y", "CloudTrailEvent": text}]})
    assert (len(evidence.records), evidence.coverage.unreadable) == (1, 1)


@pytest.mark.parametrize("member", [None, 7, True, "text", [], {}, {"foo": 1}, {"eventVersion": "1.11"}, {"eventTime": "2026-03-04T09:00:00Z"}])
def test_a_member_of_records_that_is_none_is_accounted_for(member: object) -> None:
    evidence = read({"Records": [a_record(1), member]})
    assert ids(evidence) == ["e-0001"]
    assert evidence.coverage.unreadable + len(evidence.coverage.skipped) >= 1


def test_a_second_error_code_hides_no_denial() -> None:
    text = json.dumps({"Records": [a_denial(1), a_record(2)]})
    for hiding in (
        '"errorCode": "AccessDenied", "errorCode": null',
        '"errorCode": "AccessDenied", "error\\u0043ode": null',
        '"errorCode": null, "errorCode": "AccessDenied"',
    ):
        evidence = read(text.replace('"errorCode": "AccessDenied"', hiding))
        assert evidence.records[0].error_code == "AccessDenied"
        assert evidence.coverage.denied == 1
        assert "repeated in one object of record e-0001" in reasons(evidence)
        assert "errorCode" in reasons(evidence)


def test_error_codes_inside_an_answer_are_no_repetition() -> None:
    evidence = read({"Records": [a_record(1, responseElements={"failures": [{"errorCode": "x", "errorMessage": "y"}, {"errorCode": "z"}]})]})
    assert evidence.coverage.skipped == ()


def test_a_repeated_key_in_the_text_of_lookup_events_is_noticed() -> None:
    text = json.dumps(a_denial(1))[:-1] + ', "errorCode": null, "errorMessage": null}'
    evidence = read({"Events": [{"CloudTrailEvent": text}]})
    assert evidence.coverage.denied == 1
    assert "repeated" in reasons(evidence)


def test_differing_copies_of_a_record_keep_the_refused_one() -> None:
    for order in ([a_record(1), a_denial(1)], [a_denial(1), a_record(1)]):
        evidence = read(*order)
        assert (evidence.coverage.denied, evidence.coverage.duplicates) == (1, 1)
        assert "the copies of record e-0001 differ" in reasons(evidence)


@pytest.mark.parametrize("depth", [200, 2_000, 1_000_000])
def test_deep_nesting_is_unreadable_and_harms_no_neighbour(depth: int) -> None:
    deep = json.dumps(a_record(1)).replace('{"cluster": "web"}', '{"a":' * depth + "1" + "}" * depth)
    evidence = read("[" + ",".join([json.dumps(a_record(0)), deep, json.dumps(a_record(2))]) + "]")
    assert ids(evidence) == ["e-0000", "e-0002"]
    assert evidence.coverage.unreadable == 1
    assert "nested" in reasons(evidence)


@pytest.mark.parametrize("text", ["[" * 1_000_000, '{"a":' * 1_000_000, '{"eventVersion":' * 200_000, '[{"eventVersion":"' * 100_000, '{"Records":[' * 100_000])
def test_absurd_input_ends_quickly(text: str) -> None:
    start = time.perf_counter()
    evidence = read(text)
    assert evidence.records == ()
    assert reasons(evidence)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("1e999", "1e999"),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("9" * 5000, "9" * 5000),
        ('"\\ud800"', "\ufffd"),
        ('"\\\\ud800"', "\\ud800"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"a\\u0000b"', "a\x00b"),
        ('"tab\there"', "tab\there"),
    ],
)
def test_odd_values_are_kept_in_a_form_that_can_be_written(written: str, value: object) -> None:
    evidence = read('{"Records": [' + json.dumps(a_denial(1)).replace('"requestParameters": null', f'"requestParameters": {{"x": {written}}}') + "]}")
    (record,) = evidence.records
    assert record.request["x"] == value
    json.dumps(record.payload, ensure_ascii=False).encode()
    assert record.denial is not None


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    data = json.dumps({"Records": [a_record(1, userAgent="XX")]}).encode().replace(b"XX", b"a\xffb")
    assert read(data).records[0].user_agent == "a\ufffdb"


def test_a_hundred_megabyte_string_is_read() -> None:
    evidence = read({"Records": [a_denial(1, userAgent="x" * 20_000_000)]})
    assert evidence.coverage.denied == 1


def test_many_reasons_are_listed_up_to_a_limit_and_counted_beyond() -> None:
    evidence = read("\n".join([json.dumps(a_record(1))] + [f"bad {number}" for number in range(100)]))
    assert evidence.coverage.unreadable == 100
    assert len(evidence.coverage.skipped) == 21
    assert evidence.coverage.skipped[-1].reason == "and 80 more"


@pytest.mark.parametrize(
    "hiding",
    [
        '"type": "AssumedRole", "type": "Root"',
        '"type" : "Root", "type": "AssumedRole"',
        '"type":"x\\u0022:", "type": "AssumedRole"',
        '"type": "AssumedRole", "ty\\u0070e": "Root"',
        '"type"\t: "Root", "type": "AssumedRole"',
        '"type":"x\\"\\u003a", "type": "AssumedRole"',
    ],
)
def test_any_repeated_key_is_noticed_however_it_is_written(hiding: str) -> None:
    text = json.dumps({"Records": [a_denial(1), a_record(2)]}).replace('"type": "AssumedRole"', hiding, 1)
    assert "may hide something: type" in reasons(read(text))
    assert "may hide something: type" in reasons(read({"Events": [{"CloudTrailEvent": text}]}))


def test_broken_text_that_is_no_trail_counts_as_no_lost_record() -> None:
    evidence = read('{"a": 1, // comment\n"b"}', '# Notes\nsave it as {"Records": [...]}\n', '{"pipeline": {"name": "web", "sta')
    assert evidence.coverage.unreadable == 0
    assert len(evidence.coverage.skipped) == 3


def test_a_reason_tells_whether_evidence_may_be_missing() -> None:
    whole = json.dumps({"Records": FIVE})
    cut = read(whole[: whole.rindex(', {"eventVersion"')])
    assert [skipped.lost for skipped in cut.coverage.skipped] == [True]
    noise = read({"some": "thing"}, "hello", [a_record(1, eventSource="aws:s3")], json.dumps(a_denial(1))[:-1] + ', "errorCode": null}')
    assert len(noise.coverage.skipped) == 4
    assert not any(skipped.lost for skipped in noise.coverage.skipped)
