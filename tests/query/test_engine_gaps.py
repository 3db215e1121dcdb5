"""What an engine leaves out is told: every kind of want has its word, and the coverage says it."""

from __future__ import annotations

import json
from typing import get_args

from tests.scan.test_equal_to_reading_everything import some_files
from trailsleuth import api
from trailsleuth.api.engine_gaps import BEYOND
from trailsleuth.facts.wants import Want
from trailsleuth.model import RawInput
from trailsleuth.sources.engines import spark


def test_every_want_is_selected_or_told():
    assert set(BEYOND) == set(get_args(Want))


def test_the_coverage_tells_what_an_engine_does_not_select(monkeypatch):
    rows = "".join(json.dumps({"eventjson": record}) + "\n" for record in some_files("gaps")[0]).encode()
    monkeypatch.setattr(spark, "run_spark", lambda url, statement, progress: RawInput(source="spark://local/logs", data=rows))
    skipped = api.load("spark://local/logs").diagnose().document()["coverage"]["skipped"]
    told = [one["reason"] for one in skipped if one["source"] == "spark://local/logs"]
    assert [reason for reason in told if all(gap in reason for gap in BEYOND.values() if gap)]
