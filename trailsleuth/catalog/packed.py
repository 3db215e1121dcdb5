"""Tables that a script wrote out of a public source, one line a service: a line is read when its service is asked for.

The first line of `data/packed/<name>.txt` (or `.txt.xz`) says what the table is of: sources with their licences and versions, and the count of rows. Every
other line is a key (a service's prefix, a resource type), a space, and a JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from trailsleuth.catalog.load import DATA

Rows = Mapping[str, Any]


@cache
def _lines(name: str) -> Mapping[str, str]:
    plain, pressed = DATA / "packed" / f"{name}.txt", DATA / "packed" / f"{name}.txt.xz"
    text = plain.read_text(encoding="utf-8") if plain.is_file() else _unpressed(pressed)
    return {key: rest for key, _, rest in (line.partition(" ") for line in text.splitlines())}


def _unpressed(path: Path) -> str:
    from lzma import decompress  # a large table, seldom asked for

    return decompress(path.read_bytes()).decode("utf-8")


@cache
def packed_rows(name: str, key: str) -> Rows:
    """The rows of a key; empty where the table has none."""
    found: Rows = json.loads(_lines(name)[key]) if key in _lines(name) and key != "#" else {}
    return found


def packed_head(name: str) -> Rows:
    """What the table is of, and how many rows it has."""
    head: Rows = json.loads(_lines(name)["#"])
    return head


def packed_keys(name: str) -> Iterator[str]:
    """Every key of a table."""
    return (key for key in _lines(name) if key != "#")


def written(head: Rows, rows: Mapping[str, Rows]) -> str:
    """A table as text, for the script that makes it."""
    lines = [f"# {json.dumps(head, sort_keys=True)}"]
    lines += [f"{key} {json.dumps(found, sort_keys=True, separators=(',', ':'))}" for key, found in sorted(rows.items()) if found]
    return "\n".join(lines) + "\n"
