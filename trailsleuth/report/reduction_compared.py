"""What changed since an earlier reduction: the grants that came and went, and the uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trailsleuth.report.context import Document

Grant = tuple[str, str, str]


def compared(old: Document, new: Document) -> Document:
    """Grants as `action on resource` (and its condition), actions used for the first time and no longer."""
    before, after = _grants(old), _grants(new)
    used_before, used_now = ({str(use["iam_action"]) for use in document.get("used", [])} for document in (old, new))
    return {
        "added": [_named(grant) for grant in sorted(after - before)],
        "removed": [_named(grant) for grant in sorted(before - after)],
        "used_now": sorted(used_now - used_before),
        "used_no_more": sorted(used_before - used_now),
    }


def _grants(document: Document) -> set[Grant]:
    statements = document.get("document", {}).get("Statement", [])
    return {grant for statement in statements if isinstance(statement, dict) for grant in _of(statement)}


def _of(statement: Mapping[str, Any]) -> set[Grant]:
    effect = "" if statement.get("Effect") == "Allow" else "Deny "
    condition = json.dumps(statement["Condition"], sort_keys=True) if statement.get("Condition") else ""
    return {
        (effect + action, resource, condition)
        for action in _listed(statement.get("Action", "everything but NotAction"))
        for resource in _listed(statement.get("Resource", "everything but NotResource"))
    }


def _named(grant: Grant) -> str:
    action, resource, condition = grant
    return f"{action} on {resource}{f' where {condition}' if condition else ''}"


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(v) for v in value] if isinstance(value, list) else []
