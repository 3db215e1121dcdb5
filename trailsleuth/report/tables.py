"""Formats that other programs take in: JSON lines, CSV, JUnit."""

from __future__ import annotations

import csv
import io
import json

from trailsleuth.report import words
from trailsleuth.report.context import Document
from trailsleuth.report.sanitize import for_csv, for_xml

_FINDING_COLUMNS = (
    "rank",
    "group",
    "standing",
    "basis",
    "cause",
    "policy_types",
    "policy_arn",
    "principal",
    "principal_account",
    "iam_action",
    "resource",
    "resource_account",
    "conditions",
    "explanation",
    "advice",
    "first_seen",
    "last_seen",
    "count",
    "id",
)


def render_jsonl(document: Document) -> str:
    """One JSON object a line, each with its `type`: case, chain, finding, delta, background, question, coverage."""
    head = {"type": "case", **{key: document[key] for key in ("schema", "outcome", "summary", "execution")}}
    rows = [head]
    for kind, key in (("chain", "chains"), ("finding", "findings"), ("delta", "deltas"), ("background", "background"), ("question", "questions")):
        rows += [{"type": kind, **member} for member in document[key]]
    rows.append({"type": "coverage", **document["coverage"]})
    return "".join(json.dumps(row, ensure_ascii=True, allow_nan=False) + "\n" for row in rows)


def render_csv(document: Document) -> str:
    """One row a finding, with the ids of its records; no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*_FINDING_COLUMNS, "event_ids"])
    for finding in document["findings"]:
        cells = [_cell(finding[column]) for column in _FINDING_COLUMNS]
        writer.writerow([*cells, _cell([record["event_id"] for record in finding["evidence"]])])
    return out.getvalue()


def _cell(value: object) -> str | int:
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    if isinstance(value, list):
        return for_csv(" ".join(map(str, value)))
    return for_csv(json.dumps(value, ensure_ascii=True) if isinstance(value, dict) else str(value))


def render_junit(document: Document) -> str:
    """A JUnit test suite for a build server: what has to change is a failure, what stays unexplained an error."""
    cases = [_junit_case(finding) for finding in words.shown_findings(document, everything=False)]
    open_ones = [_junit_question(question) for question in document["questions"]] if document["outcome"] == "inconclusive" else []
    if not cases and not open_ones:
        cases = [f'  <testcase classname="trailsleuth" name="{for_xml(document["summary"] or "nothing denied")}"/>']
    body = [*cases, *open_ones]
    failures, errors = sum("<failure" in case for case in body), sum("<error" in case for case in body)
    head = f'<testsuite name="trailsleuth" tests="{len(body)}" failures="{failures}" errors="{errors}">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *body, "</testsuite>"]) + "\n"


def _junit_case(finding: Document) -> str:
    name = for_xml(f"{finding['rank']}. {words.headline(finding)} ({finding['resource'] or 'resource unknown'})")
    start = f'  <testcase classname="{for_xml(finding["principal"] or "unknown")}" name="{name}"'
    if finding["standing"] == "recovered":
        return f"{start}/>"
    kind = "error" if finding["cause"] == "unknown" else "failure"
    note = for_xml(f"{words.STANDING[finding['standing']]}, {finding['basis']}")
    return f'{start}>\n    <{kind} type="{for_xml(finding["cause"])}" message="{note}">{for_xml(finding["explanation"])}</{kind}>\n  </testcase>'


def _junit_question(question: Document) -> str:
    name = for_xml(f"{question['wanted']} of account {question['account'] or 'unknown'}")
    reason = for_xml(f"{question['because']}: {question['command']}")
    return f'  <testcase classname="open question" name="{name}">\n    <error type="inconclusive" message="evidence missing">{reason}</error>\n  </testcase>'
