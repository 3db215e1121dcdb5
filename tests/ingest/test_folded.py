"""An event on one line that was folded at a width says what it says unfolded."""

from __future__ import annotations

import json

import pytest

from tests.ingest.build import a_denial, a_record
from trailsleuth.api.explanations import explain
from trailsleuth.ingest.folded import unfolded

EVENT = json.dumps(a_denial(2), separators=(",", ":"))


def folded(text: str, width: int) -> str:
    return "\n".join(text[at : at + width].rstrip() for at in range(0, len(text), width))


@pytest.mark.parametrize("width", [60, 72, 79, 80, 120])
@pytest.mark.parametrize("around", ["@", "We see this in the trail:\n@\n\nAny idea why?", "event: @\n"])
def test_a_folded_event_is_read_whole(width: int, around: str) -> None:
    text = around.replace("@", EVENT)
    narrow = "\n".join(folded(line, width) for line in text.split("\n"))
    assert unfolded(narrow) == text
    (denial,) = explain(narrow).denials
    (expected,) = explain(EVENT).denials
    assert denial == expected


def test_lines_of_one_width_that_are_whole_stay() -> None:
    records = "\n".join(json.dumps(a_record(n)) for n in range(4))
    for text in (records, json.dumps(a_denial(2), indent=1), "x" * 80 + "\n" + "y" * 80, '{"a": ' + "b" * 70 + "\n" + "c" * 76 + "\nd"):
        assert unfolded(text) == text
