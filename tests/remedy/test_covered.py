"""Statements that a wider one beside them covers."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trailsleuth.iam.match import covers_others, resource_matches
from trailsleuth.remedy.deltas import _without_covered

resources = st.sampled_from(
    [
        "*",
        "arn:aws:s3:::data",
        "arn:aws:s3:::data/*",
        "arn:aws:s3:::data/a",
        "arn:aws:s3:::data/b",
        "arn:aws:s3:::dat?/a",
        "arn:aws:s3",
        "arn:aws:s3:::*",
        "data",
    ]
)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": "Allow", "Action": draw(st.sampled_from(["s3:GetObject", "s3:PutObject"]))}
    if draw(st.integers(0, 5)):
        made["Resource"] = draw(resources)
    if draw(st.booleans()):
        made["Condition"] = draw(st.sampled_from([{"StringEquals": {"a": "1"}}, {"StringEquals": {"a": "2"}}]))
    return made


@given(st.lists(statements(), max_size=12))
def test_only_what_another_statement_covers_is_left_out(made: list[dict[str, Any]]) -> None:
    def covers(wide: dict[str, Any], narrow: dict[str, Any]) -> bool:
        if any(wide.get(k) != narrow.get(k) for k in ("Principal", "Action", "Condition")) or "Resource" not in wide or "Resource" not in narrow:
            return False
        return wide["Resource"] != narrow["Resource"] and resource_matches(wide["Resource"], narrow["Resource"])

    assert _without_covered(made) == [s for s in made if not any(covers(other, s) for other in made)]


@given(resources, resources)
def test_what_covers_no_others_covers_itself_alone(one: str, other: str) -> None:
    assert covers_others(one) or not resource_matches(one, other) or one == other
