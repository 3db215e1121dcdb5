"""What to do where no policy change fixes a finding: every row is reached by its own conditions, and says what to send."""

from __future__ import annotations

from typing import Any

import pytest

from trailsleuth.catalog.advice import finding_advice
from trailsleuth.catalog.load import rows_of

ROWS = rows_of("denial_advice", "finding")
FACTS = {"principal": "PRINCIPAL", "resource": "RESOURCE", "call": "CALL", "wanted": "WANTED", "sent": "; SENT", "good": "; GOOD"}


def advice(row: dict[str, Any], **more: Any) -> str:
    conditions = {name: row[name] for name in ("rule", "cause", "layer", "key", "absent", "already", "known", "action", "policy") if name in row}
    return finding_advice(**{"policy": None, "own": "OWN" if row.get("own") else "", **FACTS, **conditions, **more})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_row_is_reached_by_its_own_conditions(row: dict[str, Any]) -> None:
    told = advice(row)
    assert told.startswith(row["text"].partition("{")[0])
    assert told.endswith(row["text"].rpartition("}")[2])
    assert "{" not in told


def test_rows_are_told_apart() -> None:
    assert len({row["id"] for row in ROWS}) == len({row["text"] for row in ROWS}) == len(ROWS)
    assert all(row["source"].startswith("https://") for row in ROWS)


def test_what_nothing_is_known_of_still_has_a_next_step() -> None:
    assert finding_advice(policy=None, own="").startswith("Get the decision itself")


def test_the_words_of_a_record_fill_no_place_of_another() -> None:
    told = finding_advice(policy=None, own="", cause="condition_mismatch", key="sts:ExternalId", sent="; this call sent {good}", good="GOOD", wanted="w")
    assert "{good}GOOD" in told
