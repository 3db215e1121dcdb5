"""Policy documents and their faults."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.iam.build import a_statement
from trailsleuth.iam.document import parse_policy

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{**a_statement(action=["s3:GetObject"]), "Sid": "Read", "Condition": {"Bool": {"aws:SecureTransport": True}}}],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("form", [DOCUMENT, json.dumps(DOCUMENT), quote(json.dumps(DOCUMENT)), json.dumps(DOCUMENT).encode()])
def test_a_document_is_read_from_a_value_from_text_and_from_url_encoded_text(form: object) -> None:
    policy = parse_policy(form, name="p", arn="arn:x")
    (statement,) = policy.document.statements
    assert (statement.sid, statement.label, statement.actions, statement.resources) == ("Read", "Read", ("s3:GetObject",), ("*",))
    assert (statement.conditions[0].operator, statement.conditions[0].values) == ("Bool", ("true",))
    assert policy.document.malformed == ()


@pytest.mark.parametrize(
    ("statement", "path"),
    [
        ({"Effect": "Deny", "Action": 5, "Resource": "*"}, "Statement[0].Action"),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": [1]}, "Statement[0].Resource"),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": "x"}, "Statement[0].Principal"),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": {"Nobody": "x"}}, "Statement[0].Principal.Nobody"),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": "x"}}, "Statement[0].Condition.Bool"),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"k": [{}]}}}, "Statement[0].Condition.Bool.k"),
        ({"Effect": "Perhaps", "Action": "s3:*", "Resource": "*"}, "Statement[0].Effect"),
        ("x", "Statement[0]"),
    ],
)
def test_a_fault_is_named_with_its_place_and_the_deny_stays_with_its_unreadable_part(statement: Any, path: str) -> None:
    document = parse_policy({"Statement": [statement]}, name="p").document
    assert [fault.path for fault in document.malformed] == [path]
    assert document.statements[0].unreadable


def test_a_malformed_allow_is_left_out_and_the_rest_is_read() -> None:
    document = parse_policy({"Statement": [a_statement(action=5), a_statement()]}, name="p").document
    assert [statement.index for statement in document.statements] == [1]


def test_an_action_without_a_service_is_named_and_kept() -> None:
    document = parse_policy({"Statement": a_statement(action="GetObject")}, name="p").document
    assert document.malformed[0].path == "Statement[0].Action"
    assert document.statements[0].actions == ("GetObject",)


@settings(deadline=None)
@given(JSON, st.dictionaries(st.sampled_from(["Effect", "Action", "NotAction", "Resource", "Principal", "NotPrincipal", "Condition", "Sid"]), JSON, max_size=6))
def test_nothing_makes_the_reader_raise(value: object, statement: dict[str, Any]) -> None:
    parse_policy(value, name="p")
    parse_policy({"Version": value, "Statement": [statement, value]}, name="p")
