"""The policy changes of a case in the language of the tool that will make them. Nothing here is ever run.

Only an identity policy can be added beside what is there. A trust, resource, boundary, service control or endpoint policy is one document, so for those
the statements are given to be merged: a tool that puts them in place by themselves would wipe out the rest.
"""

from __future__ import annotations

from collections.abc import Callable

from trailsleuth.report.context import Document
from trailsleuth.report.fix_aws import render_cli, render_cloudformation
from trailsleuth.report.fix_cdk import render_cdk_python, render_cdk_typescript
from trailsleuth.report.fix_terraform import render_terraform
from trailsleuth.report.json import policy_json

FIXES: dict[str, Callable[[list[Document]], str]] = {
    "json": lambda deltas: policy_json(deltas) + "\n",
    "terraform": render_terraform,
    "cloudformation": render_cloudformation,
    "cdk": render_cdk_typescript,
    "cdk-python": render_cdk_python,
    "cli": render_cli,
}


def render_fix(document: Document, form: str) -> str:
    """The deltas of the document in one of the forms of `FIXES`; empty deltas give a comment or an empty list, never a guess."""
    return FIXES[form](list(document["deltas"]))
