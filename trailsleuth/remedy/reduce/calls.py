"""What one call was checked for: its own actions on every thing that its record names, what its content asks for, the roles that it passed.

Sees:  the request, `resources[]`, and definitions that other records show.
Why:   iam:PassRole and the keys, tags and sources of a call have no record of their own.
Sure:  as far as the catalogue maps the call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from trailsleuth.catalog.actions import resource_types
from trailsleuth.catalog.arns import Place, fits
from trailsleuth.catalog.operations import Need, needs_of_each
from trailsleuth.catalog.passed_roles import PassedRole, passed_roles
from trailsleuth.catalog.reduction import also_checked, any_of_form, makes_kind, on_star
from trailsleuth.iam.context import request_context
from trailsleuth.iam.match import resource_matches
from trailsleuth.model import AccessRequest, Record, account_of, parse_arn, role_of_session
from trailsleuth.model.pattern import ArnPattern
from trailsleuth.remedy.reduce.trail import RoleTrail


class Seen(Struct, frozen=True, kw_only=True):
    """One need of one record. `implied`: checked besides the call's own actions; a resource that is an `ArnPattern` means any of its kind."""

    iam_action: str
    resource: str | None
    implied: bool
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def needs_in(record: Record, trail: RoleTrail) -> Iterator[Seen]:
    """The call's own actions first, then what its content is checked for, then the roles that it passed."""
    place = place_of(record, trail)
    told = [need for need in needs_of_each(record.event_source, record.event_name, record.request, **place) if need.certain]
    for action in dict.fromkeys(need.iam_action for need in told):
        mine = [need for need in told if need.iam_action == action]
        implied = not any(need.own for need in mine)
        via = next((need.via_service for need in mine if need.via_service), None)
        for resource in _resources(record, action, told, trail):
            if resource is not None or not implied:
                yield Seen(iam_action=action, resource=resource, implied=implied, context={"kms:ViaService": (via,)} if via else {})
    yield from _unnamed(told, place)
    through = trail.definitions.passed_by(record)
    service = trail.definitions.names_one(record) if through is None else None
    if service:
        yield Seen(iam_action="iam:PassRole", resource=_any_role(place), implied=True, context={"iam:PassedToService": (service,)})
    for passed in (*passed_roles(record.event_source, record.event_name, record.request), *(through or ())):
        context = {"iam:PassedToService": (passed.service,)} if passed.service else {}
        yield Seen(iam_action="iam:PassRole", resource=_role(passed, trail, place), implied=True, context=context)


def place_of(record: Record, trail: RoleTrail) -> Place:
    """Where the call was made: the partition and account are the role's."""
    arn = parse_arn(trail.role)
    return {"partition": arn.partition if arn else "aws", "region": record.region, "account": arn.account if arn else ""}


def _resources(record: Record, action: str, told: list[Need], trail: RoleTrail) -> tuple[str | None, ...]:
    """What the request names, and those ARNs of `resources[]` of the same kind that the request names for no other action of the call."""
    mine = [need.resource for need in told if need.iam_action == action and need.resource]
    if "*" in mine or on_star(action, record.request):
        return ("*",)
    others = {need.resource for need in told if need.iam_action != action}
    shown = [arn for arn in _shown(record, action) if arn not in others]
    if any(_is_object(arn) for arn in shown) and any(need.own and need.iam_action == action for need in told):
        mine = [arn for arn in mine if isinstance(arn, ArnPattern)]  # the object as S3 took it, whatever the request's spelling
    instead = {arn: [one for one in shown if _is_told_by(one, arn)] for arn in mine if arn not in shown}
    kept = [arn for arn in mine if not instead.get(arn)]
    shapes = {_shape(arn) for arn in (*kept, *(one for ones in instead.values() for one in ones))}
    named = [*kept, *(arn for arn in shown if not mine or _shape(arn) in shapes)]
    named = named or list(trail.answers.things_of(record, action, place_of(record, trail)))
    return tuple(dict.fromkeys(_full(arn, trail) for arn in named)) or (None,)


def _full(arn: str, trail: RoleTrail) -> str:
    return arn if isinstance(arn, ArnPattern) else trail.names.full(arn) or arn


def _shown(record: Record, action: str) -> list[str]:
    """The ARNs of the record in a form that the action takes; a key by its alias only where an alias is what the action works on."""
    forms = [form for kind in resource_types(action) for form in kind.arn_formats]
    found = sorted({ref.arn for ref in record.resources if ref.arn and any(fits(ref.arn, form) for form in forms)})
    if not any(":alias/" in form for form in forms):
        found = [arn for arn in found if ":alias/" not in arn]
    if action.lower().startswith("s3:"):
        on_objects = any("/" in form for form in forms)
        found = [arn for arn in found if ("/" in arn) is on_objects]
    return found


def _is_told_by(shown: str, named: str) -> bool:
    """The record's ARN is one of the pattern that the request comes to, or the thing of that name in the form that AWS gives it."""
    if isinstance(named, ArnPattern):
        return resource_matches(named, shown)
    return _shape(shown)[0] == _shape(named)[0] and re.split(r"[:/]", shown)[-1] == re.split(r"[:/]", named)[-1]


def _is_object(arn: str) -> bool:
    return ":s3:::" in arn and "/" in arn


def _shape(arn: str) -> tuple[str, ...]:
    """What ARNs of one kind have in common: the service, how many parts, and the first of them where there are several."""
    parts = re.split(r"[:/]", arn)
    return (parts[2], str(len(parts)), parts[5] if len(parts) > 6 else "")


def _unnamed(told: list[Need], place: Place) -> Iterator[Seen]:
    """Resources of the kinds that the call is checked on and its request does not name: those of a table, and what the call makes."""
    for action in dict.fromkeys(need.iam_action for need in told):
        named = [need.resource for need in told if need.iam_action == action and need.resource]
        for kind in resource_types(action):
            forms = kind.arn_formats if kind.name in also_checked(action) or (named and kind.required and makes_kind(action, kind.name)) else ()
            if forms and not any(fits(arn, form) for arn in named for form in forms):
                yield Seen(iam_action=action, resource=any_of_form(forms[0], place), implied=True)


def _any_role(place: Place) -> ArnPattern:
    """A role that nothing in the evidence names: it is of the caller's account, since no other account's can be passed."""
    return any_of_form(next(kind.arn_format for kind in resource_types("iam:PassRole")), place)


def _role(passed: PassedRole, trail: RoleTrail, place: Place) -> str | None:
    """The passed role's ARN. An instance profile's role is the one of the snapshot, and any where there is none: the request does not name it."""
    if passed.instance_profile:
        return trail.profiles.get(passed.role) or trail.profiles.get(passed.role.rpartition("/")[2]) or _any_role(place)
    arn = passed.role if passed.role.startswith("arn:") else f"arn:{place['partition']}:iam::{place['account']}:role/{passed.role.lstrip('/')}"
    return trail.names.full(arn)


def request_of(record: Record, seen: Seen, trail: RoleTrail, owners: Mapping[str, str]) -> AccessRequest:
    """What IAM was asked, with the condition keys that the record tells: of a pattern one of its members. An unknown resource stands as `*`."""
    known, absent = request_context(record, iam_action=seen.iam_action)
    linked = (seen.resource or "").partition("/aws-service-role/")[2].partition("/")[0]
    service = {"iam:AWSServiceName": (linked,)} if linked and seen.iam_action == "iam:CreateServiceLinkedRole" else {}
    context = {**known, "aws:PrincipalArn": (trail.role,), **service, **seen.context}
    session = record.identity.arn if role_of_session(record.identity.arn) else None
    resource = seen.resource.member() if isinstance(seen.resource, ArnPattern) else seen.resource or "*"
    return AccessRequest(
        principal=session or trail.role,
        action=seen.iam_action,
        resource=resource,
        resource_account=_owner(record, resource, owners) or account_of(trail.role),
        context=context,
        absent=absent - context.keys(),
        principal_id=record.identity.principal_id,
    )


def _owner(record: Record, resource: str, owners: Mapping[str, str]) -> str | None:
    arn = parse_arn(resource)
    if arn is None or arn.account:
        return arn.account if arn else None
    shown = next((r.account for r in record.resources if r.account and r.arn and resource.startswith(r.arn)), None)
    return shown or owners.get(arn.resource.partition("/")[0])
