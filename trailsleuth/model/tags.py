"""The tags in a request or an answer, in whatever way its service spells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct


class ThingTags(Struct, frozen=True, kw_only=True):
    """The tags of a thing as a saved answer of AWS tells them, at some time nobody knows. `thing` is an ARN, or an id of EC2's."""

    thing: str
    tags: tuple[tuple[str, str], ...]
    source: str


def tags_in(request: Mapping[str, Any], *, of: str = "") -> Iterator[tuple[str, str]]:
    """The tags that a request sets. `of` is the type of a thing: where the request says which type each set of tags is for, only those of it."""
    typed = list(_typed(request, depth=0)) if of else []
    for value in [tags for kind, tags in typed if kind == of] if typed else [request]:
        yield from _tags(value, depth=0)


def _typed(value: object, *, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Sets of tags that say which type of resource they are for, as EC2 has them."""
    for inner in (value if isinstance(value, list) else value.values() if isinstance(value, Mapping) else ()) if depth < 8 else ():
        if isinstance(inner, Mapping) and isinstance(kind := inner.get("resourceType"), str) and any("tag" in str(name).lower() for name in inner):
            yield kind, inner
        else:
            yield from _typed(inner, depth=depth + 1)


def _tags(value: object, *, depth: int) -> Iterator[tuple[str, str]]:
    """Every tag in the request: as key/value pairs (in any case) or as an object, under a name that speaks of tags."""
    if depth > 8:
        return
    if isinstance(value, list):
        for item in value:
            yield from _tags(item, depth=depth + 1)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            lower = str(name).lower()
            if lower in ("tags", "tag", "tagset", "taglist", "tagspecificationset", "tagspecification", "tagspecifications"):
                yield from _pairs(inner, depth=depth + 1)
            elif not lower.endswith("filter") and not lower.endswith("filters"):
                yield from _tags(inner, depth=depth + 1)


def _pairs(value: object, *, depth: int) -> Iterator[tuple[str, str]]:
    if depth > 8:
        return
    if isinstance(value, list):
        for item in value:
            yield from _pairs(item, depth=depth + 1)
    elif isinstance(value, Mapping):
        lower = {str(name).lower(): inner for name, inner in value.items()}
        key = lower.get("key", lower.get("tagkey"))
        if isinstance(key, str):
            yield key, str(lower.get("value", lower.get("tagvalue", "")) or "")
        elif all(isinstance(inner, str) for inner in value.values()):
            yield from ((str(name), str(inner)) for name, inner in value.items() if str(name).lower() != "resourcetype")
        else:
            for inner in value.values():
                yield from _pairs(inner, depth=depth + 1)
