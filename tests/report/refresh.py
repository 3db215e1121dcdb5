"""Rewrites the golden texts and prints what changed: python -m tests.report.refresh

One file holds all cases in all forms, each under a line `##### <case> <form>`.
"""

from __future__ import annotations

import difflib
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from tests.report.build import a_quiet_case, an_open_case, the_founding_case
from tests.test_cases import CASES, diagnosed
from trailsleuth.report.context import RenderContext
from trailsleuth.report.document import case_document
from trailsleuth.report.fix import FIXES, render_fix
from trailsleuth.report.formats import render

FILE = Path(__file__).with_name("golden.txt")
BUILT = {"founding": the_founding_case, "open": an_open_case, "quiet": a_quiet_case}
READ = {"key": "cp-key-both-sides", "scp": "org-scp-tag-required", "green": "cp-retry-went-green"}  # from evidence: both sides of a key, an SCP, no denial
FORMS = {
    "table.txt": ("table", RenderContext(width=80)),
    "wide.txt": ("table", RenderContext(width=200)),
    "ascii.txt": ("table", RenderContext(width=80, unicode=False)),
    "md": ("markdown", RenderContext()),
    "html": ("html", RenderContext()),
    "csv": ("csv", RenderContext()),
    "jsonl": ("jsonl", RenderContext()),
    "mmd": ("mermaid", RenderContext()),
    "dot": ("dot", RenderContext()),
    "github.txt": ("github", RenderContext()),
    "junit.xml": ("junit", RenderContext()),
    "ocsf.jsonl": ("ocsf", RenderContext()),
    "timesketch.jsonl": ("timesketch", RenderContext()),
}
FIX_SUFFIXES = {"terraform": "tf", "cloudformation": "template.yaml", "cdk": "ts", "cdk-python": "cdk.py.txt", "cli": "sh", "json": "deltas.json"}


@cache
def documents() -> dict[str, dict[str, Any]]:
    """The cases by name; where the evidence lies on this machine is left out."""
    read = {name: _placeless(diagnosed(CASES / slug), str(CASES)) for name, slug in READ.items()}
    return {name: case_document(build()) for name, build in BUILT.items()} | read


def _placeless(value: Any, place: str) -> Any:
    if isinstance(value, dict):
        return {key: _placeless(member, place) for key, member in value.items()}
    if isinstance(value, list):
        return [_placeless(member, place) for member in value]
    return value.replace(place, "cases") if isinstance(value, str) else value


@cache
def rendered() -> dict[str, dict[str, str]]:
    """Case to form to text."""
    return {name: _forms(document) for name, document in documents().items()}


def _forms(document: dict[str, Any]) -> dict[str, str]:
    shown = {suffix: render(document, form, context) for suffix, (form, context) in FORMS.items()}
    return shown | {suffix: render_fix(document, form) for form, suffix in FIX_SUFFIXES.items()}


@cache
def golden() -> dict[str, dict[str, str]]:
    """What was agreed, as `rendered` has it."""
    pieces = re.split(r"^##### (\S+) (\S+)\n", FILE.read_bytes().decode(), flags=re.MULTILINE)
    found: dict[str, dict[str, str]] = {}
    for name, form, part in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        found.setdefault(name, {})[form] = part.removesuffix("\n")
    return found


if __name__ == "__main__":
    assert set(FIX_SUFFIXES) == set(FIXES)
    before = FILE.read_bytes().decode() if FILE.exists() else ""
    after = "".join(f"##### {name} {form}\n{text}\n" for name, forms in rendered().items() for form, text in forms.items())
    sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), after.splitlines(True), "before", "after"))
    FILE.write_bytes(after.encode())
