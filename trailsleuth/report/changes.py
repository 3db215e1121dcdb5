"""A delta as the lines of a policy before and after it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from trailsleuth.report.context import Document
from trailsleuth.report.json import policy_json
from trailsleuth.report.policy_source import without_principals


def changed_lines(delta: Document) -> Iterator[tuple[str, str]]:
    """`-`, `+` or a blank, and the line: what is taken out or narrowed first, then what is added."""
    for entry in delta["remove"]:
        statement = entry.get("statement")
        if statement is not None:
            yield from _compared(statement, entry.get("instead") or without_principals(entry))
    for statement in delta["document"]["Statement"]:
        yield from (("+", line) for line in policy_json(statement).splitlines())


def _compared(before: object, after: object) -> Iterator[tuple[str, str]]:
    old, new = policy_json(before).splitlines(), [] if after is None else policy_json(after).splitlines()
    for line in difflib.ndiff(old, new):
        if line[:1] in {"-", "+", " "}:
            yield line[0], line[2:]
