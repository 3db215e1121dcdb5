"""The mark of a statement whose action is only presumed: it shows in every form in which the change is written."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from trailsleuth.catalog.actions import unlisted
from trailsleuth.catalog.unlisted import PRESUMED_SID, Ground


def presumed_sid(action: str) -> dict[str, str]:
    """The Sid of a statement that allows a presumed action; nothing for every other action."""
    found = unlisted(action)
    return {"Sid": PRESUMED_SID} if found is not None and found.ground is Ground.PRESUMED else {}


def with_own_sid(statement: dict[str, Any]) -> dict[str, Any]:
    """A marked statement with a Sid of its own, made from its content: a policy takes no Sid twice, and an earlier change may stand in it."""
    if statement.get("Sid") != PRESUMED_SID:
        return statement
    digest = hashlib.sha256(json.dumps(statement, sort_keys=True).encode()).hexdigest()
    return {**statement, "Sid": f"{PRESUMED_SID}{digest[:8]}"}
