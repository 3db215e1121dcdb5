"""Rewrites the golden texts and prints what changed: python -m tests.report.refresh"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

from tests.report.build import a_quiet_case, an_open_case, the_founding_case
from trailsleuth.report.context import RenderContext
from trailsleuth.report.document import case_document
from trailsleuth.report.formats import render

FOLDER = Path(__file__).with_name("golden")
CASES = {"founding": the_founding_case, "open": an_open_case, "quiet": a_quiet_case}
FORMS = {
    "table.txt": ("table", RenderContext(width=80)),
    "wide.txt": ("table", RenderContext(width=200)),
    "ascii.txt": ("table", RenderContext(width=80, unicode=False)),
    "md": ("markdown", RenderContext()),
    "csv": ("csv", RenderContext()),
    "jsonl": ("jsonl", RenderContext()),
    "mmd": ("mermaid", RenderContext()),
    "dot": ("dot", RenderContext()),
    "junit.xml": ("junit", RenderContext()),
}


def rendered() -> dict[str, str]:
    return {f"{name}.{suffix}": render(case_document(build()), form, context) for name, build in CASES.items() for suffix, (form, context) in FORMS.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in rendered().items():
        path = FOLDER / name
        before = path.read_bytes().decode() if path.exists() else ""
        sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), text.splitlines(True), f"before/{name}", f"after/{name}"))
        path.write_bytes(text.encode())
