"""Every form that a case can take, by the name that `--output` gives it."""

from __future__ import annotations

from collections.abc import Callable

from trailsleuth.report.annotations import render_annotations
from trailsleuth.report.context import Document, RenderContext
from trailsleuth.report.diagram import render_dot, render_mermaid
from trailsleuth.report.html import render_html
from trailsleuth.report.json import render_json
from trailsleuth.report.markdown import render_markdown
from trailsleuth.report.ocsf import render_ocsf
from trailsleuth.report.sarif import render_sarif
from trailsleuth.report.tables import render_csv, render_jsonl, render_junit
from trailsleuth.report.text import render_text
from trailsleuth.report.timesketch import render_timesketch

RENDERERS: dict[str, Callable[[Document, RenderContext], str]] = {
    "table": render_text,
    "json": lambda document, _context: render_json(document),
    "markdown": render_markdown,
    "html": render_html,
    "jsonl": lambda document, _context: render_jsonl(document),
    "csv": lambda document, _context: render_csv(document),
    "mermaid": lambda document, _context: render_mermaid(document),
    "dot": lambda document, _context: render_dot(document),
    "junit": lambda document, _context: render_junit(document),
    "sarif": render_sarif,
    "github": render_annotations,
    "ocsf": lambda document, _context: render_ocsf(document),
    "timesketch": lambda document, _context: render_timesketch(document),
}


def render(document: Document, form: str, context: RenderContext) -> str:
    """The document in one of the forms of `RENDERERS`."""
    return RENDERERS[form](document, context)
