"""What fuzzing found, each as the smallest input that showed it."""

from __future__ import annotations

import gc
import json
import math
from pathlib import Path

import pytest

from tests.ingest.build import a_denial, an_input
from tests.report.build import the_founding_case
from trailsleuth.api.cases import Case
from trailsleuth.catalog import load
from trailsleuth.catalog.operations import primary_action
from trailsleuth.iam.requests import simulate_requests
from trailsleuth.ingest.decode import CarefulDecoder
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.report.context import RenderContext
from trailsleuth.report.document import case_document
from trailsleuth.report.formats import FORMS, render
from trailsleuth.report.redact import redact


@pytest.mark.parametrize("source", ["9" * 400, "../" * 20 + "tmp/x", "/etc/x", "a/../../x", "\0", "a\nb", ""])
def test_an_event_source_opens_no_file_outside_the_tables(source):
    evidence = read_evidence([an_input({"Records": [a_denial(1, eventSource=source), a_denial(2, eventSource=f"{source}.amazonaws.com")]})])
    assert Case(evidence).diagnose().document()["schema"] == "trailsleuth.case/2"


def test_a_table_elsewhere_on_the_disk_is_not_read(tmp_path, monkeypatch):
    data = tmp_path / "data"
    (data / "operations").mkdir(parents=True)
    (tmp_path / "evil.toml").write_text("not toml at all [[[")
    monkeypatch.setattr(load, "DATA", data)
    load.read_table.cache_clear()
    assert load.read_table("operations/../../evil") == {}
    assert primary_action("../../evil.amazonaws.com", "GetThing", {}) is None
    load.read_table.cache_clear()


@pytest.mark.parametrize("name", ["iam_action", "rank", "cause", "evidence", "StringEquals", "Statement", "coverage"])
@pytest.mark.parametrize("form", ["table", "json", "csv", "html"])
def test_a_pipeline_named_like_a_field_renames_no_field(name, form):
    document = case_document(the_founding_case())
    document["execution"]["pipeline"] = name
    shown = redact(document)
    assert shown.keys() == document.keys()
    assert shown["findings"][0].keys() == document["findings"][0].keys()
    assert [delta["document"].keys() for delta in shown["deltas"]] == [delta["document"].keys() for delta in document["deltas"]]
    assert form in FORMS
    assert render(shown, form, RenderContext())


@pytest.mark.parametrize("option", ["role", "session", "pipeline", "error", "access_key", "event_id", "execution_id"])
def test_bytes_on_the_command_line_that_are_no_text_give_a_document_that_can_be_read(option):
    evidence = read_evidence([an_input({"Records": [a_denial()]})])
    document = Case(evidence).diagnose(**{option: "x\udcff\ud800\udc00"}).document()
    text = json.dumps(document)
    assert json.loads(text) == document
    assert "\\ud" not in text


@pytest.mark.parametrize("odd", [math.nan, math.inf, [1], {"a": 1}, True, None])
def test_an_id_of_a_wrong_type_gives_an_answer_that_is_json(odd):
    (answer,) = simulate_requests(json.dumps([{"id": odd, "principal": "x", "action": "s3:GetObject", "resource": "*", "policies": {}}]))
    json.dumps(answer, allow_nan=False)
    assert isinstance(answer["id"], str)


def test_the_package_data_has_only_plain_names():
    names = [path.relative_to(load.DATA).with_suffix("").as_posix() for path in Path(load.DATA).rglob("*.toml")]
    assert names
    assert all(load._NAME.fullmatch(name) for name in names)


def test_reading_broken_files_again_and_again_leaves_nothing_in_memory():
    for number in range(300):
        read_evidence([an_input('{"Records": [{"eventID": "a", "eventID": "b"}, {"broken": ' + str(number))])
    gc.collect(0)
    assert sum(isinstance(one, CarefulDecoder) for one in gc.get_objects()) < 50
