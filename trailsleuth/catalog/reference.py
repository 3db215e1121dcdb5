"""AWS's service reference, where the user fetched one: newer actions and operations than the packed catalogue.

`trailsleuth catalog update` writes one JSON file a service into a directory; `use_reference` tells the catalogue to ask there too.
Format: https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

_where: list[Path] = []
_LEVELS = (("IsPermissionManagement", "Permissions management"), ("IsTaggingOnly", "Tagging"), ("IsList", "List"), ("IsWrite", "Write"))


class ReferenceAction(Struct, frozen=True, kw_only=True):
    """One action as the service reference lists it; `resources` are kinds with their ARN formats."""

    name: str
    access_level: str
    resources: tuple[tuple[str, tuple[str, ...]], ...]
    condition_keys: tuple[str, ...]


def use_reference(directory: Path | None) -> bool:
    """Ask the files in the directory too, from now on; True where there are any. None: the packed catalogue alone."""
    _where.clear()
    _document.cache_clear()
    if directory is not None and directory.is_dir():
        _where.append(directory)
    return bool(_where)


@cache
def _document(prefix: str) -> Mapping[str, Any]:
    if not _where or not re.fullmatch(r"[a-z0-9-]+", prefix):
        return {}
    path = _where[0] / f"{prefix}.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _listed(document: Mapping[str, Any], heading: str) -> list[Mapping[str, Any]]:
    found = document.get(heading)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def reference_actions(prefix: str) -> tuple[str, ...]:
    """The names of the actions that the fetched reference lists for a service."""
    return tuple(str(one["Name"]) for one in _listed(_document(prefix), "Actions") if "Name" in one)


def reference_action(prefix: str, name: str) -> ReferenceAction | None:
    """One action of the fetched reference; None where none was fetched or it does not list the action."""
    document = _document(prefix)
    for one in _listed(document, "Actions"):
        if str(one.get("Name", "")).lower() == name.lower():
            return _action(one, document)
    return None


def _action(row: Mapping[str, Any], document: Mapping[str, Any]) -> ReferenceAction:
    properties = row.get("Annotations", {}).get("Properties", {})
    formats = {str(one.get("Name")): tuple(one.get("ARNFormats", ())) for one in _listed(document, "Resources")}
    kinds = [str(one.get("Name")) for one in _listed(row, "Resources")]
    return ReferenceAction(
        name=str(row["Name"]),
        access_level=next((level for flag, level in _LEVELS if properties.get(flag)), "Read"),
        resources=tuple((kind, formats.get(kind, ())) for kind in kinds),
        condition_keys=tuple(str(key) for key in row.get("ActionConditionKeys", ())),
    )


def reference_operation(prefix: str, name: str) -> tuple[str, ...]:
    """The IAM actions that the fetched reference says an operation may authorise, its own name's first; empty where it says nothing."""
    for one in _listed(_document(prefix), "Operations"):
        if str(one.get("Name", "")).lower() == name.lower():
            return tuple(f"{action.get('Service', prefix)}:{action['Name']}" for action in _listed(one, "AuthorizedActions") if "Name" in action)
    return ()
