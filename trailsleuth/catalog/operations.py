"""What an API operation is checked for: its own IAM action, and what its content makes it need besides.

Most operations are checked for the action of their own name; `data/operations/<prefix>.toml` has the others, and the needs that the content
of a request adds: tags, an ACL, a key, another object as the source, calls that the service makes with the caller's credentials.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Unpack

from msgspec import Struct

from trailsleuth.catalog.actions import access_level, entry, listed_entry, spelling
from trailsleuth.catalog.arns import Place, arns_by_kind, arns_named, build, build_each, resource_arns
from trailsleuth.catalog.elements import each_element
from trailsleuth.catalog.load import Row, rows_of
from trailsleuth.catalog.paths import holds, plain_name, texts_in, unwrapped
from trailsleuth.catalog.reference import reference_operation
from trailsleuth.catalog.services import prefix_of, service_linked_role_arn
from trailsleuth.catalog.unlisted import decided_without_iam
from trailsleuth.patterns import late

_NO_RESOURCE = (("", "*"),)
_CREATES = r"^(?:Create|Run|Copy|Import|Allocate|Request|Register|Restore)"
_DATED = late(r"(?:\d{8}(?:v\d+)?|\d{4}_\d{2}_\d{2}|_\d+)$")


class Need(Struct, frozen=True, kw_only=True):
    """One IAM action that a request is checked for.

    `resource` None: the request does not tell. `when` says what makes it needed. `certain` False: it depends on the state of the account
    (a service-linked role that is created only where it is missing). `via_service` is the `kms:ViaService` of a call that a service makes with
    the caller's credentials. `own`: as much the call's own as its first action (the destination key of a re-encryption, the source of a copy).
    `source_id` is the row of the catalogue, or `own-name` (`own-name-unlisted`: no reference lists the action, see `catalog.unlisted`).
    """

    iam_action: str
    resource: str | None
    when: str
    passed_to: str | None = None
    source_id: str = "own-name"
    certain: bool = True
    via_service: str | None = None
    own: bool = False


@cache
def plain_event_name(event_name: str) -> str:
    """The operation behind a dated event name: `CreateFunction20150331`, `CreateDistribution2020_05_31`."""
    return _DATED.sub("", event_name) or event_name


def _names(row: Row, event_name: str) -> bool:
    """Whether the row is about the event: by name, with or without its date, or by a pattern of names."""
    if "events" in row:
        return event_name in row["events"] or plain_event_name(event_name) in row["events"]
    return re.search(row["pattern"], event_name) is not None


def _operation_row(prefix: str, event_name: str, request: Mapping[str, Any]) -> Row | None:
    for row in rows_of(f"operations/{prefix}", "operation"):
        if "events" in row and _names(row, event_name) and holds(request, row.get("when", ())):
            return row
    return None


def _pattern_row(prefix: str, event_name: str, request: Mapping[str, Any]) -> Row | None:
    for row in rows_of(f"operations/{prefix}", "operation"):
        if "pattern" in row and _names(row, event_name) and holds(request, row.get("when", ())):
            return row
    return None


def _primary(event_source: str, event_name: str, request: Mapping[str, Any]) -> tuple[str, str] | None:
    """The action and the row that says so."""
    prefix = prefix_of(event_source)
    body = unwrapped(event_name, request)
    row = _operation_row(prefix, event_name, body)
    if row is None:
        own = listed_entry(f"{prefix}:{event_name}") or listed_entry(f"{prefix}:{plain_event_name(event_name)}")
        if own is not None:
            return own.name, "own-name"
        row = _pattern_row(prefix, event_name, body)
    if row is not None:
        return str(row["action"]), str(row["id"])
    return _named_after(prefix, plain_event_name(event_name)) or _listed(prefix, event_name) or _unlisted(prefix, event_name)


def _named_after(prefix: str, name: str) -> tuple[str, str] | None:
    """The known action that the operation is named after: `BatchGetJob` after `GetJob`."""
    for row in rows_of("operation_rules", "rule"):
        match = re.fullmatch(row["pattern"], name)
        for form in row["names"] if match else ():
            action = spelling(f"{prefix}:{match.expand(form)}") if match else None
            if action is not None:
                return action, str(row["id"])
    return None


def _listed(prefix: str, event_name: str) -> tuple[str, str] | None:
    """The first known action that a fetched service reference lists."""
    listed = (spelling(action) for action in reference_operation(prefix, plain_event_name(event_name)))
    return next(((action, "service-reference") for action in listed if action), None)


def _unlisted(prefix: str, event_name: str) -> tuple[str, str] | None:
    """The action of the operation's own name that no reference lists: asked last, so that it never wins over what one says."""
    own = entry(f"{prefix}:{event_name}") or entry(f"{prefix}:{plain_event_name(event_name)}")
    return (own.name, "own-name-unlisted") if own else None


def primary_action(event_source: str, event_name: str, request: Mapping[str, Any]) -> str | None:
    """The IAM action that the call itself is checked for; None where the catalogue knows none."""
    found = _primary(event_source, event_name, request)
    return found[0] if found else None


def meant_action(text: str) -> str | None:
    """The IAM action that a text means: itself, or what the operation or event of that name is checked for (`lambda:Invoke`: lambda:InvokeFunction).

    None where IAM knows neither an action nor an operation of the name.
    """
    known = spelling(text)
    if known is not None:
        return known
    prefix, _, name = text.strip().partition(":")
    source = prefix if "." in prefix else f"{prefix.lower()}.amazonaws.com"
    return primary_action(source, name, {}) if name else None


def decided_elsewhere(event_source: str, event_name: str) -> str | None:
    """Who decides on an operation for which IAM has no action, in half a sentence; None where that is not known."""
    return decided_without_iam(prefix_of(event_source), plain_event_name(event_name))


def resource_of(event_source: str, event_name: str, iam_action: str, request: Mapping[str, Any], **place: Unpack[Place]) -> str | None:
    """The ARN that the action is checked on. `*` only where the action takes no resource; None where the request does not tell.

    Where a call is checked on several resources, the one that its name speaks of: `RunInstances` on `instance/*`, `GetTable` on the table.
    """
    action = spelling(iam_action)
    if action == "iam:PassRole":
        return _only_role(request)
    if action is None:
        return None
    event = plain_event_name(event_name)
    primary = primary_action(event_source, event_name, request)
    if action != primary:
        for row in _need_rows(event_source, event_name, request):
            if row["action"] == action and ("resource" in row or "service_linked_role" in row):
                return _row_resource(row, unwrapped(event_name, request), place)
        if primary is not None and "Tagging" in (access_level(action) or ""):
            own = arns_by_kind(event, primary, request, place)
            return next(iter(_made(event, own) if own != _NO_RESOURCE else resource_arns(event, action, request, place)), None)
    found = arns_by_kind(event, action, request, place)
    return found[0][1] if len(found) == 1 else next(iter(_made(event, found)), None)


def _only_role(request: Mapping[str, Any]) -> str | None:
    """The role ARN in a request, where there is one alone: which of several was refused, the request does not tell."""
    roles = {text for text in texts_in(request) if text.startswith("arn:") and ":role/" in text}
    return roles.pop() if len(roles) == 1 else None


@cache
def _rows_of_needs(prefix: str) -> tuple[Row, ...]:
    """What calls of a service need besides their own action: by its own table, and where they set up a delivery of logs."""
    calls = (
        (row, [name for service, _, name in (call.partition(":") for call in row["calls"]) if service == prefix])
        for row in rows_of("operations/logs", "delivery")
    )
    return (*rows_of(f"operations/{prefix}", "need"), *({**row, "events": names} for row, names in calls if names))


def _need_rows(event_source: str, event_name: str, request: Mapping[str, Any]) -> Iterator[Row]:
    body = unwrapped(event_name, request)
    for row in _rows_of_needs(prefix_of(event_source)):
        if _names(row, event_name) and holds(body, row.get("when", ())):
            yield row


def is_conditional(event_source: str, event_name: str, action: str) -> bool:
    """A row tells from the request whether the operation is checked for the action besides its own."""
    return any(row["action"] == action and _names(row, event_name) and "when" in row for row in _rows_of_needs(prefix_of(event_source)))


def linked_services(event_source: str, event_name: str) -> frozenset[str]:
    """The services whose linked role the operation may create, whatever its request: known also where no request was recorded."""
    rows = _rows_of_needs(prefix_of(event_source))
    return frozenset(str(row["service_linked_role"]) for row in rows if "service_linked_role" in row and _names(row, event_name))


def checks_more(event_source: str, event_name: str) -> bool:
    """True where the operation may be checked for more than its own action: what its content asks for (a tag on what it creates, a key, a source)."""
    rows = _rows_of_needs(prefix_of(event_source))
    return any(_names(row, event_name) for row in rows if "events" in row or re.search(_CREATES, event_name))


def _row_resource(row: Row, request: Mapping[str, Any], place: Place) -> str | None:
    linked = row.get("service_linked_role")
    if linked is not None:
        return service_linked_role_arn(linked, partition=place["partition"], account=place["account"])
    form = str(row["resource"])
    return form if form == "*" else build(row, request, form, place)


def _extra(row: Row, event_name: str, request: Mapping[str, Any], place: Place, own: tuple[tuple[str, str], ...]) -> Iterator[Need]:
    """The needs of a row. A tagging action without a resource of its own works on what the call makes."""
    body = unwrapped(event_name, request)
    arns: tuple[str | None, ...] = ()
    if row.get("each", False):
        arns = build_each(row, body, row["resource"])
    elif "resource" in row or "service_linked_role" in row:
        arns = (_row_resource(row, body, place), *(arn for form in row.get("and_on", ()) if (arn := build(row, body, form, place)) is not None))
    elif "Tagging" in (access_level(row["action"]) or ""):
        arns = _made(event_name, own) if own != _NO_RESOURCE else resource_arns(plain_event_name(event_name), row["action"], request, place)
    else:
        arns = resource_arns(plain_event_name(event_name), row["action"], request, place)
    via = f"{row['via']}.{place['region']}.amazonaws.com" if "via" in row else None
    certain = not row.get("depends_on_state", False)
    for arn in arns or (None,):
        yield Need(iam_action=row["action"], resource=arn, when=row["why"], source_id=row["id"], certain=certain, via_service=via, own=row.get("own", False))


def _made(event_name: str, own: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """The resource that a call is about, above all one that it makes: the kind whose name stands in the event name, else the only one."""
    event = plain_name(event_name)
    named = [arn for kind, arn in own if kind and plain_name(kind) in event]
    return tuple(named or [arn for _, arn in own if len(own) == 1 and arn != "*"])


def needs(event_source: str, event_name: str, request: Mapping[str, Any], *, every: bool = False, **place: Unpack[Place]) -> tuple[Need, ...]:
    """Everything that this very request is checked for, its own action first, once for each resource. Passed roles: see `passed_roles`.

    `every`: on every kind of resource that it names, those included that the action may do without.
    """
    found: dict[tuple[str, str | None], Need] = {}
    own: tuple[tuple[str, str], ...] = ()
    primary = _primary(event_source, event_name, request)
    if primary is not None:
        action, row_id = primary
        own, besides = arns_named(plain_event_name(event_name), action, request, place)
        arns: tuple[str | None, ...] = tuple(arn for _, arn in ((*own, *besides) if every else own)) or (None,)
        for arn in arns:
            found[action, arn] = Need(iam_action=action, resource=arn, when="the call itself", source_id=row_id, own=True)
    for row in _need_rows(event_source, event_name, request):
        for need in _extra(row, event_name, request, place, own):
            found.setdefault((need.iam_action, need.resource), need)
    return tuple(found.values())


def possible_needs(event_source: str, event_name: str, **place: Unpack[Place]) -> tuple[Need, ...]:
    """All that some request of the operation is checked for besides the action of an empty one; the resource only where no request is needed to tell it."""
    prefix, own = prefix_of(event_source), primary_action(event_source, event_name, {})
    listed = (*rows_of(f"operations/{prefix}", "operation"), *_rows_of_needs(prefix))
    rows = [row for row in listed if row["action"] != own and _names(row, event_name)]
    found: dict[str, Need] = {}
    for row in rows:
        resource = _row_resource(row, {}, place) if "resource" in row or "service_linked_role" in row else None
        why = str(row.get("why", "some requests are checked for it"))
        found.setdefault(row["action"], Need(iam_action=row["action"], resource=resource, when=why, source_id=row["id"], certain=False))
    return tuple(found.values())


def needs_of_each(event_source: str, event_name: str, request: Mapping[str, Any], **place: Unpack[Place]) -> tuple[Need, ...]:
    """Everything that the request is checked for, for every element of its lists; an action with a resource anywhere has none without."""
    found: dict[tuple[str, str | None], Need] = {}
    for variant in each_element(request):
        for need in needs(event_source, event_name, variant, every=True, **place):
            found.setdefault((need.iam_action, need.resource), need)
    told = {action for action, resource in found if resource is not None}
    return tuple(need for (action, resource), need in found.items() if resource is not None or action not in told)
