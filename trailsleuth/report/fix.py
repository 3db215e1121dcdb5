"""The policy changes of a case in the language of the tool that will make them. Nothing here is ever run.

Only an identity policy can be added beside what is there. A trust, resource, boundary, service control or endpoint policy is one document, so for those
the statements are given to be merged: a tool that puts them in place by themselves would wipe out the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from trailsleuth.report.context import Document

FIXES = {
    "json": "json:deltas_json",
    "terraform": "fix_terraform:render_terraform",
    "cloudformation": "fix_aws:render_cloudformation",
    "cdk": "fix_cdk:render_cdk_typescript",
    "cdk-python": "fix_cdk:render_cdk_python",
    "cli": "fix_aws:render_cli",
}


def render_fix(document: Document, form: str) -> str:
    """The deltas of the document in one of the forms of `FIXES`; empty deltas give a comment or an empty list, never a guess."""
    return render_deltas(list(document["deltas"]), form)


def render_deltas(deltas: list[Document], form: str) -> str:
    """Deltas in one of the forms of `FIXES`, each of which is loaded when it is asked for."""
    home, _, name = FIXES[form].partition(":")
    renderer: Callable[[list[Document]], str] = getattr(import_module(f"trailsleuth.report.{home}"), name)
    return renderer(deltas)
