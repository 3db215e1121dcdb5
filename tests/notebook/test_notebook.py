from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

import trailsleuth as ts
from tests.report.build import a_coverage, a_trail_record, the_founding_case
from tests.views.trail import written
from trailsleuth.api import Case, Diagnosis
from trailsleuth.model import Evidence
from trailsleuth.model.explanation import Explanation
from trailsleuth.model.reduction import Reduction
from trailsleuth.notebook import load_ipython_extension
from trailsleuth.report.frames import records_frame


@pytest.fixture(scope="module")
def shown():
    """How IPython would show a value, by MIME type and type."""
    forms = {"text/html": {}, "text/plain": {}}
    formatters = {kind: SimpleNamespace(for_type=known.__setitem__) for kind, known in forms.items()}
    load_ipython_extension(SimpleNamespace(display_formatter=SimpleNamespace(formatters=formatters)))
    return forms


def test_a_diagnosis_is_shown_as_a_framed_report_and_as_the_table(shown):
    diagnosis = Diagnosis(the_founding_case())
    html = shown["text/html"][Diagnosis](diagnosis)
    assert html.startswith('<iframe sandbox=""')
    assert "CAUSE FOUND" in html
    printed = []
    shown["text/plain"][Diagnosis](diagnosis, SimpleNamespace(text=printed.append), False)
    assert printed[0].startswith("CAUSE FOUND\n")


def test_a_case_is_shown_as_what_it_covers(shown):
    html = shown["text/html"][Case](Case(Evidence(coverage=a_coverage())))
    assert "1,354 records" in html
    assert "444455556666" in html
    printed = []
    shown["text/plain"][Case](Case(Evidence(coverage=a_coverage())), SimpleNamespace(text=printed.append), False)
    assert printed[0].startswith("1,354 records of 2 accounts")
    assert "\n" not in printed[0]


def test_the_trail_accessor_finds_denials_sessions_and_calls(shown):
    frame = records_frame([a_trail_record(2, denied=True), a_trail_record(1), a_trail_record(3, key=None)])
    assert list(frame.trail.denied()["eventID"]) == ["e2"]
    sessions = frame.trail.sessions()
    assert sessions.loc["ASIAEXAMPLE222222222", ["calls", "errors"]].tolist() == [2, 1]
    assert list(frame.trail.chain("ASIAEXAMPLE222222222")["eventID"]) == ["e1", "e2"]
    with pytest.raises(AttributeError, match="CloudTrail"):
        _ = pd.DataFrame({"a": [1]}).trail


def test_cases_and_diagnoses_are_short_where_they_stand_in_a_list_and_whole_when_printed():
    assert repr(Case(Evidence(coverage=a_coverage()))).startswith("Case(1,354 records of 2 accounts")
    diagnosis = Diagnosis(the_founding_case())
    assert repr(diagnosis).startswith("Diagnosis(cause_found: CrossAccountDeploy")
    assert str(diagnosis).startswith("CAUSE FOUND\n")
    assert "1,354 records" in Case(Evidence(coverage=a_coverage()))._repr_html_()


def test_explanations_and_reductions_are_shown_as_their_tables(shown):
    printed = []
    text = "User: arn:aws:iam::111122223333:user/a is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k"
    shown["text/plain"][Explanation](ts.explain(text), SimpleNamespace(text=printed.append), False)
    assert "s3:GetObject" in printed[0]
    assert Reduction in shown["text/plain"]


def test_records_sessions_and_timelines_are_frames(tmp_path):
    path = written(tmp_path)
    assert list(ts.events(path, denied=True)["eventName"]) == ["RegisterTaskDefinition"]
    assert list(ts.sessions(path)["calls"]) == [1, 5]
    moments = ts.timeline(path, principal="Deploy")
    assert all(isinstance(moment, str) and moment.endswith("Z") for moment in moments["time"])
    assert list(ts.timeline(path, account="999999999999")) == list(moments)
    assert ts.bundle(path, redact=True).files
