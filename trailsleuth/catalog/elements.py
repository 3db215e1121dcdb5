"""A call with lists as calls with one element each: `services: [a, b]` is checked on a and on b, and each item of a transaction for its own action.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html (a list of resources
is authorized one by one)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trailsleuth.catalog.paths import plain_name

_DEEPEST = 12
_PAIRS = ({"key", "value"}, {"name", "value"}, {"tagkey", "tagvalue"}, {"key"}, {"name", "values"}, {"name", "valueset"})


def each_element(request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The request with one element in each list, as often as every element has stood once; itself where no list has two."""
    for variant in _variants(request, 0):
        yield variant if isinstance(variant, Mapping) else request


def _variants(value: object, depth: int) -> Iterator[object]:
    if depth > _DEEPEST:
        yield value
    elif isinstance(value, Mapping):
        yield from _of_mapping(value, depth)
    elif isinstance(value, list | tuple):
        chosen = value[:1] if value and isinstance(value[0], Mapping) and {plain_name(str(name)) for name in value[0]} in _PAIRS else value
        for one in chosen:
            for variant in _variants(one, depth + 1):
                yield [variant]
        if not value:
            yield value
    else:
        yield value


def _of_mapping(value: Mapping[str, Any], depth: int) -> Iterator[object]:
    """One list at a time is gone through, the others stay with their first element: no two elements are put together that were not."""
    parts = {name: list(_variants(inner, depth + 1)) for name, inner in value.items() if isinstance(inner, Mapping | list | tuple)}
    first = {**value, **{name: variants[0] for name, variants in parts.items()}} if parts else value
    yield first
    for name, variants in parts.items():
        for variant in variants[1:]:
            yield {**first, name: variant}
