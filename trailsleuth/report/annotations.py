"""Annotations of a GitHub Actions run: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands

What has to change is an error or a warning, at the lines of the policy's source where one was given; anything else is a notice.
"""

from __future__ import annotations

from collections.abc import Iterator

from trailsleuth.report import words
from trailsleuth.report.context import Document, RenderContext
from trailsleuth.report.policy_source import place_in
from trailsleuth.report.policy_types import Patch
from trailsleuth.report.sanitize import one_line

_LEVELS = {"cause": "error", "also_needed": "warning"}


def render_annotations(document: Document, context: RenderContext) -> str:
    """One command a line; the runner reads each of them, so no text of a log starts one or ends one."""
    return "".join(f"{line}\n" for line in _lines(document, context.patches))


def _lines(document: Document, patches: tuple[Patch, ...]) -> Iterator[str]:
    found = words.standing_findings(document, *_LEVELS)
    for finding in found:
        text = f"{words.name_of(finding['principal'])}, {words.resource(finding) or 'no resource'}: {finding['explanation']}"
        yield _command(_LEVELS[finding["standing"]], text, title=words.headline(finding), **_place(finding, patches))
    if not found:
        yield _command("notice", document["summary"], title=words.VERDICT.get(document["outcome"], "").capitalize())
    if document["outcome"] == "inconclusive":
        for question in document["questions"]:
            yield _command("notice", f"{question['because']}: {question['command']}", title=f"Missing: {words.wanted(question)}")


def _place(finding: Document, patches: tuple[Patch, ...]) -> dict[str, str]:
    for made in patches:
        for edit in made.edits:
            if finding["id"] in edit.finding_ids:
                return {"file": made.source.path, "line": str(place_in(made.source.text, edit.start)[0])}
    return {}


def _command(level: str, text: str, **properties: str) -> str:
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {told}::{_data(text)}"


def _data(text: str) -> str:
    return one_line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
