"""The condition keys that an enriched record carries in `eventContext`: what IAM itself saw, as far as the trail was set to keep it.

`requestContext` maps keys to a text or a list; a key that is there without a value was absent. How `tagContext` is built inside is printed nowhere: maps of
names to values, lists of `key` and `value`, and either of them under the ARN of a resource are read.
Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-context-events.html
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trailsleuth.model import Record

Pairs = Iterator[tuple[str, tuple[str, ...]]]

_TAGS = {"resourcetags": "aws:ResourceTag/", "principaltags": "aws:PrincipalTag/"}
_NAMES, _VALUES = ("key", "Key", "tagKey", "name"), ("value", "Value", "tagValue")


def enriched_keys(record: Record) -> tuple[dict[str, tuple[str, ...]], set[str]]:
    """The keys with their values, and those that are told to have been absent. A tag on which several resources of the call differ is in neither."""
    told = _object(record.payload.get("eventContext"))
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for key, values in (*_request(_object(told.get("requestContext"))), *_tags(_object(told.get("tagContext")))):
        found[key].add(values)
    single = {key: next(iter(values)) for key, values in found.items() if len(values) == 1}
    return {key: values for key, values in single.items() if values}, {key for key, values in single.items() if not values}


def _request(told: Mapping[str, Any]) -> Pairs:
    return ((key, _texts(value)) for key, value in told.items() if ":" in key)


def _tags(told: Mapping[str, Any]) -> Pairs:
    for name, held in told.items():
        if ":" in name:  # the condition key itself
            yield name, _texts(held)
        elif prefix := _TAGS.get(name.lower()):
            yield from ((prefix + key, values) for key, values in _pairs(held))


def _pairs(held: object) -> Pairs:
    """Names and values of tags, from a map, a list of pairs, or either of them for each resource."""
    if isinstance(held, list):
        for member in held:
            yield from _pairs(member)
        return
    members = _object(held)
    name, value = _first(members, _NAMES), _first(members, _VALUES)
    if isinstance(name, str):
        yield name, _texts(value)
    elif "tags" in members or "Tags" in members:
        yield from _pairs(members.get("tags") or members.get("Tags"))
    else:
        for key, inner in members.items():
            yield from _pairs(inner) if isinstance(inner, dict) or key.startswith("arn:") else iter([(key, _texts(inner))])


def _first(members: Mapping[str, Any], names: Iterable[str]) -> object:
    return next((members[name] for name in names if name in members), None)


def _texts(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    texts = (str(item).lower() if isinstance(item, bool) else str(item) for item in listed if isinstance(item, str | int | float))
    return tuple(text for text in texts if text)


def _object(value: object) -> Mapping[str, Any]:
    """The object; a query result holds it as text."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}
