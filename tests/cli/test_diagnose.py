"""The diagnose command over a stand-in for the api: what it asks, what it shows, how it ends."""

from __future__ import annotations

import io
import json
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from tests.report.build import TOOLING, a_quiet_case, an_open_case, the_founding_case
from trailsleuth.cli import diagnose
from trailsleuth.cli.app import main
from trailsleuth.cli.live_progress import ConsoleProgress
from trailsleuth.model import Coverage, Outcome, Skipped
from trailsleuth.report.document import case_document
from trailsleuth.sources.aws.ways import Ways
from trailsleuth.sources.engines.addresses import Settings

FIELDS = ("pipeline", "execution_id", "role", "session", "access_key", "event_id", "stack", "build", "deployment", "task", "error", "since", "until")
EXIT_CODES = {Outcome.CAUSE_FOUND: 0, Outcome.NO_DENIAL_FOUND: 1, Outcome.INCONCLUSIVE: 3}


class Api:
    """Answers every question with one case file and remembers what it was asked."""

    def __init__(self, case_file):
        self.case_file = case_file
        self.loaded = self.asked = None

    def diagnose(self, paths, inquiry, *, live=None, stdin=None, prune=False):
        self.loaded = (list(paths), stdin) if live is None else (list(paths), live, inquiry.pipeline)
        self.asked = {name: value for name in ("everything", *FIELDS) if (value := getattr(inquiry, name))}
        return SimpleNamespace(case_file=self.case_file, exit_code=EXIT_CODES[self.case_file.outcome])


@pytest.fixture
def answered(monkeypatch, capsys):
    def run(case_file, *arguments):
        api = Api(case_file)
        monkeypatch.setattr(diagnose, "api", api)
        code = main(["diagnose", *arguments])
        shown = capsys.readouterr()
        return SimpleNamespace(code=code, out=shown.out, err=shown.err, api=api)

    return run


@pytest.mark.parametrize(("build", "code"), [(the_founding_case, 0), (a_quiet_case, 1), (an_open_case, 3)])
def test_the_exit_code_tells_the_outcome_and_stdout_holds_the_document_alone(answered, build, code):
    ran = answered(build(), "trail.json", "--output", "json")
    assert ran.code == code
    assert json.loads(ran.out) == case_document(build())
    assert ran.err == ""


def test_the_table_is_the_default(answered):
    assert answered(the_founding_case(), "trail.json").out.startswith("CAUSE FOUND\n")


@pytest.mark.parametrize(
    ("form", "start"),
    [("markdown", "# Cause found"), ("html", "<!DOCTYPE html>"), ("csv", "rank,"), ("dot", "digraph"), ("mermaid", "flowchart"), ("junit", "<?xml")],
)
def test_the_other_formats(answered, form, start):
    assert answered(the_founding_case(), "trail.json", "-o", form).out.startswith(start)


def test_a_fix_is_printed_instead_of_the_report(answered):
    assert "aws_iam_role_policy" in answered(the_founding_case(), "trail.json", "--fix", "terraform").out


def test_every_entry_option_is_passed_on(answered):
    options = {"--pipeline": "web", "--execution-id": "e1", "--role": "arn:aws:iam::1:role/R", "--session": "s", "--access-key": "ASIAX", "--event-id": "i"}
    options |= {"--stack": "t", "--build": "b", "--deployment": "d", "--task": "k"}
    flat = [word for pair in options.items() for word in pair]
    ran = answered(the_founding_case(), "a.json", "b", *flat, "--error", "denied", "--since", "2026-03-04T09:00:00Z", "--until", "2026-03-04T10:00:00Z")
    assert ran.api.loaded == (["a.json", "b"], None)
    asked = dict(ran.api.asked)
    assert (asked.pop("since").hour, asked.pop("until").hour, asked.pop("error")) == (9, 10, "denied")
    assert asked == {option.removeprefix("--").replace("-", "_"): value for option, value in options.items()}


def test_evidence_or_the_error_may_come_from_stdin(answered, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b'{"Records": []}')))
    assert answered(the_founding_case(), "-").api.loaded == (["-"], b'{"Records": []}')
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"it failed")))
    assert answered(the_founding_case(), "a.json", "--error", "-").api.asked["error"] == "it failed"


def test_profiles_and_regions_go_to_the_live_reader(answered):
    named = ("--profile", "tooling", "--profile", "workload", "--region", "eu-west-1", "--assume-role", "arn:aws:iam::111122223333:role/R", "--wait", "5")
    ran = answered(the_founding_case(), "--pipeline", "web", *named)
    ways = Ways(profiles=("tooling", "workload"), assume_roles=("arn:aws:iam::111122223333:role/R",), regions=("eu-west-1",))
    paths, live, pipeline = ran.api.loaded
    assert (paths, live.ways, live.wait, live.settings, pipeline) == ([], ways, timedelta(minutes=5), Settings(), "web")
    assert isinstance(live.progress, ConsoleProgress)
    assert ran.code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-", "--error", "-"),
        ("-", "-"),
        ("",),
        ("a.json", "--region", "eu-west-1"),
        ("a.json", "--wait", "5"),
        ("a.json", "--since", "whenever"),
        ("a.json", "--since", "1h", "--until", "2h"),
        ("a.json", "--output", "yaml"),
        ("a.json", "--output-file", "/"),
        ("a.json", "--nonsense"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(answered, arguments):
    ran = answered(the_founding_case(), *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("error: ")


@pytest.mark.parametrize(
    ("coverage", "why"),
    [
        (Coverage(), "it holds no record"),
        (Coverage(skipped=(Skipped(source="a.json", reason="not JSON"), Skipped(source="b", reason="x"))), "a.json: not JSON (and 1 more)"),
        (Coverage(unreadable=7), "none of its 7 records could be read"),
    ],
)
def test_evidence_without_any_record_is_exit_4_with_what_was_tried_and_what_to_do(answered, coverage, why):
    empty = replace(a_quiet_case(), outcome=Outcome.INCONCLUSIVE, coverage=coverage)
    ran = answered(empty, "a.json")
    assert (ran.code, ran.out) == (4, "")
    lines = ran.err.splitlines()
    assert lines[0] == "error: no CloudTrail records in a.json"
    assert lines[1] == f"  why:  {why}"
    assert "aws cloudtrail lookup-events" in lines[2]


def test_a_known_execution_without_a_trail_leads_to_questions(answered):
    case = replace(an_open_case(), execution=the_founding_case().execution, findings=(), coverage=Coverage())
    assert answered(case, "pipeline.json").code == 3


def test_a_report_goes_into_a_file_and_never_over_another(answered, tmp_path):
    path = tmp_path / "report.html"
    arguments = ("a.json", "--output", "html", "--output-file", str(path))
    first = answered(the_founding_case(), *arguments)
    assert (first.code, first.out) == (0, "")
    assert path.read_text().startswith("<!DOCTYPE html>")
    again = answered(the_founding_case(), *arguments)
    assert again.code == 2
    assert again.api.loaded is None, "nothing is read for an answer that can't be written"
    assert answered(the_founding_case(), *arguments, "--force").code == 0


def test_a_redacted_report_holds_no_account(answered):
    ran = answered(the_founding_case(), "a.json", "--output", "json", "--redact")
    assert ran.code == 0
    assert TOOLING not in ran.out


def test_all_shows_the_background(answered):
    assert "ec2:DescribeInstances" not in answered(the_founding_case(), "a.json").out
    everything = answered(the_founding_case(), "a.json", "--all")
    assert "ec2:DescribeInstances" in everything.out
    assert everything.api.asked == {"everything": True}
