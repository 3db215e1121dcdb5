"""Roles that a request hands to a service: `iam:PassRole`, which has no event of its own.

`data/passed_roles.toml` says, by prefix, where in a request a role stands and which service will assume it (`iam:PassedToService`); where it says nothing of an
operation, `data/packed/role_places.txt` (written by `bench/dependents.py`) tells the places.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from trailsleuth.catalog.load import Row, rows_of
from trailsleuth.catalog.operations import plain_event_name
from trailsleuth.catalog.packed import packed_rows
from trailsleuth.catalog.paths import find_values, holds, unwrapped
from trailsleuth.catalog.services import prefix_of
from trailsleuth.patterns import late

_INSTANCE_PROFILE = late(r"^arn:[\w-]+:iam::\d{12}:instance-profile/")


class PassedRole(Struct, frozen=True, kw_only=True):
    """One role in a request.

    `role` is an ARN or a bare name, as the request has it; `service` None: the service sends no `iam:PassedToService`, or it is not known.
    `taken_by`: the principal that the role has to trust, where that is another than `service` or no key is sent; `tagged`: it takes the role with
    session tags. `instance_profile`: the value names an instance profile, and the permission is checked on the role inside it.
    """

    role: str
    path: str
    service: str | None
    taken_by: str | None
    tagged: bool
    instance_profile: bool
    source_id: str = ""


def passed_roles(event_source: str, event_name: str, request: Mapping[str, Any]) -> tuple[PassedRole, ...]:
    """Every role that the request hands over, in the order of the table; a role that stands twice is named twice."""
    body = unwrapped(event_name, request)
    found: dict[str, PassedRole] = {}
    for row in passing_rows(event_source, event_name):
        if holds(body, row.get("when", ())):
            for role in _roles(row, body):
                found.setdefault(role.path, role)
    return tuple(found.values())


@lru_cache(maxsize=4096)  # asked of every call of a trail
def passing_rows(event_source: str, event_name: str) -> tuple[Row, ...]:
    """The rows that say where the operation may carry a role."""
    names = {event_name, plain_event_name(event_name)}
    prefix = prefix_of(event_source)
    ruled = tuple(row for row in rows_of("passed_roles", prefix) if names & set(row["events"]))
    return ruled or tuple(_by_model(prefix, name, places) for name, places in packed_rows("role_places", prefix).items() if name in names)


def _by_model(prefix: str, name: str, places: list[str]) -> Row:
    """A row for an operation that depends on iam:PassRole, by the places of roles in its API model; to which service they go, nothing says."""
    return {"id": f"{prefix}-{name}-by-model", "events": [name], "paths": places, "names": any(place.endswith("Name") for place in places)}


def _roles(row: Row, request: Mapping[str, Any]) -> Iterator[PassedRole]:
    profile = bool(row.get("instance_profile", False))
    for path in row["paths"]:
        for place, value in find_values(request, path):
            if not isinstance(value, str) or not _is_role(value, row):
                continue
            yield PassedRole(
                role=value,
                path=place,
                service=row.get("service"),
                taken_by=row.get("taken_by", row.get("service")) or None,
                tagged=bool(row.get("tagged", False)),
                instance_profile=profile or _INSTANCE_PROFILE.match(value) is not None,
                source_id=row["id"],
            )


def _is_role(value: str, row: Row) -> bool:
    """A role ARN, or a bare name where the operation takes names; service-linked roles count, other ARNs do not."""
    if value.startswith("arn:"):
        return ":role/" in value or ":instance-profile/" in value
    return bool(row.get("names", False)) and re.fullmatch(r"[\w+=,.@/-]{1,512}", value) is not None
