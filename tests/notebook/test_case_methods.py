"""What a notebook asks of a case and of its answer."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

import trailsleuth as ts
from tests.views.trail import KEY, NEXT_KEY, ROLE, written
from trailsleuth.errors import UsageError

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return ts.load(written(tmp_path_factory.mktemp("trail")))


def test_a_case_shows_events_sessions_and_a_timeline_like_the_functions_over_its_files(case, tmp_path):
    path = written(tmp_path)
    assert list(case.events(denied=True)["eventID"]) == list(ts.events(path, denied=True)["eventID"])
    assert list(case.sessions()["access_key_id"]) == list(ts.sessions(path)["access_key_id"]) == [KEY, NEXT_KEY]
    assert case.timeline().drop(columns="event_id").equals(ts.timeline(path).drop(columns="event_id"))


def test_its_denials_are_counted_by_any_columns(case):
    frame = case.denied(by="principal,service")
    assert frame[["principal", "service", "count"]].to_numpy().tolist() == [[ROLE, "ecs", 1]]
    assert isinstance(frame["addresses"].iloc[0], str)


def test_a_policy_is_reduced_and_a_request_simulated_in_place(case):
    assert case.reduce(ROLE).role == ROLE
    assert case.simulate(principal=ROLE, action="ecs:RunTask", resource="*")[0]["decision"] == "undecided"


def test_an_answer_becomes_html_markdown_and_a_change(case):
    answer = case.diagnose()
    assert answer.to_html().startswith("<!DOCTYPE html>")
    assert answer.to_markdown().startswith("#")
    assert "aws_iam_role_policy" in answer.fix()
    assert '"Statement"' in answer.fix("json")
    with pytest.raises(UsageError, match="pulumi"):
        answer.fix("pulumi")


def test_what_was_not_asked_about_is_a_table_apart():
    case = ts.load(ROOT / "fixtures" / "cases" / "founding-first-no-snapshot" / "evidence")
    background = case.diagnose(pipeline="basket").background
    assert list(background.columns) == ["principal", "call", "error_code", "count", "first_seen", "last_seen"]
    assert background["count"].sum() == 6


@pytest.mark.parametrize("name", ["plot", "plot_timeline"])
def test_an_answer_is_drawn_as_an_image_that_stands_by_itself(name):
    answer = ts.load(ROOT / "fixtures" / "cases" / "founding-first-no-snapshot" / "evidence").diagnose(pipeline="basket")
    picture = getattr(answer, name)()
    drawing = ElementTree.fromstring(picture.svg)
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    assert "ecs:RegisterTaskDefinition" in drawing.get("aria-label")
    assert ".box" in drawing.find("{http://www.w3.org/2000/svg}style").text
    shown = picture._repr_html_()
    assert re.fullmatch(r'<img alt="[^"<>]*" style="[^"<>]*" src="data:image/svg\+xml;base64,[\w+/=]+">', shown)


def test_an_answer_without_a_chain_says_so(case):
    nothing = case.diagnose(since=datetime(2030, 1, 1, tzinfo=UTC))
    assert "no role chain in this answer" in nothing.plot().svg
    assert "no denied call in this answer" in nothing.plot_timeline().svg


@pytest.mark.parametrize("first", ["import pandas, trailsleuth", "import trailsleuth; trailsleuth.events(PATH)"])
def test_the_accessor_is_there_without_an_extension(first, tmp_path):
    code = f"PATH = {str(written(tmp_path))!r}\n{first}\nimport pandas\nprint(hasattr(pandas.DataFrame, 'trail'))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "True\n"


def test_importing_the_package_loads_no_pandas():
    code = "import sys, trailsleuth; print('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
