"""Rows out of plain log files are those that the records give, whatever a file holds and however it is written."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pandas as pd
import pytest

import trailsleuth as ts
from bench.generate import START, Maker, file_records
from tests.live.test_secrets import CANARIES, CANARY
from tests.scan.test_equal_to_reading_everything import compact, escaped
from tests.scan.test_mutated import tampered
from tests.views.test_denied_events import cut, indented, mixed, nested
from tests.views.trail import record
from trailsleuth.api import cases, rows, views
from trailsleuth.api.rows import csv_rows
from trailsleuth.api.views import Where, events
from trailsleuth.sources.secrets import may_hold_secrets, record_members, secret_table

EVIDENCE = sorted(Path("fixtures/cases").glob("*/evidence"))
CONDITIONS = [{}, {"failed": True}, {"principal": "*Role*"}, {"call": "sts:*", "writes": False}, {"text": "prod"}, {"until": START.replace(minute=10)}]


def told(path, conditions):
    """All rows in both forms, and what was counted besides."""
    stream = events(path, Where(**conditions), whole=False)
    lines = list(csv_rows(stream))
    return lines, stream.read, stream.unreadable, stream.skipped


def equal(path, monkeypatch, conditions=CONDITIONS[:1], *, frames=True):
    """Quickly and carefully; whether anything was read quickly."""
    quick: list[int] = []
    look = rows.lines_in

    def looked(data, source):
        found = look(data, source)
        quick.append(found is not None)
        return found

    def made():
        shown = [told(path, asked) for asked in conditions]
        if not frames:
            return shown, []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cases, "SCAN_FROM", 0)
            return shown, [ts.load(path).records, *(ts.events(path, **asked) for asked in conditions)]

    with monkeypatch.context() as patch:
        for module in (rows, views):
            patch.setattr(module, "lines_in", looked)
        lines, tables = made()
    with monkeypatch.context() as patch:
        for module in (rows, views):
            patch.setattr(module, "lines_in", lambda data, source: None)
        careful, whole = made()
    assert lines == careful
    for table, other in zip(tables, whole, strict=True):
        pd.testing.assert_frame_equal(table, other)
    return any(quick)


@pytest.mark.parametrize("at", range(4))
def test_the_evidence_of_every_case_has_the_same_rows(at, monkeypatch):
    looked = [equal(str(evidence), monkeypatch) for evidence in EVIDENCE[at::96]]
    assert any(looked)


@pytest.mark.parametrize("write", [compact, indented, mixed, escaped, nested, cut], ids=lambda write: write.__name__)
def test_a_trail_with_copies_and_corrections_has_the_same_rows(write, tmp_path, monkeypatch):
    make = Maker("rows")
    for number in range(2):
        records = file_records(make, START, 30, 60, "us-east-1")
        (tmp_path / f"{number}.json.gz").write_bytes(gzip.compress(write(records)))
        (tmp_path / f"copy-{number}.json").write_bytes(compact([*records[:5], {**records[5], "userAgent": None, "errorCode": "AccessDenied"}]))
    late = {"addendum": {"reason": "UPDATED_DATA", "updatedFields": "errorCode", "originalEventID": records[7]["eventID"]}}
    (tmp_path / "late.json").write_bytes(compact([{**records[7], "eventID": "late", "errorCode": "NoSuchKey", **late}]))
    assert equal(str(tmp_path), monkeypatch, CONDITIONS)


@pytest.mark.parametrize("seed", range(2))
def test_files_that_were_tampered_with_have_the_same_rows(seed, tmp_path, monkeypatch):
    dice = random.Random(seed)
    looked = []
    for number in range(24):
        path = tmp_path / f"{number}.json"
        path.write_bytes(tampered(dice))
        looked.append(equal(str(path), monkeypatch, [{}, {"failed": True}], frames=number % 6 == 0))
    assert any(looked)
    assert equal(str(tmp_path), monkeypatch)


ODD = [
    {"userIdentity": {"type": "IAMUser", "arn": "HIDDEN_DUE_TO_SECURITY_REASONS", "accessKeyId": "***", "accountId": 1}},
    {"userIdentity.arn": "arn:aws:iam::111122223333:user/other"},
    {"recipientAccountId": "1.11E+11"},
    {"requestParameters": '{"a": 1}', "responseElements": '{"credentials": {"sessionToken": "x"}}'},
    {"responseElements": {"credentials": {"accessKeyId": "ASIAEXAMPLE222222222", "SecretAccessKey": "x"}}},
    {"requestParameters": {"credentials": {"accessKeyId": "ASIAEXAMPLE222222222", "secretAccessKey": "x", "sessionToken": "y"}}},
    {"responseElements": {"failures": [{"errorMessage": "a"}, {"errorMessage": "b"}]}},
    {"errorCode": "", "errorMessage": "said alone", "sharedEventID": "", "requestID": "-1", "readOnly": None},
    {"requestParameters": {"n": 10**30, "f": 1.5}, "userAgent": '=cmd|"a",b\n', "sourceIPAddress": " @x "},
    {"userAgent": "a <br> [<br>] “name”: %7B%22", "eventSource": "aws:s3"},
    {"requestParameters": json.loads("[" * 40 + "]" * 40)},
    {"requestParameters": {"k\\u0065y": "\\", "it's": "x"}},
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: next(iter(odd)))
@pytest.mark.parametrize("indent", [None, 1])
def test_odd_members_are_shown_as_ever(odd, indent, tmp_path, monkeypatch):
    path = tmp_path / "odd.json"
    path.write_text(json.dumps({"Records": [record(1), record(2, **odd), record(3)]}, indent=indent))
    equal(str(path), monkeypatch, [{}, {"failed": True}, {"access_key": "ASIA*"}])


@pytest.mark.parametrize(
    "raw", [b'"errorMessage":"no","errorMessage":null', b'"a":1e999', b'"a":"\xff"', b'"a":"\\ud800"', b'"errorCode":"AccessDenied","errorCode":null']
)
def test_what_only_the_bytes_show_is_shown_as_ever(raw, tmp_path, monkeypatch):
    path = tmp_path / "odd.json"
    at_the_top, inside = (compact([record(1), record(2, **member), record(3)]) for member in ({"MARK": 1}, {"requestParameters": {"MARK": 1}}))
    for data in (at_the_top, inside):
        path.write_bytes(data.replace(b'"MARK":1', raw))
        equal(str(path), monkeypatch, [{}, {"failed": True}])


@pytest.mark.parametrize("kind", CANARIES)
def test_no_row_holds_a_secret(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(cases, "SCAN_FROM", 0)
    path = tmp_path / "trail.json"
    path.write_text(json.dumps({"Records": [record(9, "CreateThing", requestParameters=CANARIES[kind], responseElements={"in": CANARIES[kind]})]}))
    assert CANARY not in str(ts.load(path).records.to_dict())
    raws = [json.dumps(CANARIES[kind], indent=indent).encode() for indent in (None, 1)]
    assert may_hold_secrets([b"{}", *raws, b'{"a":"b"}']) == {1, 2}


def test_a_value_in_which_no_secret_is_suspected_holds_none():
    examples = [row.pattern.pattern for row in secret_table().values]
    assert examples
    for name in (*secret_table().names, *(f"my_{ending}" for ending in secret_table().endings)):
        for spelled in (name, name.upper(), "-".join(name), "_".join(name)):
            value = {"a": {spelled: "x"}, "env": [{"name": spelled, "value": "x"}]}
            assert record_members(value) != value, spelled
            assert may_hold_secrets([json.dumps(value).encode()]) == {0}, spelled
