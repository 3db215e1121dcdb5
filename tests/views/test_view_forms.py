from __future__ import annotations

import csv
import io
import json
import unicodedata

import pytest

from tests.live.test_secrets import CANARIES, CANARY
from tests.report.attacks import ALL
from tests.views.trail import record, written
from trailsleuth import load
from trailsleuth.api.tables import events as table_of_events
from trailsleuth.api.views import events, sessions, timeline
from trailsleuth.report.columns import any_table, fitted
from trailsleuth.report.context import RenderContext
from trailsleuth.report.layout import width_of
from trailsleuth.report.views import (
    EVENT_COLUMNS,
    MOMENT_COLUMNS,
    SESSION_COLUMNS,
    csv_pieces,
    event_table,
    json_pieces,
    jsonl_pieces,
    moment_document,
    picked_pieces,
    selected,
    session_document,
    session_table,
    timeline_table,
)
from trailsleuth.sources.secrets import REMOVED

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def tables(path, **context):
    look = RenderContext(**context)
    return {
        "events": "".join(event_table(events(path), look)),
        "sessions": "".join(session_table(sessions(path)[0], look)),
        "timeline": "".join(timeline_table(timeline(path)[0], look)),
        "picked": "".join(picked_pieces((selected(r, EVENT_COLUMNS[:4]) for r in events(path)), EVENT_COLUMNS[:4], "table", look)),
    }


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("name", ["events", "sessions", "timeline", "picked"])
def test_no_name_is_broken_and_rows_without_long_names_fit(tmp_path, name, width):
    path = written(tmp_path)
    text = tables(path, width=width)[name]
    assert max((width_of(line) for line in text.splitlines() if max(map(len, line.split())) <= 8), default=0) <= width
    if name in ("events", "timeline"):
        assert {record.event_name for record in events(path)} <= {word.rpartition(":")[2] for word in text.split()}


def test_piped_a_row_is_one_line_of_cells_parted_by_tabs(tmp_path):
    for name, text in tables(written(tmp_path), piped=True).items():
        assert {line.count("\t") for line in text.splitlines()} == {text.splitlines()[0].count("\t")}, name
        assert text.splitlines()[0].count("\t") >= 3


def test_a_refused_call_has_a_mark_and_with_colour_is_red(tmp_path):
    path = written(tmp_path)
    plain, ascii_, red = (tables(path, **context)["events"] for context in ({}, {"unicode": False}, {"color": True}))
    assert len([line for line in plain.splitlines() if line.startswith("✗")]) == 1
    assert len([line for line in ascii_.splitlines() if line.startswith("x")]) == 1
    assert ascii_.isascii()
    assert red.replace("\x1b[31m", "").replace("\x1b[0m", "") == plain
    assert red.count("\x1b[31m") == 1


def test_records_as_json_are_evidence_again(tmp_path):
    path = written(tmp_path)
    again = tmp_path / "again"
    again.mkdir()
    (again / "all.json").write_text("".join(json_pieces((r.payload for r in events(path)), name="Records")))
    assert [r.payload for r in events(again / "all.json")] == [r.payload for r in events([path / "one.json", path / "two.json"])]


def test_every_form_says_the_same(tmp_path):
    path = written(tmp_path)
    rows = [session_document(view) for view in sessions(path)[0]]
    assert json.loads("".join(json_pieces(rows))) == [json.loads(line) for line in "".join(jsonl_pieces(rows)).splitlines()] == rows
    assert json.loads("".join(json_pieces([]))) == []
    cells = list(csv.DictReader(io.StringIO("".join(csv_pieces(rows, list(rows[0]))), newline="")))
    assert [cell["access_key_id"] for cell in cells] == [row["access_key_id"] for row in rows]
    assert tuple(rows[0]) == SESSION_COLUMNS
    moments = [moment_document(moment) for moment in timeline(path)[0]]
    assert tuple(moments[0]) == MOMENT_COLUMNS
    assert {moment["kind"] for moment in moments} == {"assumed", "called", "denied", "failed"}


def test_members_are_picked_by_their_path(tmp_path):
    (found,) = list(events(one(tmp_path, record(1, additionalEventData={"a.b": 1}))))
    wanted = ["requestParameters.tags.0.value", "requestParameters.tags", "requestParameters.tags.9", "userIdentity.nothing.at.all", "eventName"]
    assert list(selected(found, wanted).values()) == ["shop", [{"key": "team", "value": "shop"}], None, None, "DescribeServices"]


def one(folder, found):
    path = folder / "one.json"
    path.write_text(json.dumps({"Records": [found]}))
    return path


@pytest.mark.parametrize("attack", ALL, ids=lambda text: ascii(text)[:40])
def test_hostile_text_stays_in_its_cell(tmp_path, attack):
    who = {"type": "IAMUser", "arn": f"arn:aws:iam::111122223333:user/{attack}", "accessKeyId": attack or "x", "accountId": "111122223333"}
    hostile = record(1, "Call" + attack, who=who, region=attack, errorCode=attack or "x", errorMessage=attack, sourceIPAddress=attack, userAgent=attack)
    path = one(tmp_path, hostile)
    for text in (*tables(path).values(), *tables(path, width=200).values()):
        assert not [sign for sign in text if sign != "\n" and unicodedata.category(sign) in HIDDEN]
        assert not text.splitlines()[1][:1].strip(" ✗x!→2>")
    rows = list(csv.reader(io.StringIO("".join(csv_pieces((selected(r, EVENT_COLUMNS) for r in events(path)), EVENT_COLUMNS)), newline="")))
    assert [len(row) for row in rows] == [len(EVENT_COLUMNS)] * 2
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "|", "%", "\t", "\r"}]
    assert json.loads("".join(json_pieces(r.payload for r in events(path))))[0]["errorMessage"] is not None


def test_columns_give_way_only_where_there_is_no_room():
    assert fitted([5, 10], 80) == [5, 10]
    assert sum(fitted([20, 90, 90], 100, fixed=frozenset({0}))) + 4 == 100
    assert fitted([20, 90], 10, fixed=frozenset({0})) == [20, 8]


def test_a_table_of_unknown_width_streams():
    def endless():
        number = 0
        while True:
            number += 1
            yield [str(number)]

    pieces = any_table(["n"], endless(), RenderContext())
    assert [next(pieces) for _ in range(3)] == ["n\n", "1\n", "2\n"]


@pytest.mark.parametrize("kind", CANARIES)
def test_no_form_of_a_record_repeats_a_secret_of_this_kind(tmp_path, kind):
    told = record(9, "CreateThing", requestParameters=CANARIES[kind], errorCode="AccessDenied", errorMessage=f"clone with ghp_{CANARY}")
    path = tmp_path / "trail.json"
    path.write_text(json.dumps({"Records": [told]}))
    shown = "".join(json_pieces((r.payload for r in events(path)), name="Records"))
    assert told["eventID"] in shown
    assert REMOVED in shown
    for text in (shown, *tables(path, width=300).values(), str(load(path).records.to_dict()), str(table_of_events(path).to_dict())):
        assert CANARY not in text
