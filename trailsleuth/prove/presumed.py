"""What a document leaves open because an action in it is only presumed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trailsleuth.catalog.unlisted import PRESUMED_SID


def presumed_doubts(statements: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One for each action of the statements that are marked as presumed."""
    for statement in statements:
        if str(statement.get("Sid", "")).startswith(PRESUMED_SID):
            actions = statement.get("Action", ())
            for action in [actions] if isinstance(actions, str) else actions:
                yield f"whether IAM has the presumed action {action}"
