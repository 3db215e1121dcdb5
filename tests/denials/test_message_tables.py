"""Every row of the message tables reads its own examples and leaves its counter-examples alone."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from trailsleuth.catalog.messages import clauses, code_row, code_rows, compiled, is_echo, message_forms, opaque_error, opaque_errors
from trailsleuth.ingest.denials import read_denial


def table(name):
    return tomllib.loads(resources.files("trailsleuth.catalog").joinpath("data", name).read_text(encoding="utf-8"))


MESSAGES = table("denial_messages.toml")
CODES = table("denied_codes.toml")["code"]
CARRIERS, ECHOES = table("denied_codes.toml")["carrier"], table("denied_codes.toml")["echo"]
OPAQUE = table("opaque_errors.toml")["error"]
EXAMPLES = [(row["id"], example) for row in MESSAGES["message"] for example in row["examples"]]
COUNTERS = [(row["id"], text) for row in MESSAGES["message"] for text in row["counters"]]


def read(text, code=None, source=""):
    return read_denial(code, text, event_source=source, event_name="")


@pytest.mark.parametrize(("row_id", "example"), EXAMPLES, ids=[f"{i}-{n}" for n, (i, _) in enumerate(EXAMPLES)])
def test_every_form_reads_its_own_examples(row_id, example):
    row = next(r for r in MESSAGES["message"] if r["id"] == row_id)
    denial = read_in_a_record(example) if row.get("recorded") else read(example["text"], example.get("code"), example.get("source", ""))
    if row.get("refused") is False:
        assert denial is None
        return
    assert denial is not None
    assert denial.pattern_id == row_id
    for name, value in example.items():
        if name not in ("text", "code", "source"):
            assert getattr(denial, name) == (tuple(value) if isinstance(value, list) else value), name


@pytest.mark.parametrize(("row_id", "text"), COUNTERS, ids=[f"{i}-{n}" for n, (i, _) in enumerate(COUNTERS)])
def test_no_form_reads_its_counter_examples(row_id, text):
    denial = read(text, "AccessDenied")
    assert denial is not None
    assert denial.pattern_id != row_id
    plain = read(text)
    assert plain is None or plain.pattern_id != row_id


@pytest.mark.parametrize("row", MESSAGES["clause"], ids=lambda row: row["id"])
def test_every_clause_decides_its_example_alone(row):
    clause = next(c for c in clauses() if c.id == row["id"])
    assert clause.text in row["example"].lower()
    assert clause.text not in row["counter"].lower()
    denial = read(row["example"], "AccessDenied")
    assert denial is not None
    for name, value in row["fixed"].items():
        assert getattr(denial, name) == value


@pytest.mark.parametrize("row", CODES, ids=lambda row: row["id"])
def test_every_code_row_knows_its_codes(row):
    for code in row["examples"]:
        found = code_row(code)
        assert found is not None
        assert found.id == row["id"], code
    for code in row["counters"]:
        other = code_row(code)
        assert other is None or other.id != row["id"], code


def read_in_a_record(example):
    return read_denial(example["code"], example["text"], event_source="", event_name="", of_record=True)


@pytest.mark.parametrize("row", CARRIERS, ids=lambda row: row["id"])
def test_a_code_of_another_error_carries_what_its_row_says(row):
    denial = read_in_a_record(row["example"])
    assert denial is not None
    assert denial.pattern_id == row["example"]["form"]
    assert read_in_a_record(row["counter"]) is None


@pytest.mark.parametrize("row", ECHOES, ids=lambda row: row["id"])
def test_what_a_service_repeats_is_known_as_such(row):
    assert is_echo(row["example"])
    assert not is_echo(row["counter"])


@pytest.mark.parametrize(("row_id", "example"), [(i, e) for i, e in EXAMPLES if e.get("code")], ids=lambda value: value if isinstance(value, str) else "")
def test_a_record_with_the_code_of_the_example_reads_the_same(row_id, example):
    text, code = example["text"], example["code"]
    recorded = any(row["id"] == row_id and row.get("recorded") for row in MESSAGES["message"])
    assert read_in_a_record(example) == (read_denial(code, text, event_source="", event_name="", of_record=True) if recorded else read(text, code))


@pytest.mark.parametrize("row", OPAQUE, ids=lambda row: row["id"])
def test_every_opaque_text_is_found_and_told_apart(row):
    found = opaque_error(f"Action failed: {row['example']} (more text)")
    assert found is not None
    assert found.id == row["id"]
    other = opaque_error(row["counter"])
    assert other is None or other.id != row["id"]


def test_rows_have_unique_ids_a_source_a_date_examples_and_counters():
    for rows in (MESSAGES["message"], MESSAGES["clause"], CODES, CARRIERS, ECHOES, OPAQUE):
        assert len({row["id"] for row in rows}) == len(rows)
        for row in rows:
            assert row["source"]
            assert row["verified"]
            assert row.get("examples") or row.get("example")
            assert row.get("counters") or row.get("counter")


def test_actions_and_policy_types_of_the_rows_exist():
    from trailsleuth.catalog.actions import spelling
    from trailsleuth.model import Cause, PolicyType

    for form in message_forms():
        action = form.fixed.get("iam_action", "")
        assert "{" in action or not action or spelling(action) == action, form.id
        assert all(spelling(other) == other for other in form.fixed.get("other_actions", ())), form.id
        assert not form.fixed.get("policy_type") or PolicyType(form.fixed["policy_type"])
        assert not form.fixed.get("cause") or Cause(form.fixed["cause"])
    for entry in MESSAGES["api_name"]:
        assert spelling(entry["iam_action"]) == entry["iam_action"]


def test_anchors_are_lower_case_and_rows_are_ordered():
    forms = message_forms()
    assert [form.rank for form in forms] == sorted(form.rank for form in forms)
    for form in forms:
        assert all(anchor == anchor.lower() for anchor in form.anchors)
    assert len(code_rows()) > 10
    assert len(opaque_errors()) >= 1


@pytest.mark.parametrize("form", [form for form in message_forms() if form.pattern], ids=lambda form: form.id)
def test_no_pattern_matches_where_nothing_stands(form):
    assert compiled(form.pattern).search("") is None
    assert compiled(form.pattern).search("nothing of the kind") is None
