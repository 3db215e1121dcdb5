from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from tests.report.build import a_quiet_case, the_founding_case
from trailsleuth.model import Denial, Identity, Origin, Record
from trailsleuth.notebook import register_accessor
from trailsleuth.report.frames import chains_frame, deltas_frame, findings_frame, records_frame


def a_record(number: int, *, denied: bool = False, key: str | None = "ASIAEXAMPLE222222222") -> Record:
    return Record(
        event_id=f"e{number}",
        event_time=datetime(2026, 3, 4, 9, 0, number, tzinfo=UTC),
        event_source="ecs.amazonaws.com",
        event_name="RegisterTaskDefinition",
        region="eu-west-1",
        identity=Identity(type="AssumedRole", arn="arn:aws:sts::444455556666:assumed-role/R/s", access_key_id=key),
        recipient_account="444455556666",
        request={"family": "web"},
        response={},
        error_code="AccessDenied" if denied else None,
        error_message=None,
        denial=Denial(pattern_id="x") if denied else None,
        issued=None,
        resources=(),
        shared_event_id=None,
        request_id=None,
        source_ip="192.0.2.1",
        user_agent=None,
        event_type=None,
        category=None,
        read_only=False,
        vpc_endpoint_id=None,
        vpc_endpoint_account=None,
        additional={},
        origin=Origin(source="a.json.gz", position=number),
        payload={},
    )


def test_findings_are_rows_with_utc_times_and_their_records():
    frame = findings_frame(the_founding_case())
    assert list(frame["rank"]) == [1, 2, 3, 4]
    assert frame.loc[0, "iam_action"] == "ecs:RegisterTaskDefinition"
    assert frame.loc[0, "first_seen"] == pd.Timestamp("2026-03-04T09:01:44Z")
    assert pd.isna(frame.loc[1, "first_seen"])
    assert frame.loc[0, "event_ids"] == ["5f2d1c1e-77aa-4b7c-9d2d-000000000004"]
    assert str(frame["first_seen"].dt.tz) == "UTC"


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
    frame = records_frame([a_record(1), a_record(2, denied=True)])
    assert list(frame["eventName"]) == ["RegisterTaskDefinition"] * 2
    assert list(frame["denied"]) == [False, True]
    assert frame.loc[0, "source"] == "a.json.gz#1"
    assert str(frame["eventTime"].dt.tz) == "UTC"
    assert list(records_frame([]).columns) == list(frame.columns)


def test_the_trail_accessor_finds_denials_sessions_and_calls():
    register_accessor()
    frame = records_frame([a_record(2, denied=True), a_record(1), a_record(3, key=None)])
    assert list(frame.trail.denied()["eventID"]) == ["e2"]
    sessions = frame.trail.sessions()
    assert sessions.loc["ASIAEXAMPLE222222222", ["calls", "errors"]].tolist() == [2, 1]
    assert list(frame.trail.chain("ASIAEXAMPLE222222222")["eventID"]) == ["e1", "e2"]
    with pytest.raises(AttributeError, match="CloudTrail"):
        _ = pd.DataFrame({"a": [1]}).trail
