"""The document as JSON: ASCII only, so that no encoding and no terminal can change or act on it."""

from __future__ import annotations

import json

from trailsleuth.report.context import Document


def render_json(document: Document) -> str:
    """The whole document, indented, its keys in the order of the contract."""
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def policy_json(value: object, *, indent: int = 2) -> str:
    """A policy document, ready to be pasted where AWS asks for one."""
    return json.dumps(value, indent=indent, ensure_ascii=True, allow_nan=False)
