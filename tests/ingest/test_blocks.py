"""One record over several lines of a text, whatever stands around it: the same record as in a file of its own."""

from __future__ import annotations

import html
import json
import pprint
import re
import textwrap
import time

import pytest

from tests.trail import B, refused, role, session
from trailsleuth.api import explain
from trailsleuth.ingest.blocks import unfolded
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import RawInput

RECORD = refused(session(role("Porter")), "sns", "Publish", "sns:Publish", f"arn:aws:sns:eu-west-1:{B}:bell rings", request={"note": "two  blanks, and\ta tab"})
LINE = json.dumps(RECORD)
PRETTY = json.dumps(RECORD, indent=2)
LONG = json.dumps({"padding": ["x"] * 3000, "Records": [RECORD]}, indent=1)
AROUND = ("@", "We see this in the trail:\n@\n\nAny idea why?", "event: @\n", "event: @\nand much more that is longer than the window was\n")
UNFOLDED = (
    *(f"{LINE}\n{LINE}\n", PRETTY, "a\nb", "{\n}", LINE, "", f"{LINE[:60]}\n\n{LINE[60:]}"),
    *("x" * 80 + "\n" + "y" * 80, '{"a": ' + "b" * 70 + "\n" + "c" * 76 + "\nd"),
)


def folded(width: int, line: str = LINE) -> str:
    return "\n".join(line[at : at + width] for at in range(0, len(line) or 1, width))


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
    "folded in a quoted mail": "On Monday Jo wrote:\n" + "\n".join(f"> {line}" for line in folded(72).splitlines()) + "\n> thanks\n\nsee below",
    "folded behind words in a quoted mail": "\n".join(f"> > {line}" for line in folded(80, f"trail: {LINE}").splitlines()),
    "a quoted part": "Jo wrote:\n" + "\n".join(f"> {line}" for line in PRETTY.splitlines()) + "\n\nIndeed.\n",
    "a build's log": "\n".join(f"2026-03-04T09:05:01.1234567Z {line}" for line in f"Run it\n{PRETTY}\ndone".splitlines()),
    "a long trail in a build's log": "\n".join(
        f"2026-03-04T09:05:01Z {line}" for line in json.dumps({"padding": ["x"] * 3000, "Records": [RECORD]}, indent=1).split("\n")
    ),
    "docker compose": "\n".join(f"worker_1  | {line}" for line in PRETTY.splitlines()),
    "a container's log": "\n".join(f"2026-03-04T09:05:01.123456789Z stdout F {line}" for line in PRETTY.splitlines()),
    "a patch": "\n".join(f"+{line}" for line in PRETTY.splitlines()),
    "behind words on its line": f"event: {PRETTY}\nthanks\n",
    "Windows": f"event:\n{PRETTY}\nthanks\n".replace("\n", "\r\n"),
    "Python": f"received {pprint.pformat(RECORD, width=100, sort_dicts=False)}\nbye",
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


@pytest.mark.parametrize("width", [60, 72, 79, 80, 120])
@pytest.mark.parametrize(
    "around", ["@", "We see this in the trail:\n@\n\nAny idea why?", "event: @\n", "event: @\nand much more that is longer than the window was\n"]
)
def test_a_folded_object_is_on_one_line_again(width, around):
    line = json.dumps(RECORD | {"requestParameters": None}, separators=(",", ":"))
    text = around.replace("@", line)
    narrow = "\n".join(re.sub(" *\n", "\n", folded(width, part)) for part in text.split("\n"))
    assert line in unfolded(narrow)


@pytest.mark.parametrize("text", UNFOLDED)
def test_what_was_not_folded_stays_as_it_is(text):
    assert unfolded(text) == text


def test_what_only_begins_an_object_hides_none_behind_it():
    noise = "\n".join("2026-03-04T09:05:01Z response: {\n2026-03-04T09:05:01Z   body: 'x'" for _ in range(2000))
    (record,) = read_evidence([RawInput(source="t", data=f"{noise}\n{PRETTY}\n".encode())]).records
    assert record.denial is not None


def test_many_openings_take_no_quadratic_time():
    evidence = read_evidence([RawInput(source="t", data=b"x\n" + b"{\n" * 50_000)])
    assert evidence.records == ()


@pytest.mark.parametrize("line", ['{"a": 1, "b": "cut here', "2026-03-04T09:05:01Z {", 'worker_1  | x {"a": [', '{"a": 1} and more of it'])
def test_lines_that_only_begin_an_object_take_no_quadratic_time(line):
    began = time.process_time()
    assert read_evidence([RawInput(source="t", data=f"{line}\n".encode() * 40_000)]).records == ()
    assert time.process_time() - began < 8
