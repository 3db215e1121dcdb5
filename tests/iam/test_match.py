"""Wildcards in actions, resources and ARNs."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailsleuth.iam.match import action_matches, as_literal, patterns_overlap, resource_matches, wildcard_matches


@settings(deadline=None)
@given(st.text(alphabet="ab*?", max_size=8), st.text(alphabet="ab", max_size=8))
def test_a_pattern_matches_what_a_plain_search_finds(pattern: str, text: str) -> None:
    def slow(p: str, t: str) -> bool:
        if not p:
            return not t
        if p[0] == "*":
            return any(slow(p[1:], t[i:]) for i in range(len(t) + 1))
        return bool(t) and p[0] in ("?", t[0]) and slow(p[1:], t[1:])

    assert wildcard_matches(pattern, text) is slow(pattern, text)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_text_matches_itself_made_literal(text: str) -> None:
    assert wildcard_matches(as_literal(text), text)


@settings(deadline=None)
@given(st.text(alphabet="ab*?", max_size=6), st.text(alphabet="ab*?", max_size=6))
def test_patterns_overlap_where_one_text_fits_both(one: str, other: str) -> None:
    def slow(p: str, q: str) -> bool:
        if not p or not q:
            return not (p + q).strip("*")
        if p[0] == "*":
            return slow(p[1:], q) or slow(p, q[1:])
        if q[0] == "*":
            return slow(p, q[1:]) or slow(p[1:], q)
        return (p[0] == q[0] or "?" in (p[0], q[0])) and slow(p[1:], q[1:])

    assert patterns_overlap(one, other) is slow(one, other)


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ("arn:aws:s3:::logs/AWSLogs/*", "arn:aws:s3:::logs/*", True),
        ("arn:aws:s3:::logs/AWSLogs/*", "arn:aws:s3:::logs/other/*", False),
        ("arn:aws:ecs:eu-west-1:*:task/main/*", "arn:aws:ecs:eu-west-1:111122223333:*", True),
        ("arn:aws:ecs:eu-west-1:1*:task/main/*", "arn:aws:ecs:eu-west-2:*:task/*", False),
        ("*", "arn:aws:sns:eu-west-1:111122223333:news", True),
    ],
)
def test_patterns_of_arns_overlap_part_by_part(one: str, other: str, *, wanted: bool) -> None:
    assert patterns_overlap(one, other) is wanted
    assert patterns_overlap(other, one) is wanted


def test_a_hostile_pattern_is_still_fast() -> None:
    start = time.process_time()
    assert not resource_matches("arn:aws:s3:::" + "*a" * 60 + "*b", "arn:aws:s3:::" + "a" * 5000)
    assert not action_matches("s3:" + "*a?" * 40 + "b", "s3:" + "a" * 2000)
    assert time.process_time() - start < 1


@pytest.mark.parametrize("text", ["line\nbreak", "a:b:c", "ü", ""])
def test_the_last_part_of_an_arn_holds_any_sign(text: str) -> None:
    assert resource_matches("arn:aws:s3:::b/*", f"arn:aws:s3:::b/{text}")


def test_an_incomplete_arn_stands_for_anything_in_the_missing_parts() -> None:
    assert resource_matches("arn:aws:sqs", "arn:aws:sqs:eu-west-1:111122223333:jobs")
    assert not resource_matches("arn:aws:sqs", "arn:aws:sns:eu-west-1:111122223333:jobs")
