"""Every form that a case can take, by the name that `--output` gives it; each is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from trailsleuth.report.context import Document, RenderContext

_HOMES = {
    "table": "text:render_text",
    "json": "json:render_json",
    "markdown": "markdown:render_markdown",
    "html": "html:render_html",
    "jsonl": "tables:render_jsonl",
    "csv": "tables:render_csv",
    "mermaid": "diagram:render_mermaid",
    "dot": "diagram:render_dot",
    "junit": "tables:render_junit",
    "sarif": "sarif:render_sarif",
    "github": "annotations:render_annotations",
    "ocsf": "ocsf:render_ocsf",
    "timesketch": "timesketch:render_timesketch",
}
FORMS = tuple(_HOMES)
_FOR_A_SCREEN = frozenset({"table", "markdown", "html", "sarif", "github"})  # what else there is shows the same everywhere


def render(document: Document, form: str, context: RenderContext) -> str:
    """The document in one of the `FORMS`."""
    home, _, name = _HOMES[form].partition(":")
    renderer: Callable[..., str] = getattr(import_module(f"trailsleuth.report.{home}"), name)
    return renderer(document, context) if form in _FOR_A_SCREEN else renderer(document)
