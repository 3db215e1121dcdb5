"""A tree that was listed leaf by leaf: gron, `jq --stream`, `jq paths`, `yq -o props`, flattened objects; and TOML, which names its branches.

A leaf that stands there a second time begins the next tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from trailsleuth.ingest.columns import place_of
from trailsleuth.ingest.decode import NotJson, decode, to_text
from trailsleuth.patterns import late

MAX_DEPTH = 128
_LEAF = late(
    r"(?P<path>(?:[^\s=\[\]\"':;,{}()]|:(?=\S)|\[\"(?:[^\"\\]|\\.){0,300}\"\]|\[\d{1,9}\]|\"[^\"\n]{1,300}\")+)"
    r"(?:[ \t]*=[ \t]*|:[ \t]+|\t)(?P<value>[^\n]*)"
)
_PART = late(r"\[\"((?:[^\"\\]|\\.)*)\"\]|\[(\d+)\]|\"([^\"]+)\"|([^.\[\]\"]+)")
_INDEXED = late(r"(?:[A-Za-z]{1,40}(?P<sign>[./_])|[A-Za-z]{1,40}(?=\[))?\[?\d{1,6}\]?[./_]\w")
_TOML = late(r"(?:#[^\n]*\n|\s)*(?:\[{1,2}[\w\"'][\w.\"' -]{0,200}\]{1,2}\s*\n|[\w\"'.-]{1,200}\s*=\s*(?:[\"'\[{\d-]|true\b|false\b))")
_ENOUGH, _LOOKED_AT = 5, 40

Part = str | int


class _Branch(dict[Part, Any]):
    """What has leaves below it: a list, where all of them are numbered."""


def trees(leaves: Iterable[tuple[list[Part], object]]) -> Iterator[object]:
    """The trees that the leaves are of, in order."""
    root = _Branch()
    for path, value in leaves:
        if root and (not path or path[-1] in _branch_at(root, path)):
            yield _value(root)
            root = _Branch()
        if path:
            _branch_at(root, path)[path[-1]] = value
    if root:
        yield _value(root)


def _branch_at(branch: _Branch, path: list[Part]) -> _Branch:
    """The branch that a leaf belongs to, grown where it is not there yet: gron lists it as an empty object or list first."""
    for part in path[:-1][:MAX_DEPTH]:
        below = branch.get(part)
        if not isinstance(below, _Branch):
            below = branch[part] = _Branch()
        branch = below
    return branch


def _value(held: object) -> object:
    if not isinstance(held, _Branch):
        return held
    if all(isinstance(part, int) for part in held):
        return [_value(held[part]) for part in sorted(held)]
    return {str(part): _value(below) for part, below in held.items()}


def listed_in(start: str, data: bytes) -> list[object] | None:
    """What a text lists, told by its start; None for any other text."""
    if start.startswith(("{", "[{", '["', "[\n", "[ ")) or "\0" in start:  # JSON, mostly
        return None
    lines = [line for line in start.split("\n", _LOOKED_AT)[:_LOOKED_AT] if line.strip()]
    told = [_parts(found["path"]) for line in lines if (found := _LEAF.fullmatch(line))]
    paths = [path for path in told if not path or any(isinstance(part, str) for part in path)]
    numbered = any(isinstance(part, int) for path in paths for part in path)
    if len(paths) >= max(_ENOUGH, len(lines) - 1) and (numbered or lines[0].startswith("json")) and 2 * sum(len(path) > 1 for path in paths) > len(paths):
        found_all = (_LEAF.fullmatch(line) for line in to_text(data).split("\n"))
        return list(trees((_parts(found["path"]), _leaf(found["value"])) for found in found_all if found))
    return _toml(to_text(data)) if _TOML.match(start) else None


def _parts(path: str) -> list[Part]:
    parts: list[Part] = []
    for quoted, index, named, plain in _PART.findall(path):
        parts.append(int(index) if index else int(plain) if plain.isdigit() and len(plain) < 10 else quoted or named or plain)
    return parts[1:] if parts and parts[0] in ("json", "$") else parts


def _leaf(text: str) -> object:
    text = text.strip()
    text = text.removesuffix(";") if text[-2:] in ('";', "};", "];") or text.removesuffix(";").isalnum() else text
    if text[:1] in ('"', "{", "[") or text in ("null", "true", "false") or (text.removeprefix("-").isdigit() and len(text) < 11):
        try:
            return decode(text)
        except NotJson:
            pass
    return text


def _toml(text: str) -> list[object] | None:
    import tomllib

    try:
        return [_plain(tomllib.loads(text.replace("\r\n", "\n")))]
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _plain(value: object) -> object:
    """As JSON would have it: times as text."""
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    return value if isinstance(value, str | int | float) else str(value)


def is_leaf(value: object) -> bool:
    """A path and its value, as `jq -c tostream` writes them on lines of their own."""
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[0], list) or (isinstance(value[1], list | dict) and value[1]):
        return False
    return all(isinstance(part, str | int) for part in value[0])


def streamed(values: list[Any]) -> Iterator[object]:
    """The trees that such lines are of; a path alone closes a branch."""
    return trees((value[0], value[1]) for value in values if is_leaf(value))


def grown(members: dict[str, Any]) -> object:
    """The tree that an object with paths for names is; itself where it has plain names."""
    first = next(iter(members), "")
    found = _INDEXED.match(first) if isinstance(first, str) else None
    if found is None or len(members) < _ENOUGH or place_of((first,)) is not None:
        return members
    sign = found["sign"] or ("." if "." in first or "[" in first else "_")
    names = {name: _parts(re.sub(re.escape(sign), ".", str(name))) for name in members}
    return next(trees((path, members[name]) for name, path in names.items() if path), members)
