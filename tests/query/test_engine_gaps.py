"""What an engine leaves out is told: every kind of want has its word, and the coverage says it."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from tests.query.build import by_duckdb
from tests.scan.test_equal_to_reading_everything import WAYS, some_files
from trailsleuth import api
from trailsleuth.api.engine_gaps import BEYOND
from trailsleuth.errors import UsageError
from trailsleuth.facts.wants import Want
from trailsleuth.model import Inquiry, RawInput
from trailsleuth.report.reduction import reduction_document
from trailsleuth.sources.engines import spark


def test_every_want_is_selected_or_told():
    assert set(BEYOND) == set(get_args(Want))


def test_the_coverage_tells_what_an_engine_does_not_select(monkeypatch):
    rows = "".join(json.dumps({"eventjson": record}) + "\n" for record in some_files("gaps")[0]).encode()
    monkeypatch.setattr(spark, "run_spark", lambda url, statement, progress: RawInput(source="spark://local/logs", data=rows))
    skipped = api.load("spark://local/logs").diagnose().document()["coverage"]["skipped"]
    told = [one["reason"] for one in skipped if one["source"] == "spark://local/logs"]
    assert [reason for reason in told if all(gap in reason for gap in BEYOND.values() if gap)]


def test_a_reduction_asks_an_engine_for_all_calls_of_the_role(monkeypatch, tmp_path):
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / "log.json").write_bytes(WAYS["compact"](some_files("gaps")[1]))
    role = next(issuer["arn"] for r in some_files("gaps")[1] if (issuer := r["userIdentity"].get("sessionContext", {}).get("sessionIssuer")))
    asked = []

    def selected(url, statement, progress):
        rows = by_duckdb(tmp_path, Inquiry(role=role, calls=True))
        asked.append(statement.sql)
        return RawInput(source="spark://local/logs", data="".join(json.dumps({"eventjson": row}) + "\n" for row in rows).encode())

    monkeypatch.setattr(spark, "run_spark", selected)
    from_engine, from_files = (reduction_document(api.reduce(path, role=role)) for path in ("spark://local/logs", tmp_path))
    assert from_engine["used"]
    assert (from_engine["document"], from_engine["used"]) == (from_files["document"], from_files["used"])
    assert role in asked[0]
    with pytest.raises(UsageError):
        api.reduce_all("spark://local/logs")
    with pytest.raises(UsageError):
        api.reduce("athena://trails/logs", role=role)
