from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from tests.report.build import a_coverage, a_trail_record, the_founding_case
from trailsleuth.api import Case, Diagnosis
from trailsleuth.model import Evidence
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
