"""What to do, for a terminal: the change, the advice, the next step, and the patch of a policy file."""

from __future__ import annotations

from collections.abc import Sequence

from trailsleuth.report import steps, words
from trailsleuth.report.context import Document
from trailsleuth.report.json import compact_json
from trailsleuth.report.layout import command_lines, hanging
from trailsleuth.report.page import MOST, Page
from trailsleuth.report.sanitize import visible

_WIDE_JSON = 120
_SCREEN, _STEP = 24, 3  # lines of a terminal, and those of a heading with its first step


def to_do(page: Page, document: Document) -> None:
    """The change and the next step; the step first where the change would push it off the first screen."""
    change, then = Page(page.context), Page(page.context)
    _deltas(change, document)
    _advice(change, document)
    _next(then, document)
    parts = (change, then) if len(page.lines) + len(change.lines) + _STEP <= _SCREEN else (then, change)
    page.lines += [line for part in parts for line in part.lines]


def _deltas(page: Page, document: Document) -> None:
    if not document["deltas"]:
        return
    page.heading("WHAT TO CHANGE")
    shown = _first_deltas(page, document)
    for number, delta in enumerate(shown, 1):
        page.lines += hanging(f"{number:>2}.  ", page.safe(f"{steps.title_of(delta)} of {delta['attach_to'] or 'unknown'}"), width=page.width)
        if steps.by_its_maker(delta):
            page.say(steps.by_its_maker(delta), indent=5)
        _policy(page, delta)
        page.field("owner", steps.owner_of(delta))
        for warning in delta["warnings"]:
            page.field("WARNING", warning)
        for placeholder in delta["placeholders"]:
            page.field("fill in", f"${{{placeholder['name']}}}: {placeholder['why']}. {placeholder['how_to_find']}")
        page.field("proof", words.proof_text(delta["proof"]))
        if opinion := words.opinion_text(delta):
            page.field("AWS says", opinion)
        if command := words.opinion_command(delta):
            page.lines += command_lines(page.safe(command), width=page.width, indent=5)
    page.rest(document["deltas"], shown)


def _first_deltas(page: Page, document: Document) -> Sequence[Document]:
    """The changes that cure the findings that are shown."""
    deltas = document["deltas"]
    if page.context.everything or len(deltas) <= MOST:
        return list(deltas)
    shown = {finding["id"] for standing in ("cause", "also_needed") for finding in page.first(words.standing_findings(document, standing))}
    return [delta for delta in deltas if not shown.isdisjoint(delta["finding_ids"])]


def _policy(page: Page, delta: Document) -> None:
    if delta["document"]["Statement"]:
        page.lines += _json_lines(page, delta["document"])
    for entry in delta["remove"]:
        for sentence, value in steps.removal_parts(entry):
            page.say(sentence, indent=5)
            page.lines += _json_lines(page, value) if value is not None else []


def advised_of(document: Document) -> list[Document]:
    """Findings where no policy change helps, the first of each advice."""
    fixed = {identifier for delta in document["deltas"] for identifier in delta["finding_ids"]}
    advised = [f for f in words.standing_findings(document, "cause", "also_needed") if f["advice"] and f["id"] not in fixed and f["group"] == 1]
    return list({f["advice"]: f for f in reversed(advised)}.values())[::-1]


def _advice(page: Page, document: Document) -> None:
    """What to do where no policy change helps; a change that stands above says itself what to do."""
    advised = advised_of(document)
    if not advised:
        return
    page.heading("WHAT TO DO")
    shown = page.first(advised)
    for finding in shown:
        page.lines += hanging(f"{finding['rank']:>2}.  ", page.safe(finding["advice"]), width=page.width)
    page.rest(advised, shown)


def patches(page: Page) -> None:
    """The changes in the files of policies that were named, as diffs."""
    for made in page.context.patches:
        page.heading(page.safe(f"PATCHED {made.source.path}"))
        page.lines += ["", *made.shown_diff()] if made.edits else ["", "  nothing to change in it"]
        page.lines += ["", *(visible(line) for line in made.text.splitlines())] if made.edits else []


def _json_lines(page: Page, value: object) -> list[str]:
    return compact_json(value, width=min(page.width, _WIDE_JSON)).splitlines()


def _next(page: Page, document: Document) -> None:
    found = steps.next_steps(document)
    if not found:
        return
    page.heading("NEXT")
    for number, (sentence, command) in enumerate(found, 1):
        page.lines += hanging(f"{number:>2}.  ", page.safe(sentence), width=page.width)
        page.lines += command_lines(page.safe(command), width=page.width, indent=5) if command else []
