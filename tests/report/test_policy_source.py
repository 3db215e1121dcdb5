from __future__ import annotations

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.build import DEPLOY_ROLE, SERVICE_ROLE
from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.report.policy_source import delta_for, patch, place_in, read_policy_source

ALLOW = {"Effect": "Allow", "Action": "ecs:RunTask", "Resource": "*"}
DENY = {"Sid": "No", "Effect": "Deny", "Action": "ecs:*", "Resource": "*"}
TRUST = {"Effect": "Allow", "Principal": {"AWS": SERVICE_ROLE}, "Action": "sts:AssumeRole"}


def a_delta(*, kind="identity", add=(), remove=(), to=DEPLOY_ROLE):
    return {
        "policy_type": kind,
        "account": "444455556666",
        "attach_to": to,
        "document": {"Version": "2012-10-17", "Statement": list(add)},
        "remove": list(remove),
        "finding_ids": ["f-1"],
        "placeholders": [],
        "proof": None,
    }


def patched(text, delta):
    return patch(read_policy_source(text, path="p.json"), delta)


def statements(text):
    held = json.loads(text)["Statement"]
    return held if isinstance(held, list) else [held]


LAYOUTS = {
    "two blanks": json.dumps({"Version": "2012-10-17", "Statement": [DENY, TRUST]}, indent=2),
    "four blanks": json.dumps({"Version": "2012-10-17", "Statement": [DENY, TRUST]}, indent=4),
    "tabs": json.dumps({"Version": "2012-10-17", "Statement": [DENY, TRUST]}, indent="\t"),
    "one line": json.dumps({"Statement": [DENY, TRUST], "Version": "2012-10-17"}),
    "one statement": json.dumps({"Version": "2012-10-17", "Statement": DENY}, indent=2),
    "no statement": '{"Version": "2012-10-17", "Statement": []}',
    "odd": '\ufeff {"Id" :"a\\"}[",\n\n"Statement"  : [ {"Sid":"No","Effect":"Deny",\n"Action":"ecs:*","Resource":"*"}\n] }\r\n',
}


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_statements_are_added_and_nothing_else_is_touched(layout):
    text = LAYOUTS[layout]
    made = patched(text, a_delta(add=[ALLOW]))
    assert statements(made.text.lstrip("\ufeff")) == [*statements(text.lstrip("\ufeff")), ALLOW]
    (edit,) = made.edits
    assert made.text.startswith(text[: edit.start])
    assert made.text.endswith(text[edit.end :])
    assert made.missing == ()


@pytest.mark.parametrize("layout", ["two blanks", "four blanks", "tabs"])
def test_what_is_added_is_laid_out_like_the_rest(layout):
    indent = {"two blanks": 2, "four blanks": 4, "tabs": "\t"}[layout]
    wanted = json.dumps({"Version": "2012-10-17", "Statement": [DENY, TRUST, ALLOW]}, indent=indent)
    assert patched(LAYOUTS[layout], a_delta(add=[ALLOW])).text == wanted


def test_what_is_there_already_is_not_added_again():
    made = patched(json.dumps({"Statement": [ALLOW]}), a_delta(add=[ALLOW]))
    assert made.edits == ()
    assert made.diff == ""


@pytest.mark.parametrize("layout", ["two blanks", "one line", "odd", "one statement"])
def test_a_statement_is_narrowed_in_its_place(layout):
    narrowed = {**DENY, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": DEPLOY_ROLE}}}
    made = patched(LAYOUTS[layout], a_delta(remove=[{"policy": "p", "statement": DENY, "instead": narrowed}]))
    before = statements(LAYOUTS[layout].lstrip("\ufeff"))
    assert statements(made.text.lstrip("\ufeff")) == [narrowed, *before[1:]]


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_statement_goes_without_leaving_a_comma(position):
    held = [ALLOW, TRUST]
    held.insert(position, DENY)
    made = patched(json.dumps({"Statement": held}, indent=2), a_delta(remove=[{"policy": "p", "statement": DENY}]))
    assert statements(made.text) == [ALLOW, TRUST]
    assert statements(patched(json.dumps({"Statement": [DENY]}), a_delta(remove=[{"policy": "p", "statement": DENY}])).text) == []
    assert statements(patched(json.dumps({"Statement": DENY}), a_delta(remove=[{"policy": "p", "statement": DENY}])).text) == []


def test_a_stale_principal_goes_and_the_others_stay():
    stale = {**TRUST, "Principal": {"AWS": ["AROAEXAMPLE111111111", SERVICE_ROLE], "Service": "ecs.amazonaws.com"}}
    entry = {"policy": "trust policy", "statement": stale, "principals": ["AROAEXAMPLE111111111"]}
    made = patched(json.dumps({"Statement": [stale]}), a_delta(kind="trust", remove=[entry], add=[ALLOW]))
    assert statements(made.text) == [{**stale, "Principal": {"Service": "ecs.amazonaws.com", "AWS": SERVICE_ROLE}}, ALLOW]
    alone = {**TRUST, "Principal": {"AWS": "AROAEXAMPLE111111111"}}
    made = patched(json.dumps({"Statement": [alone]}), a_delta(kind="trust", remove=[{**entry, "statement": alone}]))
    assert statements(made.text) == []


def test_what_the_file_does_not_hold_is_named():
    made = patched(json.dumps({"Statement": [ALLOW]}), a_delta(remove=[{"policy": "Guard", "statement": DENY}]))
    assert made.edits == ()
    assert "Guard" in made.missing[0]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', "policy", '{"Statement": [', "[" * 9999, "null"])
def test_what_is_no_policy_is_refused(text):
    with pytest.raises(EvidenceUnreadable, match="not a policy document"):
        read_policy_source(text, path="p.json")


def chosen(statement, deltas, **more):
    return delta_for(read_policy_source(json.dumps({"Statement": [statement]}), path="p.json"), {"deltas": deltas}, **more)


def test_the_change_that_belongs_into_the_file_is_found_by_its_kind():
    key = a_delta(kind="resource", to="arn:aws:kms:eu-west-1:111122223333:key/k")
    identity, trust = a_delta(), a_delta(kind="trust")
    deltas = [identity, trust, key]
    assert chosen(ALLOW, deltas) == identity
    assert chosen(TRUST, deltas) == trust
    assert chosen({**ALLOW, "Principal": "*"}, deltas) == key
    assert chosen(ALLOW, deltas, holder=key["attach_to"]) == key


def test_two_changes_of_one_kind_have_to_be_told_apart():
    one, other = a_delta(), a_delta(to=SERVICE_ROLE)
    with pytest.raises(UsageError, match="which change") as asked:
        chosen(ALLOW, [one, other])
    assert SERVICE_ROLE in asked.value.why
    assert chosen(ALLOW, [one, other], holder=SERVICE_ROLE) == other
    removing = a_delta(to=SERVICE_ROLE, remove=[{"policy": "p", "statement": DENY}])
    assert chosen(DENY, [one, removing]) == removing
    with pytest.raises(UsageError, match="no policy change"):
        chosen(ALLOW, [])


def test_the_diff_is_one_that_patch_takes(tmp_path):
    text = LAYOUTS["two blanks"]
    (tmp_path / "p.json").write_text(text)
    made = patched(text, a_delta(add=[ALLOW], remove=[{"policy": "p", "statement": DENY}]))
    subprocess.run(["patch", "-p1", "--quiet"], input=made.diff.encode(), cwd=tmp_path, check=True)
    assert (tmp_path / "p.json").read_text() == made.text


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=3), max_size=4), st.sampled_from([None, 1, 4, "\t"]), st.booleans())
def test_any_policy_that_is_json_takes_a_statement(held, indent, ascii_only):
    text = json.dumps({"x": VALUES_BEFORE, "Statement": held, "y": {"Statement": []}}, indent=indent, ensure_ascii=ascii_only)
    made = patched(text, a_delta(add=[ALLOW]))
    assert json.loads(made.text)["Statement"] == (held if ALLOW in held else [*held, ALLOW])


VALUES_BEFORE = {"Statement": ["not this one"], "text": '"Statement": ['}


def test_places_are_counted_from_one():
    assert place_in("ab\ncd", 0) == (1, 1)
    assert place_in("ab\ncd", 4) == (2, 2)
