"""One record over several lines of a text, whatever stands around it: the same record as in a file of its own."""

from __future__ import annotations

import html
import json
import textwrap

import pytest

from tests.trail import B, refused, role, session
from trailsleuth.api import explain
from trailsleuth.ingest.blocks import may_be_folded, unfolded
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import RawInput

RECORD = refused(session(role("Porter")), "sns", "Publish", "sns:Publish", f"arn:aws:sns:eu-west-1:{B}:bell rings", request={"note": "two  blanks, and\ta tab"})
LINE = json.dumps(RECORD)
PRETTY = json.dumps(RECORD, indent=2)


def folded(width: int) -> str:
    return "\n".join(LINE[at : at + width] for at in range(0, len(LINE), width))


WHOLE = {
    "prose": f"This is what CloudTrail shows:\n\n{PRETTY}\n\nAny idea?\n",
    "prose, at once": f"event:\n{PRETTY}\nthanks",
    "fence": f"# What broke\n\n```json\n{PRETTY}\n```\n\nand more\n",
    "fence with a document": "```\n" + json.dumps({"Records": [RECORD]}, indent=4) + "\n```\n",
    "quoted mail": "\n".join(f"> {line}" for line in PRETTY.splitlines()),
    "page": f"<html><body><pre>{html.escape(PRETTY)}</pre></body></html>",
    "folded": folded(80),
    "folded at 72 behind prose": f"event:\n{folded(72)}\nthanks\n",
    "folded in a fence": f"text\n\n```\n{folded(100)}\n```\n",
}


@pytest.mark.parametrize("name", WHOLE)
def test_the_record_is_read_as_it_was_written(name):
    (record,) = read_evidence([RawInput(source="note.md", data=WHOLE[name].encode())]).records
    assert {key: record.payload[key] for key in RECORD} == RECORD


@pytest.mark.parametrize("name", WHOLE)
def test_explain_reads_the_same(name):
    (denial,) = explain(WHOLE[name]).denials
    assert (denial.principal, denial.iam_action) == (role("Porter"), "sns:Publish")


def test_text_wrapped_between_words_keeps_its_words():
    wrapped = "\n".join(textwrap.wrap(json.dumps(refused(session(role("Porter")), "sns", "Publish", "sns:Publish", "*")), 78))
    (record,) = read_evidence([RawInput(source="t.txt", data=f"see\n\n{wrapped}\n".encode())]).records
    assert record.denial is not None
    assert record.denial.iam_action == "sns:Publish"


def test_what_stands_around_is_counted_once_and_lines_keep_their_numbers():
    broken = '{"eventName": "Publish", "eventTime": '
    evidence = read_evidence([RawInput(source="t", data=f"one\n{PRETTY}\ntwo\n{broken}\n".encode())])
    count = len(PRETTY.splitlines())
    assert sorted(skipped.reason for skipped in evidence.coverage.skipped) == [
        "not recognised: 2 lines of text without a record",
        f"unreadable record: line {count + 3} holds no whole JSON",
    ]


@pytest.mark.parametrize("text", [f"{LINE}\n{LINE}\n", PRETTY, "a\nb", "{\n}", LINE, "", f"{LINE[:60]}\n\n{LINE[60:]}"])
def test_what_was_not_folded_stays_as_it_is(text):
    assert unfolded(text) is None or not may_be_folded(text.encode())


def test_many_openings_take_no_quadratic_time():
    evidence = read_evidence([RawInput(source="t", data=b"x\n" + b"{\n" * 50_000)])
    assert evidence.records == ()
