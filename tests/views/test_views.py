from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.views.trail import KEY, NEXT_KEY, ROLE, TOOLING, WORKLOAD, record, records, written
from trailsleuth.api.views import Where, events, sessions, timeline


@pytest.fixture
def trail(tmp_path):
    return written(tmp_path)


def names(trail, **where):
    return [found.event_name for found in events(trail, Where(**where))]


def test_every_record_comes_once_in_the_order_of_the_evidence(trail):
    stream = events(trail)
    found = [found.event_id[-2:] for found in stream]
    assert found == ["01", "02", "03", "05", "06", "04", "08"]
    assert (stream.read, stream.found, stream.unreadable) == (7, 7, 0)


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ({"denied": True}, ["RegisterTaskDefinition"]),
        ({"failed": True}, ["RegisterTaskDefinition", "GetObject"]),
        ({"writes": True}, ["RegisterTaskDefinition"]),
        ({"account": TOOLING}, ["AssumeRole", "AssumeRole"]),
        ({"region": "us-*"}, ["GetObject"]),
        ({"call": "registertaskdefinition"}, ["RegisterTaskDefinition"]),
        ({"call": "s3:*"}, ["GetObject"]),
        ({"call": "ecs:Register*"}, ["RegisterTaskDefinition"]),
        ({"principal": "Pipeline"}, ["AssumeRole"]),
        ({"principal": ROLE, "failed": True}, ["RegisterTaskDefinition", "GetObject"]),
        ({"session": "17726148"}, ["AssumeRole"]),
        ({"access_key": KEY}, ["AssumeRole"]),
        ({"access_key": NEXT_KEY, "account": TOOLING}, ["AssumeRole", "AssumeRole"]),
        ({"event_id": "00000000-0000-4000-8000-000000000008"}, ["GetObject"]),
        ({"event_id": "5f2d1c1e-0000-4000-8000-000000000001"}, ["AssumeRole", "AssumeRole"]),
        ({"code": "NoSuch*"}, ["GetObject"]),
        ({"address": "198.51.100.1"}, []),
        ({"text": "SHOP", "call": "s3:GetObject"}, ["GetObject"]),
        ({"since": datetime(2026, 3, 4, 9, 0, 8, tzinfo=UTC)}, ["GetObject"]),
        ({"until": datetime(2026, 3, 4, 9, 0, 1, tzinfo=UTC)}, ["AssumeRole"]),
    ],
    ids=str,
)
def test_filters_keep_what_is_asked_for(trail, where, wanted):
    assert names(trail, **where) == wanted


def test_records_come_while_the_evidence_is_read(trail):
    (trail / "three.json").write_text('{"Records": [')
    stream = iter(events(trail))
    assert next(stream).event_name == "AssumeRole"


def test_what_cannot_be_read_is_counted(trail):
    (trail / "three.json").write_text(json.dumps({"Records": [{"eventVersion": "1.0", "eventName": "X"}]}))
    stream = events(trail)
    assert len(list(stream)) == 7
    assert stream.unreadable == 1


def test_a_session_has_its_opener_its_calls_and_refusals(trail):
    found, _ = sessions(trail)
    assert [(view.access_key_id, view.calls, view.failed, view.denied) for view in found] == [(KEY, 1, 0, 0), (NEXT_KEY, 5, 2, 1)]
    deploy = found[1]
    assert (deploy.principal, deploy.session_name, deploy.account) == (ROLE, "17726149", WORKLOAD)
    assert deploy.opened.access_key_id == KEY
    assert deploy.opened.by == f"arn:aws:iam::{TOOLING}:role/Pipeline"
    assert sorted(deploy.regions) == ["eu-west-1", "us-east-1"]


def test_a_filter_on_sessions_still_knows_who_opened_them(trail):
    found, _ = sessions(trail, Where(denied=True))
    assert [(view.access_key_id, view.calls) for view in found] == [(NEXT_KEY, 1)]
    assert found[0].opened is not None


def test_a_caller_known_from_the_other_side_alone_is_kept(tmp_path):
    (tmp_path / "one.json").write_text(json.dumps({"Records": records()[1:2]}))
    found, _ = sessions(tmp_path)
    assert [view.principal for view in found] == ["AROAEXAMPLE333333333:17726148"]


def test_the_timeline_joins_equal_neighbours_and_shows_a_call_in_two_trails_once(trail):
    found, stream = timeline(trail)
    assert [(moment.call, moment.kind, moment.count) for moment in found] == [
        ("sts:AssumeRole", "assumed", 1),
        ("ecs:DescribeServices", "called", 1),
        ("ecs:RegisterTaskDefinition", "denied", 1),
        ("ecs:DescribeServices", "called", 2),
        ("s3:GetObject", "failed", 1),
    ]
    assert stream.read == 7
    assert found[3].until > found[3].time


def test_an_input_without_the_id_asked_for_is_not_read(tmp_path):
    (tmp_path / "one.json").write_text(json.dumps({"Records": [record(1)]}))
    stream = events(tmp_path, Where(access_key="ASIANOWHERE000000000"))
    assert list(stream) == []
    assert stream.read == 0
