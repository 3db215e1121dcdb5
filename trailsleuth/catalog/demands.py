"""What a call needs of others than its caller: of the role that a service works as, and of the service itself. The table is `data/demands.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Unpack

from msgspec import Struct

from trailsleuth.catalog.actions import resource_types, takes_resource
from trailsleuth.catalog.arns import Place, build, fits
from trailsleuth.catalog.load import Row, rows_of
from trailsleuth.catalog.operations import plain_event_name
from trailsleuth.catalog.paths import holds, unwrapped
from trailsleuth.catalog.services import prefix_of


class Demand(Struct, frozen=True, kw_only=True):
    """One IAM action that an actor needs. `role`: the name that AWS fixes; None: the role that the call hands over or the thing runs as.

    `given`: the demand stands where the role may do this, and nothing else that a demand of the same id names. `service`: the principal of an actor that is
    the service itself, `sourced` where it is known to say for which account and resource it acts. `resource` None: the call does not tell; `*` only where the
    action takes none.
    """

    id: str
    actor: str
    role: str | None
    service: str | None
    sourced: bool
    iam_action: str
    resource: str | None
    why: str
    given: str | None = None


def demands(event_source: str, event_name: str, request: Mapping[str, Any], text: str, **place: Unpack[Place]) -> tuple[Demand, ...]:
    """Everything that the call needs of others, in the order of the table. Where the record shows no request, `text` tells which steps it is about."""
    body = unwrapped(event_name, request)
    call = f"{prefix_of(event_source)}:{plain_event_name(event_name)}"
    rows = (row for row in rows_of("demands", "demand") if call in row["events"] and _is_meant(row, body, text))
    return tuple(_demand(row, action, body, place, given) for row in rows for action in row["actions"] for given in row.get("given", (None,)))


@cache
def sets_up(call: str) -> bool:
    """The call (`pipes.amazonaws.com:CreatePipe`) sets up what others go on with: rows of the table are about it."""
    source, _, name = call.partition(":")
    return any(f"{prefix_of(source)}:{plain_event_name(name)}" in row["events"] for row in rows_of("demands", "demand"))


@cache
def target_services() -> frozenset[str]:
    """The services whose things others deliver to."""
    return frozenset(row["target"] for row in _target_rows())


def deliveries(arns: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """(action, target ARN) for each ARN that is of a kind that services deliver to, in order, each once."""
    found: dict[tuple[str, str], None] = {}
    for arn in arns:
        for row in _target_rows():
            (action,) = row["actions"]
            if arn.startswith("arn:") and arn.split(":")[2:3] == [row["target"]] and _has_form(action, arn):
                found[action, arn] = None
    return tuple(found)


def _target_rows() -> Iterator[Row]:
    return (row for row in rows_of("demands", "demand") if "target" in row)


def _is_meant(row: Row, body: Mapping[str, Any], text: str) -> bool:
    if body and "given" not in row:
        return holds(body, row.get("when", ()))
    if "arn_from" in row:
        return any(_has_form(row["actions"][0], arn) for arn in re.findall(r"arn:aws[^\s\"',;()]+", text))
    return "says" not in row or re.search(row["says"], text, re.IGNORECASE) is not None


def _demand(row: Row, action: str, body: Mapping[str, Any], place: Place, given: str | None) -> Demand:
    row = {**row, "parts": {"Given": [f"={row['given'][given]}"]}, "without_request": True} if given is not None else row
    resource = "*" if takes_resource(action) is False else _resource(row, action, body, place)
    service = str(row["service"]).replace("${Region}", place["region"]) if "service" in row else None
    sourced = row.get("sourced", True)
    return Demand(
        id=row["id"], actor=row["actor"], role=row.get("role"), service=service, sourced=sourced, iam_action=action, resource=resource, why=row["why"],
        given=given,
    )  # fmt: skip


def _resource(row: Row, action: str, body: Mapping[str, Any], place: Place) -> str | None:
    forms = (str(row["resource"]),) if "resource" in row else tuple(form for kind in resource_types(action) for form in kind.arn_formats)
    return next((arn for form in forms if (arn := build(row, body, form, place)) is not None), None)


def _has_form(action: str, arn: str) -> bool:
    return any(fits(arn, form) for kind in resource_types(action) for form in kind.arn_formats)
