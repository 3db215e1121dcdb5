"""A window may leave out log files by the time in their names; what was left out is said."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.scan.test_equal_to_reading_everything import compact, some_files
from trailsleuth import api
from trailsleuth.cli.app import main

BEGIN = datetime.fromisoformat("2026-03-04T00:00:00+00:00")
NAMES = "111111111111_CloudTrail_us-east-1_{:%Y%m%dT%H%M}Z_{}.json.gz"


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    """A file in every sixth hour of ten days, each with its own records, and one whose name tells nothing."""
    records = some_files("pruned")[0]
    for number in range(40):
        named = BEGIN + timedelta(hours=6 * number)
        own = [{**r, "eventID": f"{number}-{r['eventID']}", "eventTime": f"{named - timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}"} for r in records]
        (tmp_path / NAMES.format(named, number)).write_bytes(gzip.compress(compact(own), mtime=0))
    (tmp_path / "other.json").write_bytes(compact(records[:20]))
    return tmp_path


def test_files_far_from_the_window_are_not_read(trail: Path) -> None:
    since, until = BEGIN + timedelta(days=4), BEGIN + timedelta(days=5)
    whole = api.load(trail).diagnose(since=since, until=until).document()
    pruned = api.load(trail, since=since, until=until, prune=True).diagnose(since=since, until=until).document()
    assert [f["id"] for f in pruned["findings"]] == [f["id"] for f in whole["findings"]]
    read = {one["path"].rpartition("/")[2] for one in pruned["coverage"]["inputs"]}
    kept = [BEGIN + timedelta(hours=6 * n) for n in range(40) if since - timedelta(hours=13) <= BEGIN + timedelta(hours=6 * n) <= until + timedelta(hours=26)]
    assert read == {"other.json"} | {NAMES.format(named, (named - BEGIN) // timedelta(hours=6)) for named in kept}
    remarks = [one["reason"] for one in pruned["coverage"]["skipped"]]
    assert any(f"{40 - len(kept)} log files were not read" in remark for remark in remarks)


def test_a_window_that_leaves_nothing_out_changes_nothing(trail: Path) -> None:
    since = BEGIN - timedelta(days=1)
    whole = api.load(trail).diagnose(since=since).document()
    assert api.load(trail, since=since, prune=True).diagnose(since=since).document() == whole


def test_the_margin_is_printed_and_a_window_is_needed(trail: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", str(trail), "--prune", "--since", "2026-03-08", "-o", "json"]) == 0
    told = capsys.readouterr()
    assert "26 hours after" in told.err
    assert json.loads(told.out)["coverage"]["skipped"]
    assert main(["diagnose", str(trail), "--prune"]) == 2
    assert "--since" in capsys.readouterr().err
