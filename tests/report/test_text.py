from __future__ import annotations

import json
import re

import pytest
from msgspec.structs import replace

from tests.report.build import DEPLOY_ROLE, WORKLOAD, a_chain, a_delta, a_finding, a_record, an_open_case, the_founding_case
from tests.report.refresh import BUILT, FIX_SUFFIXES, FORMS, READ, golden, rendered
from trailsleuth.model import Standing
from trailsleuth.report.context import RenderContext
from trailsleuth.report.document import case_document
from trailsleuth.report.json import compact_json
from trailsleuth.report.layout import command_lines, width_of, wrapped
from trailsleuth.report.text import render_text


def table(case, **context):
    return render_text(case_document(case), RenderContext(**context))


@pytest.mark.parametrize("name", [*BUILT, *READ])
@pytest.mark.parametrize("form", [*FORMS, *FIX_SUFFIXES.values()])
def test_the_golden_text_still_holds(name, form):
    assert rendered()[name][form] == golden()[name][form], "look at: python -m tests.report.refresh"


def test_no_golden_text_is_orphaned():
    assert {name: list(forms) for name, forms in golden().items()} == {name: list(forms) for name, forms in rendered().items()}


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(width):
    for case in (the_founding_case(), an_open_case()):
        assert max(width_of(line) for line in table(case, width=width).splitlines() if max(map(len, line.split()), default=0) <= width // 2) <= width


def test_an_arn_is_never_broken():
    long_role = f"arn:aws:iam::{WORKLOAD}:role/" + "a-very-long-path/" * 6 + "Role"
    case = replace(the_founding_case(), findings=(a_finding(principal=long_role, resource=long_role),), deltas=(a_delta(attach_to=long_role),))
    text = table(case, width=80)
    assert text.split().count(long_role) >= 3


def test_the_delta_in_the_table_is_json_that_can_be_copied():
    text = table(the_founding_case())
    block = text[text.index("\n{\n") : text.index("\n}\n") + 3]
    assert json.loads(block) == case_document(the_founding_case())["deltas"][0]["document"]


def test_background_is_left_out_unless_asked_for():
    assert "ec2:DescribeInstances" not in table(the_founding_case())
    assert "left out: 12 denied calls" in table(the_founding_case())
    assert "ec2:DescribeInstances" in table(the_founding_case(), everything=True)


def test_colour_is_never_the_only_signal():
    plain, colored = table(the_founding_case()), table(the_founding_case(), color=True)
    assert "\x1b[" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain


def test_without_unicode_the_table_is_ascii():
    case = replace(the_founding_case(), summary="Rôle „Überweisung“ — 配置")
    assert table(case, unicode=False).isascii()
    assert "\\xdc" in table(case, unicode=False)


def test_many_records_are_cut_with_a_word_about_it():
    records = tuple(a_record(seconds=number) for number in range(40))
    text = table(replace(the_founding_case(), findings=(a_finding(evidence=records, count=40),)))
    assert "and 28 records more" in text


def test_many_recovered_findings_are_cut_but_no_cause_is():
    recovered = tuple(a_finding(f"s3:Get{n}", standing=Standing.RECOVERED, rank=n + 20) for n in range(30))
    causes = tuple(a_finding(f"ecs:Call{n}", rank=n) for n in range(1, 20))
    text = table(replace(the_founding_case(), findings=causes + recovered))
    assert all(f"ecs:Call{n}:" in text for n in range(1, 20))
    assert "and 22 more" in text


def test_a_chain_without_hops_is_not_drawn():
    assert "ROLE CHAIN" not in table(replace(the_founding_case(), chains=(replace(a_chain(), hops=()),)))


def test_a_broken_command_is_still_the_same_command():
    command = "aws cloudtrail lookup-events --start-time 2026-03-04T09:00:00Z --lookup-attributes 'AttributeKey=Username, AttributeValue=x' > out.json"
    lines = command_lines(command, width=50, indent=5)
    assert len(lines) > 1
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert " ".join("\n".join(lines).replace("\\\n", " ").split()) == " ".join(command.split())


@pytest.mark.parametrize("text", ["", "a", "word " * 40, "x" * 300, "配置" * 50, "a\u0301" * 99, "one " + "y" * 81 + " two"])
def test_wrapping_loses_nothing_and_breaks_no_word(text):
    lines = wrapped(text, 40)
    assert all(width_of(line) <= 40 for line in lines if " " in line)
    assert " ".join(lines).split() == text.split()


def test_json_in_few_lines_says_the_same_and_fits():
    for value in (
        {},
        [],
        {"a": [1, "two", {"b": None}]},
        {"Statement": [{"Action": ["s3:Get"] * 20, "Resource": "x" * 60, "Condition": {"k": {"l": "m"}}}] * 3},
    ):
        for width in (20, 60, 80, 200):
            text = compact_json(value, width=width)
            assert json.loads(text) == value
            assert max(len(line) for line in text.splitlines() if line.count('"') <= 2 or len(line) <= width) <= max(width, 70)


def test_a_table_about_a_whole_trail_shows_the_first_causes_and_their_changes():
    findings = tuple(a_finding(id=f"f-{i}", rank=i, iam_action=f"s3:Action{i}Here") for i in range(1, 31))
    deltas = tuple(a_delta(attach_to=f"{DEPLOY_ROLE}{i:02}", finding_ids=(f"f-{i}",)) for i in range(1, 31))
    chains = tuple(replace(a_chain(), session_id=str(i)) for i in range(30))
    case = replace(the_founding_case(), findings=findings, deltas=deltas, chains=chains)
    bounded, whole = table(case, width=200), table(case, width=200, everything=True)
    assert ("s3:Action25Here" in bounded, "s3:Action26Here" in bounded) == (True, False)
    assert (f"{DEPLOY_ROLE}25" in bounded, f"{DEPLOY_ROLE}26" in bounded) == (True, False)
    assert bounded.count("and 5 more: --all shows them, --output json holds them") == 3
    assert "s3:Action30Here" in whole
    assert f"{DEPLOY_ROLE}30" in whole
    assert "--all shows them" not in whole


def test_what_to_do_is_said_once():
    advice = "Ask whoever attached it."
    case = replace(the_founding_case(), deltas=(), findings=(replace(a_finding(), advice=advice),))
    text = table(case)
    assert text.count(advice) == 1
    assert text.index("WHAT TO DO") < text.index(advice)
