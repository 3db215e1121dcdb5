"""`trailsleuth denied --by`: who was denied what, how often, since when, from where."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.views.trail import identity, record
from trailsleuth.analyze.steady import is_steady
from trailsleuth.api.denials import denied_groups, parse_by
from trailsleuth.cli.app import main
from trailsleuth.errors import UsageError

START = datetime(2026, 3, 4, 9, tzinfo=UTC)
PROBE = "arn:aws:iam::444455556666:role/probe/Probe"
HOSTILE = 'x\x1b[31m=HYPERLINK("http://192.0.2.9")<script>'


def denied(number, name, *, source="ecs", at=0, who=None, code="AccessDenied", **more):
    time = (START + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return record(number, name, source=source, who=who, eventTime=time, errorCode=code, errorMessage="Access Denied", **more)


def written(path, records):
    path.write_text(json.dumps({"Records": records}), encoding="utf-8")
    return str(path)


def test_groups_have_count_first_last_and_addresses(tmp_path, capsys):
    trail = [denied(1, "RunTask", at=60), denied(2, "RunTask", sourceIPAddress="192.0.2.77"), denied(3, "StopTask"), record(4)]
    assert main(["denied", written(tmp_path / "t.json", trail), "--by", "action", "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["by"], told["denied"], told["more"]) == ("trailsleuth.denials/1", ["action"], 3, 0)
    first = told["groups"][0]
    assert (first["action"], first["count"], first["first"], first["last"]) == ("ecs:RunTask", 2, "2026-03-04T09:00:00Z", "2026-03-04T09:01:00Z")
    assert first["addresses"] == ["192.0.2.10", "192.0.2.77"]
    assert first["access_keys"] == ["ASIAEXAMPLE222222222"]


def test_a_piped_table_has_a_line_a_group_with_whole_arns(tmp_path, capsys):
    path = written(tmp_path / "t.json", [denied(1, "RunTask"), denied(2, "RunTask")])
    assert main(["denied", path, "--by", "principal,service,code"]) == 0
    heads, row = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert heads == ["count", "principal", "service", "code", "first (UTC)", "last (UTC)", "from", "looks like"]
    assert row[:4] == ["2", "arn:aws:iam::444455556666:role/delivery/Deploy", "ecs", "AccessDenied"]


def test_days_stand_in_the_order_of_time(tmp_path, capsys):
    trail = [denied(1, "RunTask", at=90_000), denied(2, "RunTask", at=90_001), denied(3, "RunTask")]
    assert main(["denied", written(tmp_path / "t.json", trail), "--by", "day", "-o", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["day"], row["count"]) for row in rows] == [("2026-03-04", "1"), ("2026-03-05", "2")]


def test_who_looks_around_is_marked_and_its_neighbours_are_not(tmp_path):
    who = identity("ASIAEXAMPLE333333333", role=PROBE)
    tries = [denied(n, f"List{name}{n}", source=name, at=n, who=who) for n, name in enumerate(("s3", "iam", "kms", "ec2") * 3)]
    found = denied_groups(written(tmp_path / "t.json", [*tries, denied(90, "RunTask")]), by="principal")
    assert {view.values: view.marks for view in found.groups} == {(PROBE,): ("enumeration",), ("arn:aws:iam::444455556666:role/delivery/Deploy",): ()}
    by_service = denied_groups(str(tmp_path / "t.json"), by="service")
    assert {mark for view in by_service.groups for mark in view.marks} == set()


def test_what_is_denied_at_regular_times_is_marked(tmp_path):
    monitor = [denied(n, "DescribeTrails", source="cloudtrail", at=n * 900 + n % 3) for n in range(20)]
    found = denied_groups(written(tmp_path / "t.json", [*monitor, denied(50, "RunTask")]), by="action")
    assert [(view.values[0], view.marks) for view in found.groups] == [("cloudtrail:DescribeTrails", ("steady",)), ("ecs:RunTask", ())]


@pytest.mark.parametrize(
    ("seconds", "steady"),
    [
        ([n * 900 for n in range(12)], True),
        ([n * 900 for n in range(11)], False),  # too few
        ([n * 60 for n in range(12)], False),  # within minutes: a retry
        ([n * n * 120 for n in range(12)], False),  # ever rarer
    ],
)
def test_regular_is_many_over_hours_at_equal_pauses(seconds, steady):
    assert is_steady(START + timedelta(seconds=one) for one in seconds) is steady


def test_a_call_in_two_trails_counts_once(tmp_path):
    both = [denied(1, "RunTask", sharedEventID="s-1"), denied(2, "RunTask", sharedEventID="s-1", account="111122223333")]
    assert denied_groups(written(tmp_path / "t.json", both), by="action").denied == 1


@pytest.mark.parametrize("form", ["table", "csv", "json", "jsonl", "html"])
def test_hostile_names_stay_text(form, tmp_path, capsys):
    path = written(
        tmp_path / "t.json",
        [denied(1, "RunTask", code="AccessDenied", sourceIPAddress=HOSTILE, who=identity(role=f"arn:aws:iam::444455556666:role/{HOSTILE}"))],
    )
    assert main(["denied", path, "--by", "principal,action", "-o", form]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert not any(cell.startswith("=") for row in csv.reader(io.StringIO(out)) for cell in row)


def test_names_of_columns_are_checked():
    assert parse_by("Principal, action,principal") == ("principal", "action")
    with pytest.raises(UsageError) as wrong:
        parse_by("principle")
    assert "did you mean principal?" in wrong.value.next_step


@pytest.mark.parametrize("arguments", [["-o", "csv"], ["-o", "table"], ["--limit", "3"], ["--by", ","]])
def test_what_cannot_be_meant_is_wrong_usage(arguments, tmp_path, capsys):
    assert main(["denied", written(tmp_path / "t.json", [denied(1, "RunTask")]), *arguments]) == 2
    assert "; " in capsys.readouterr().err


def test_the_heat_map_has_every_count_and_what_does_not_fit_among_the_others(tmp_path, capsys):
    trail = [denied(number, f"Call{number % 30}", who=identity(role=f"arn:aws:iam::444455556666:role/Role{number % 50}")) for number in range(300)]
    assert main(["denied", written(tmp_path / "t.json", trail), "--by", "principal,action", "-o", "html"]) == 0
    page = capsys.readouterr().out
    heat = page.partition('aria-label="Heat map"')[2].partition("</table>")[0]
    rows = [re.findall(r'class="heat h(\d)">(\d*)<', row) for row in heat.split("<tr>")[2:]]
    assert (len(rows), {len(row) for row in rows}) == (41, {25})
    assert sum(int(count or 0) for row in rows for _, count in row) == 300
    assert all((shade == "0") is (not count) for row in rows for shade, count in row)
    assert heat.count("<td>others</td>") == 1


def test_a_heat_map_by_day_is_in_the_order_of_time(tmp_path, capsys):
    trail = [denied(place, "RunTask", at=day * 86400) for place, day in enumerate((2, 0, 1, 1))]
    assert main(["denied", written(tmp_path / "t.json", trail), "--by", "action,day", "-o", "html"]) == 0
    heads = re.findall(r"<th>(.*?)</th>", capsys.readouterr().out.partition("Heat map")[2].partition("</thead>")[0])
    assert heads[1:] == sorted(heads[1:])
    assert len(heads) == 4


def test_a_heat_map_is_for_groups(tmp_path, capsys):
    assert main(["denied", written(tmp_path / "t.json", [denied(1, "RunTask")]), "-o", "html"]) == 2
