"""`denied` hands out the very records that a slow, independent reader picks, however the files are written."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.scan.test_equal_to_reading_everything import WAYS, compact, some_files
from trailsleuth.cli.app import main
from trailsleuth.errors import UsageError
from trailsleuth.scan import units
from trailsleuth.scan.denied import refused
from trailsleuth.scan.needles import _Plain
from trailsleuth.scan.refused import as_text

UNREADABLE = {"cut", "cut gzip", "cut gzip that ends in zeros"}  # the first files of these are read up to the cut
Record = dict[str, Any]


def independent(records: list[Record]) -> tuple[set[str], set[str]]:
    """The ids of the refused calls, and of those that opened their sessions, by plain loops."""
    denied = [r for r in records if r.get("errorCode") == "AccessDenied"]
    opening = [r for r in records if r["eventSource"] == "sts.amazonaws.com" and r["eventName"].startswith("AssumeRole") and not r.get("errorCode")]
    wanted = [r["userIdentity"] for r in denied]
    found: set[str] = set()
    while wanted:
        who = wanted.pop()
        for record in opening:
            issued = (record.get("responseElements") or {}).get("credentials", {}).get("accessKeyId")
            user = (record.get("responseElements") or {}).get("assumedRoleUser", {}).get("assumedRoleId")
            mine = issued == who["accessKeyId"] if "accessKeyId" in who else user is not None and user == who.get("principalId")
            if mine and record["eventID"] not in found:
                found.add(record["eventID"])
                wanted.append(record["userIdentity"])
    return {r["eventID"] for r in denied}, found


def ids_of(path: Path) -> tuple[set[str], set[str], int]:
    with refused(path) as found:
        lines = [json.loads(line) for line in found.lines()]
        assert len(lines) == found.refused + found.openings
        return {r["eventID"] for r in lines[: found.refused]}, {r["eventID"] for r in lines[found.refused :]}, found.records


@pytest.mark.parametrize("way", sorted(set(WAYS) - UNREADABLE))
def test_the_same_records_however_a_file_is_written(way: str, tmp_path: Path) -> None:
    files = some_files(way)
    for number, records in enumerate(files):
        (tmp_path / f"{number}.json").write_bytes(WAYS[way](records) if number != 1 else compact(records))
    denied, openings, count = ids_of(tmp_path)
    assert denied
    assert (denied, openings) == independent([r for one in files for r in one])
    assert count >= sum(map(len, files)) if way == "nested" else count >= len({r["eventID"] for one in files for r in one})


@pytest.mark.parametrize("way", sorted(UNREADABLE))
def test_what_is_cut_off_is_said(way: str, tmp_path: Path) -> None:
    first, second, _ = some_files(way)
    (tmp_path / "whole.json").write_bytes(compact(first))
    (tmp_path / "cut.json").write_bytes(WAYS[way](second))
    denied, _, _ = ids_of(tmp_path)
    assert independent(first)[0] <= denied <= independent(first + second)[0]
    with refused(tmp_path) as found:
        assert any("cut.json" in skipped.source for skipped in found.skipped)


def test_a_large_file_is_gone_through_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [r for one in some_files("large") for r in one]
    (tmp_path / "large.json").write_bytes(compact(records))
    (tmp_path / "large.json.gz").write_bytes(gzip.compress(compact(records[:150]), mtime=0))
    monkeypatch.setattr(units, "WHOLE_UP_TO", 1000)
    monkeypatch.setattr(units, "PART", 60_000)
    denied, openings, count = ids_of(tmp_path)
    assert (denied, openings, count) == (*independent(records), len(records) + 150)


def test_a_copy_is_given_once_and_one_that_differs_twice(tmp_path: Path) -> None:
    first = [r for one in some_files("copies") for r in one]
    denied = next(r for r in first if r.get("errorCode") == "AccessDenied")
    (tmp_path / "a.json").write_bytes(compact(first))
    (tmp_path / "b.json").write_bytes(compact(first[::-1]))
    (tmp_path / "c.json").write_bytes(compact([{**denied, "sourceIPAddress": "203.0.113.9"}]))
    with refused(tmp_path) as found:
        ids = [json.loads(line)["eventID"] for line in found.lines()][: found.refused]
    assert sorted(ids) == sorted([*independent(first)[0], denied["eventID"]])


def test_the_command_writes_evidence_without_tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = [r for one in some_files("command") for r in one]
    odd = {**next(r for r in first if r.get("errorCode") == "AccessDenied"), "eventID": "odd", "userAgent": "\u202e\x7f\x1b[31m😀"}
    (tmp_path / "trail.json").write_bytes(json.dumps({"Records": [*first, odd]}, separators=(",", ":"), ensure_ascii=False).encode())
    assert main(["denied", str(tmp_path)]) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert told.out.isascii()
    assert "\x7f" not in told.out
    assert [json.loads(line)["userAgent"] for line in lines if '"odd"' in line] == [odd["userAgent"]]
    tokens = [json.loads(line)["responseElements"]["credentials"].get("sessionToken", "taken out") for line in lines if '"credentials"' in line]
    assert set(tokens) <= {"taken out"}
    assert f"{len(independent(first)[0]) + 1:,} denied" in told.err
    (tmp_path / "denied.jsonl").write_text(told.out)
    assert main(["diagnose", str(tmp_path / "denied.jsonl"), "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["coverage"]["denied"] == len(independent(first)[0]) + 1


def test_nothing_refused_and_nothing_readable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = [r for r in some_files("green")[0] if not r.get("errorCode")]
    (tmp_path / "trail.json").write_bytes(compact(calls))
    assert main(["denied", str(tmp_path)]) == 1
    (tmp_path / "trail.json").write_bytes(b"no log at all")
    assert main(["denied", str(tmp_path)]) == 4
    assert "no log" not in capsys.readouterr().out
    with pytest.raises(UsageError):
        refused("s3://bucket/prefix")


@pytest.mark.parametrize("written", ['"sessionToken":"FwoG/x=="', '"sessionToken" : "FwoG\\/x\\"=="', '"sessionToken":""'])
def test_a_token_is_taken_out_however_it_is_written(written: str) -> None:
    text = as_text(b'{"credentials":{"accessKeyId":"ASIA1",%s,"expiration":"soon"}}\n' % written.encode())
    assert json.loads(text)["credentials"] == {"accessKeyId": "ASIA1", "sessionToken": "taken out", "expiration": "soon"}


def test_white_space_between_members_does_no_harm() -> None:
    assert json.loads(as_text(b'{"eventID":\t"a",\r"eventName": "x\xff"}\n')) == {"eventID": "a", "eventName": "x\ufffd"}


def test_the_same_records_without_the_fast_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = some_files("plain")
    for number, records in enumerate(files):
        (tmp_path / f"{number}.json.gz").write_bytes(gzip.compress(compact(records), mtime=0))
    monkeypatch.setattr("trailsleuth.scan.quick.libdeflate", lambda: None)
    for module in ("needles", "refused"):
        monkeypatch.setattr(f"trailsleuth.scan.{module}.searcher", _Plain)
    assert ids_of(tmp_path)[:2] == independent([r for one in files for r in one])
