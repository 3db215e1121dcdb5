"""Values that carry their type: DynamoDB's `{"S": "…"}`, MongoDB's `{"$date": "…"}`, and lists of one where an index answers with all values of a field."""

from __future__ import annotations

from typing import Any

from trailsleuth.ingest.tables import names_columns

_DYNAMODB = frozenset({"S", "N", "BOOL", "NULL", "L", "M", "SS", "NS", "B"})
_MONGODB = frozenset({"$date", "$oid", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal"})
_TYPES = _DYNAMODB | _MONGODB
_DEEP = 64


def untyped(members: dict[str, Any]) -> dict[str, Any]:
    """The object with plain values; itself where no value carries a type."""
    values = members.values()
    if any(value.__class__ is dict and _is_typed(value) for value in values):
        return {name: _plain(value, _DEEP) for name, value in members.items()}
    if all(value.__class__ is list for value in values) and any(len(value) == 1 for value in values) and names_columns(list(members)):
        return {name: value[0] if len(value) == 1 else value or None for name, value in members.items()}
    return members


def _is_typed(value: dict[str, Any]) -> bool:
    return len(value) == 1 and not _TYPES.isdisjoint(value)


def _plain(value: object, depth: int) -> object:
    if not depth:
        return value
    if isinstance(value, list):
        return [_plain(one, depth - 1) for one in value]
    if not isinstance(value, dict):
        return value
    if not _is_typed(value):
        return {name: _plain(one, depth - 1) for name, one in value.items()}
    kind, held = next(iter(value.items()))
    if kind == "NULL":
        return None
    if kind in ("N", "$numberLong", "$numberInt") and isinstance(held, str) and held.removeprefix("-").isdigit() and len(held) < 16:
        return int(held)
    return _plain(held, depth - 1)
