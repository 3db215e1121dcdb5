"""The mark of a statement whose action is only presumed: it shows in every form in which the change is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trailsleuth.catalog.actions import unlisted
from trailsleuth.catalog.unlisted import PRESUMED_SID, Ground


def presumed_sid(action: str) -> dict[str, str]:
    """The Sid of a statement that allows a presumed action; nothing for every other action."""
    found = unlisted(action)
    return {"Sid": PRESUMED_SID} if found is not None and found.ground is Ground.PRESUMED else {}


def numbered(statements: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The statements with marks of their own: a policy takes no Sid twice."""
    found: list[dict[str, Any]] = []
    count = 0
    for statement in statements:
        marked = statement.get("Sid") == PRESUMED_SID
        count += marked
        found.append({**statement, "Sid": f"{PRESUMED_SID}{count}"} if marked and count > 1 else statement)
    return found
