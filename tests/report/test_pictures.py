"""The report's first screen: verdict, change, next step, who and when; then the chain in its accounts, and the time; then the policy as a diff."""

from __future__ import annotations

import json
import re
from html import unescape
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from tests.report.build import DEPLOY_ROLE, WORKLOAD, a_delta, a_finding, an_open_case, the_founding_case
from tests.test_cases import CASES, diagnosed
from trailsleuth.report.changes import changed_lines
from trailsleuth.report.context import RenderContext
from trailsleuth.report.diagram import render_dot, render_mermaid
from trailsleuth.report.document import case_document
from trailsleuth.report.html import render_html
from trailsleuth.report.svg import chain_svg, timeline_svg

CROSS_ACCOUNT = ["founding-first-snapshot", "cp-key-both-sides", "org-scp-tag-required", "cp-hop-both-sides"]


def page(document, **context):
    return render_html(document, RenderContext(**context))


def test_the_first_fields_are_the_change_the_next_step_and_what_the_answer_rests_on():
    labels = re.findall(r"<dt>(.*?)</dt>", page(case_document(the_founding_case())).partition("</header>")[0])
    assert labels == ["Change", "Next", "Failed", "Error", "When", "Owner", "Accounts", "Evidence", "Made by"]


def test_the_version_stands_on_the_report_where_it_is_told():
    assert "<dd>trailsleuth 1.2.3, as trailsleuth.case/2; AWS as of " in page(case_document(the_founding_case()), version="1.2.3")
    assert "<dd>trailsleuth, as trailsleuth.case/2; AWS as of " in page(case_document(the_founding_case()))


def test_pictures_stand_before_the_change_and_what_was_read_is_folded_at_the_end():
    text = page(case_document(the_founding_case()))
    marks = ["</header>", ">Role chain<", ">Timeline<", ">What to change<", "<h2>Next<", 'class="cause">Cause<', "What was covered"]
    assert sorted(marks, key=text.index) == marks, [text.index(mark) for mark in marks]
    assert text.partition("What was covered")[2].count("<details>") >= 1
    assert "<table" not in text.partition("What was covered")[2].partition("<details>")[0]


@pytest.mark.parametrize("slug", CROSS_ACCOUNT)
def test_every_account_of_the_chain_has_a_box_around_its_roles(slug):
    document = diagnosed(CASES / slug)
    drawing = ElementTree.fromstring(chain_svg(document))
    frames = [(float(one.get("y")), float(one.get("height"))) for one in drawing.iter("rect") if one.get("class") == "account"]
    labels = [one.text for one in drawing.iter("text") if (one.text or "").startswith("account ")]
    hops = [hop["account"] for chain in document["chains"] for hop in chain["hops"] if hop["account"]]
    assert {f"account {account}" for account in hops} <= set(labels)
    assert len(frames) == len(labels)
    assert all(top + height <= below for (top, height), (below, _) in pairwise(frames))
    boxes = [one for one in drawing.iter() if (one.get("class") or "").startswith("box role")]
    assert all(any(top < float(box.get("y")) and float(box.get("y")) + float(box.get("height")) < top + height for top, height in frames) for box in boxes)
    for render in (render_mermaid, render_dot):
        assert all(f'"account {account}"' in render(document) for account in hops)


def test_a_prediction_stands_in_the_next_try_and_not_at_the_record_that_it_follows_from():
    document = case_document(the_founding_case())
    predicted = [finding for finding in document["findings"] if finding["basis"] == "predicted"]
    drawing = ElementTree.fromstring(timeline_svg(document))
    titles = [one.text for one in drawing.iter("title")]
    assert len([title for title in titles if title.startswith("in the next try: iam:PassRole")]) == len(predicted) > 0
    (ahead,) = [one for one in drawing.iter("rect") if one.get("class") == "ahead"]
    starts = {group.find("title").text: float(re.match(r"M([\d.]+)", group.find("path").get("d"))[1]) for group in drawing.iter("g")}
    edge = float(ahead.get("x"))
    assert all((x > edge) is title.startswith("in the next try") for title, x in starts.items())


def test_without_a_prediction_the_time_has_the_whole_width():
    document = case_document(the_founding_case())
    document["findings"] = [finding for finding in document["findings"] if finding["basis"] != "predicted"]
    assert "the next try" not in timeline_svg(document)


def test_what_a_drawing_shows_is_told_to_who_cannot_see_it():
    label = ElementTree.fromstring(chain_svg(case_document(the_founding_case()))).get("aria-label")
    assert "CrossAccountDeploy, account 444455556666" in label
    assert "ecs:RegisterTaskDefinition" in label


def test_the_change_is_shown_as_lines_added_and_taken_out():
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    narrowed = {**deny, "Resource": "arn:aws:s3:::other/*"}
    delta = case_document(replace(the_founding_case(), deltas=(a_delta(remove=({"policy": "p", "statement": deny, "instead": narrowed},)),)))["deltas"][0]
    lines = list(changed_lines(delta))
    assert ("-", '  "Resource": "*"') in [(sign, line.rstrip(",")) for sign, line in lines]
    assert ("+", '  "Resource": "arn:aws:s3:::other/*"') in lines
    text = "\n".join(line for _, line in lines)
    assert json.loads(text[text.rindex("\n{") :])["Effect"] == "Allow"


@pytest.mark.parametrize("slug", CROSS_ACCOUNT)
def test_the_diff_in_the_report_holds_every_added_statement_whole(slug):
    document = diagnosed(CASES / slug)
    for block, delta in zip(re.findall(r'<pre class="diff">(.*?)</pre>', page(document), re.DOTALL), document["deltas"], strict=True):
        shown = unescape(re.sub(r"<[^>]*>", "", block)).splitlines()
        assert [line[:1] for line in shown] == [sign for sign, _ in changed_lines(delta)]
        assert [line[2:] for line in shown] == [line for _, line in changed_lines(delta)]


def test_an_open_case_asks_on_its_first_screen():
    head = page(case_document(an_open_case())).partition("</header>")[0]
    assert "<dt>Next</dt><dd>get the " in head
    assert a_finding(principal=DEPLOY_ROLE).principal_account in (None, WORKLOAD)
