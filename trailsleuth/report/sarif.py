"""SARIF 2.1.0 for code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html

What is shown are findings that a policy's source file can cure, each at the lines that change, with the change as a fix.
"""

from __future__ import annotations

import json
from urllib.parse import quote

from trailsleuth.report import words
from trailsleuth.report.context import Document, RenderContext
from trailsleuth.report.policy_source import place_in
from trailsleuth.report.policy_types import Edit, Patch
from trailsleuth.report.sanitize import one_line

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"cause": "error", "also_needed": "warning"}


def render_sarif(document: Document, context: RenderContext) -> str:
    """One run; without a source file it has no results."""
    found = {finding["id"]: finding for finding in words.standing_findings(document, *_LEVELS)}
    pairs = [(patch, edit) for patch in context.patches for edit in patch.edits]
    results = [_result(found[number], patch, edit) for patch, edit in pairs for number in edit.finding_ids if number in found]
    rules = sorted({result["ruleId"] for result in results})
    run = {
        "tool": {"driver": {"name": "trailsleuth", "rules": [{"id": rule, "shortDescription": {"text": words.CAUSE[rule]}} for rule in rules]}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _result(finding: Document, patch: Patch, edit: Edit) -> Document:
    uri = {"uri": quote(patch.source.path.replace("\\", "/"))}
    text = f"{words.headline(finding)} ({words.name_of(finding['principal'])}, {finding['resource'] or 'resource unknown'}). {finding['explanation']}"
    change = {
        "artifactLocation": uri,
        "replacements": [{"deletedRegion": _region(patch.source.text, edit.start, edit.end), "insertedContent": {"text": edit.text}}],
    }
    return {
        "ruleId": finding["cause"],
        "level": _LEVELS[finding["standing"]],
        "message": {"text": one_line(text)},
        "locations": [{"physicalLocation": {"artifactLocation": uri, "region": _region(patch.source.text, *_shown(patch, edit))}}],
        "fixes": [{"description": {"text": "the smallest change that fixes it"}, "artifactChanges": [change]}],
        "partialFingerprints": {"trailsleuthFinding/v1": finding["id"]},
        "properties": {"basis": finding["basis"], "standing": finding["standing"], "eventIds": [record["event_id"] for record in finding["evidence"]]},
    }


def _shown(patch: Patch, edit: Edit) -> tuple[int, int]:
    """What is replaced; for an addition the last statement, beside which it goes."""
    if edit.end > edit.start:
        return edit.start, edit.end
    last = patch.source.statements[-1]
    return last.start, last.end


def _region(text: str, start: int, end: int) -> Document:
    (line, column), (end_line, end_column) = place_in(text, start), place_in(text, end)
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
