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


def deltas_json(deltas: list[Document]) -> str:
    """Deltas alone."""
    return policy_json(deltas) + "\n"


def compact_json(value: object, *, width: int, depth: int = 0, before: int = 0) -> str:
    """The same JSON in few lines: what fits into the width stands in one line, what does not is opened, its short members side by side.

    `depth` is how far its lines are indented, `before` how many columns of its first line are taken.
    """
    flat = json.dumps(value, ensure_ascii=True, allow_nan=False)
    if len(flat) + depth + before < width or not isinstance(value, dict | list) or not value:
        return flat
    if isinstance(value, dict):
        keys = [f"{json.dumps(key, ensure_ascii=True)}: " for key in value]
        parts = [key + compact_json(part, width=width, depth=depth + 2, before=len(key)) for key, part in zip(keys, value.values(), strict=True)]
    else:
        parts = [compact_json(part, width=width, depth=depth + 2) for part in value]
    first, last = ("{", "}") if isinstance(value, dict) else ("[", "]")
    inside = [f"{' ' * (depth + 2)}{line}" for line in _filled(parts, width - depth - 3, ends_open=isinstance(value, dict))]
    return "\n".join([first, *inside, f"{' ' * depth}{last}"])


def _filled(parts: list[str], room: int, *, ends_open: bool) -> list[str]:
    """Members with their commas, several in a line while they fit; the last one of an object may be open."""
    lines: list[str] = []
    for number, part in enumerate(parts):
        member = part if number == len(parts) - 1 else f"{part},"
        begins = member.partition("\n")[0]
        if lines and "\n" not in lines[-1] and (begins == member or (ends_open and number == len(parts) - 1)) and len(lines[-1]) + len(begins) < room:
            lines[-1] += f" {member}"
        else:
            lines.append(member)
    return lines
