"""Records under other names: rows of tables and documents of other schemas, folded back into CloudTrail's members.

Columns of Athena and Lake: https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-understanding.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from trailsleuth.ingest.columns import FREE, MEMBERS, STRUCTS, Path, place_of, squeezed
from trailsleuth.ingest.decode import NotJson, decode
from trailsleuth.ingest.hive import parse_struct

_NESTED = STRUCTS | FREE
_ABSENT = frozenset({"", "null", "NULL", "-", "None", "nan", "NaN", "NaT", "<NA>", "System.Object[]"})
_OPENED = frozenset({"metadata", "api", "actor", "cloud", "srcendpoint", "httprequest", "unmapped"})  # structs of OCSF, which Athena prints as text
TABLE = "(table)"
_MOST_LEAVES = 4000
_MOST_DEPTH = 8
_BESIDE = frozenset({"eventSource", "errorCode", "errorMessage", "userIdentity", "requestParameters", "awsRegion", "eventID"})


class TableRow(dict[str, Any]):
    """A row of a table: a column that is not there is there for no row, unlike a member that one document lacks."""


class Folded(Struct, frozen=True):
    """A record that was put together, and the members for which there was a column, filled or not; `TABLE` among them where it was a row of a table."""

    record: dict[str, Any]
    told: frozenset[str]


def is_row(members: dict[str, Any]) -> bool:
    """A row of a CloudTrail table with the columns that Athena has."""
    return "eventtime" in members and ("eventname" in members or "eventsource" in members)


def fold(members: dict[str, Any]) -> Folded | None:
    """The record that the members of a row or document make; None where they make none. Empty cells are absent."""
    leaves = list(_leaves(members, (), _MOST_DEPTH))
    places = [found for path, _ in leaves if (found := place_of(path))]
    told = frozenset(place[0] for _, place in places)
    if len(named := [sure for sure, place in places if place == ("eventName",)]) > 1 and named.count(min(named)) > 1:
        return None  # several records inside one object
    if "eventTime" not in told or not ("eventName" in told or "eventSource" in told) or told.isdisjoint(_BESIDE):
        return None
    record: dict[str, Any] = {name: value for name, value in members.items() if place_of((name,)) is None and not isinstance(value, dict | list)}
    placed = sorted(((*found, value) for path, value in leaves if (found := place_of(path))), key=lambda one: -one[0])
    for _, place, value in placed:
        _put(record, place, value)
    _settle(record)
    return Folded(record, told | {TABLE} if isinstance(members, TableRow) else told)


def _leaves(value: dict[str, Any], path: Path, depth: int) -> Iterator[tuple[Path, object]]:
    """The values with their paths; what stands under a known name is one value, lists are not looked into."""
    for count, (name, member) in enumerate(value.items()):
        if count >= _MOST_LEAVES:
            return
        here = (*path, str(name)[:300])
        if isinstance(member, str) and member[:1] == "{" and squeezed(here[0]) in _OPENED:
            member = parse_struct(member)
        if isinstance(member, dict) and depth and member and place_of(here) is None:
            yield from _leaves(member, here, depth - 1)
        else:
            yield here, member


def _put(record: dict[str, Any], place: Path, value: object) -> None:
    name = place[0]
    printed = isinstance(value, str)
    value = _unquoted(value.strip()) if isinstance(value, str) else value
    if name in _NESTED:
        value = parse_struct(value) if isinstance(value, str) else value
        value = _spelled(value) if name in STRUCTS else value
    if value is None or (isinstance(value, str) and value.strip() in _ABSENT):
        return
    if len(place) > 1 and isinstance(value, str) and len(place) <= 64:
        value = parse_struct(value) if value[:1] in ("[", "{") else value
    target = record
    for part in place[:-1]:
        below = target.get(part)
        if not isinstance(below, dict):
            below = target[part] = {}
        target = below
    known = target.get(place[-1])
    if isinstance(known, dict) and isinstance(value, dict):
        value = {**value, **known} if printed else {**known, **value}  # a struct outranks its own print
    target[place[-1]] = value


def _unquoted(text: str) -> str:
    """A cell that is a text of JSON or SQL once more, as a column of that type is exported."""
    if len(text) < 2 or text[0] not in ('"', "'") or text[0] != text[-1]:
        return text
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    try:
        value = decode(text)
    except NotJson:
        return text
    return value if isinstance(value, str) else text


def _settle(record: dict[str, Any]) -> None:
    """Lists that stood as `resources.0.ARN` are lists again; a resource alone is a list of one; what OCSF says in another way is put right."""
    for name in _NESTED & record.keys():
        record[name] = _with_lists(record[name])
    if isinstance(resources := record.get("resources"), dict):
        record["resources"] = [resources]
    identity = record.get("userIdentity")
    if isinstance(identity, dict):
        arn, principal = identity.get("arn"), identity.get("principalId")
        if isinstance(arn, str) and not arn.startswith("arn:"):  # Security Lake's first version kept the id there
            del identity["arn"]
            identity.setdefault("principalId", arn)
        if isinstance(principal, str) and principal.startswith("arn:") and "-provider/" not in principal:  # an identity provider's id begins with its ARN
            identity["arn"] = principal
            identity["principalId"] = arn if arn != principal else None


def _with_lists(value: object, depth: int = 0) -> object:
    if not isinstance(value, dict) or depth > 32:
        return value
    held = {key: _with_lists(member, depth + 1) for key, member in value.items()}
    if held and all(key.isdigit() and len(key) < 6 for key in held):
        return [held[key] for key in sorted(held, key=int)]
    return held


def _spelled(value: object, depth: int = 0) -> object:
    """The struct with CloudTrail's names for its members, absent ones left out."""
    if depth > 12:
        return value
    if isinstance(value, list):
        return [_spelled(member, depth + 1) for member in value]
    if isinstance(value, str) and value.startswith("@{"):
        value = parse_struct(value)
    if not isinstance(value, dict):
        return value
    spelled = {MEMBERS.get(squeezed(key), key): _spelled(member, depth + 1) for key, member in value.items()}
    return {key: member for key, member in spelled.items() if not (member is None or (isinstance(member, str) and member in _ABSENT))}
