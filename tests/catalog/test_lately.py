"""What changed lately: every row says its sentence for its example, and keeps quiet for its counter-example."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from trailsleuth.catalog.denial_notes import lately
from trailsleuth.catalog.load import rows_of

ROWS = {row["id"]: row for row in rows_of("changed_lately", "lately")}


def said(row: dict[str, Any], case: dict[str, str]) -> bool:
    given, wanted = ((case[name],) if name in case else () for name in ("given", "wanted"))
    return row["text"] in lately(row["key"].upper(), given=given, wanted=wanted, through=case.get("through"))


@pytest.mark.parametrize("name", list(ROWS))
def test_rows_fit_their_examples_alone(name: str) -> None:
    row = ROWS[name]
    assert said(row, row["example"])
    assert not said(row, row["counter_example"])
    assert date.fromisoformat(row["since"])
    assert row["source"].startswith("https://")
