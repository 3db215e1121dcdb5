from __future__ import annotations

import pandas as pd
import pytest

from tests.report.build import a_quiet_case, a_trail_record, the_founding_case
from trailsleuth.report.frames import chains_frame, deltas_frame, findings_frame, records_frame


def test_findings_are_rows_with_utc_times_and_their_records():
    frame = findings_frame(the_founding_case())
    assert list(frame["rank"]) == [1, 2, 3, 4]
    assert frame.loc[0, "iam_action"] == "ecs:RegisterTaskDefinition"
    assert frame.loc[0, "first_seen"] == "2026-03-04T09:01:44Z"
    assert pd.isna(frame.loc[1, "first_seen"])
    assert frame.loc[0, "event_ids"] == ["5f2d1c1e-77aa-4b7c-9d2d-000000000004"]


def test_deltas_and_chains_are_rows():
    deltas, chains = deltas_frame(the_founding_case()), chains_frame(the_founding_case())
    assert deltas.loc[0, "document"]["Statement"][0]["Action"] == "ecs:RegisterTaskDefinition"
    assert deltas.loc[0, "sufficient"] is True or bool(deltas.loc[0, "sufficient"])
    assert list(chains["hop"]) == [1, 2]
    assert list(chains["account"]) == ["111122223333", "444455556666"]


@pytest.mark.parametrize("frame_of", [findings_frame, deltas_frame, chains_frame])
def test_an_empty_case_still_has_its_columns(frame_of):
    frame = frame_of(a_quiet_case())
    assert len(frame) == 0
    assert list(frame.columns) == list(frame_of(the_founding_case()).columns)


def test_records_have_cloudtrails_names():
    frame = records_frame([a_trail_record(1), a_trail_record(2, denied=True)])
    assert list(frame["eventName"]) == ["RegisterTaskDefinition"] * 2
    assert list(frame["denied"]) == [False, True]
    assert frame.loc[0, "source"] == "a.json.gz#1"
    assert list(frame["eventTime"]) == ["2026-03-04T09:01:41Z", "2026-03-04T09:01:42Z"]
    assert list(records_frame([]).columns) == list(frame.columns)
