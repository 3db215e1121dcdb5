"""The quick walk for secrets through records finds what the plain one finds, first and again."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.live.test_secrets import CANARIES, CANARY
from trailsleuth.sources.secrets import _HARMLESS, record_members, secret_table, without_secrets

NAMES = st.sampled_from(["password", "secretString", "name", "value", "type", "note", "sessionToken", "accessKeyId", "arn", "key", "tags"])
TEXTS = st.sampled_from(
    ["12345678", "2026-03-04T09:00:00Z", "SecureString", "DB_PASSWORD", f"Bearer {CANARY}", "arn:aws:iam::111122223333:role/R", "", "\ud800"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_the_quick_walk_is_the_plain_walk(payload):
    assert record_members(payload) == without_secrets(payload)
    assert record_members(payload) == without_secrets(payload)


@pytest.mark.parametrize("name", CANARIES)
def test_a_canary_is_gone_at_the_top_and_deeper(name):
    for payload in (CANARIES[name], {"requestParameters": CANARIES[name]}, {"requestParameters": [CANARIES[name]]}):
        for _ in range(2):
            assert CANARY not in repr(record_members(payload))


def test_a_record_without_a_secret_is_given_back_as_it_is():
    payload = {"eventID": "00000000-0000-4000-8000-000000000001", "requestParameters": {"cluster": "web", "tags": [{"key": "team", "value": "shop"}]}}
    assert record_members(payload) is payload


def test_no_sign_of_a_secret_is_made_of_the_characters_of_ids_and_times():
    signs = [sign for shape in secret_table().values for sign in shape.signs]
    assert signs
    assert [sign for sign in signs if _HARMLESS.fullmatch(sign) or re.fullmatch("[0-9tz:.-]*", sign)] == []
