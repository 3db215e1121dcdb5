"""Whoever opens the table finds cause, change and next step on the first screen: over every case with one cause."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_cases import CASES, diagnosed
from trailsleuth.report.context import RenderContext
from trailsleuth.report.text import render_text

SCREEN = 24


@pytest.mark.parametrize("folder", sorted(CASES.iterdir()), ids=lambda folder: folder.name)
def test_a_single_cause_stands_on_the_first_screen_with_what_to_do(folder: Path) -> None:
    document = diagnosed(folder)
    blamed = [finding for finding in document["findings"] if finding["standing"] in ("cause", "also_needed")]
    if document["outcome"] != "cause_found" or len(blamed) != 1:
        return
    first = render_text(document, RenderContext(width=80)).splitlines()[:SCREEN]
    assert first[0] == "CAUSE FOUND"
    if blamed[0]["iam_action"]:
        assert blamed[0]["iam_action"] in "\n".join(first)
    assert {"NEXT", "WHAT TO DO"} & set(first), "\n".join(first)
