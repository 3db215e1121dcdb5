"""What a role was seen to do: its successful calls as IAM actions on resources, with the requests that IAM decided.

Sees:  the role's records, each once (a call across accounts has a copy in either trail), and what their content is checked for besides.
Why:   iam:PassRole and the keys, tags and sources of a call have no record of their own.
Sure:  as far as the catalogue maps the calls; the ones that it does not are named.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trailsleuth.catalog.actions import resource_types
from trailsleuth.catalog.arns import Place, fits
from trailsleuth.catalog.operations import needs
from trailsleuth.catalog.passed_roles import passed_roles
from trailsleuth.catalog.reduction import also_checked, any_of_form, needs_no_permission
from trailsleuth.iam.applies import find_principal
from trailsleuth.iam.context import request_context
from trailsleuth.model import AccessRequest, Evidence, IamPrincipal, Record, account_of, parse_arn, role_of_session, same_role
from trailsleuth.model.names import RoleNames, role_names, role_of
from trailsleuth.model.reduction import Use

NOT_CALLS = ("AwsServiceEvent", "AwsConsoleSignIn", "AwsConsoleAction")
COPIES = ("AWSAccount",)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleTrail:
    """The role with its path, its successful calls in time order, and what could not be counted."""

    role: str
    calls: tuple[Record, ...]
    failed: tuple[Record, ...]  # for another reason than a refusal
    refused: tuple[Record, ...]
    limited: tuple[str, ...]  # ids of the AssumeRole records that carried a session policy
    names: RoleNames
    principal: IamPrincipal | None
    profiles: Mapping[str, str]  # the role in an instance profile, by the profile's ARN and name


@dataclass(slots=True)
class _Tally:
    times: list[datetime] = field(default_factory=list)
    requests: dict[tuple[Any, ...], AccessRequest] = field(default_factory=dict)
    calls: set[str] = field(default_factory=set)
    implied: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One need of one record."""

    iam_action: str
    resource: str | None
    implied: bool
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_trail(evidence: Evidence, role: str, *, since: datetime | None = None, until: datetime | None = None) -> RoleTrail | None:
    """The role's part of the trail; None where the evidence knows no such role."""
    names = role_names(evidence)
    full = names.full(role) or role
    principal = find_principal(full, evidence.policies)
    own = [r for r in evidence.records if (who := names.full(role_of(r))) == full or same_role(who, full)]
    ids = {(r.identity.principal_id or "").partition(":")[0] for r in own} | ({principal.unique_id} if principal else set())
    far = [r for r in evidence.records if r.identity.type in COPIES and (r.identity.principal_id or "-").partition(":")[0] in ids - {""}]
    opened = [r for r in evidence.records if r.issued is not None and same_role(names.full(r.issued.role_arn or r.issued.assumed_role_arn), full)]
    if not own and not far and not opened and principal is None:
        return None
    inside = [r for r in _once([*own, *far], account_of(full)) if (since is None or r.event_time >= since) and (until is None or r.event_time <= until)]
    return RoleTrail(
        role=principal.arn if principal else full,
        calls=tuple(r for r in inside if not r.failed and r.event_type not in NOT_CALLS),
        failed=tuple(r for r in inside if r.failed and r.denial is None and r.event_type not in NOT_CALLS),
        refused=tuple(r for r in inside if r.denial is not None),
        limited=tuple(sorted({r.event_id for r in opened if r.request.get("policy") or r.request.get("policyArns")})),
        names=names,
        principal=principal,
        profiles={key: p.arn for p in evidence.policies.principals for profile in p.instance_profiles for key in (profile, profile.rpartition("/")[2])},
    )


def _once(records: Iterable[Record], account: str | None) -> list[Record]:
    """Each call once: the copy of the role's own account where there is one. Copies share the `sharedEventID`, else the request's id.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    found: dict[str, Record] = {}
    told: dict[tuple[str, str], str | None] = {}
    for record in sorted(records, key=lambda r: (r.recipient_account != account, r.event_time, r.event_id, r.recipient_account or "")):
        request = (record.request_id or record.event_id, record.call)
        if told.setdefault(request, record.recipient_account) == record.recipient_account:
            found.setdefault(record.shared_event_id or f"{record.event_id} {record.recipient_account}", record)
    return sorted(found.values(), key=lambda r: (r.event_time, r.event_id, r.recipient_account or ""))


def find_uses(trail: RoleTrail, owners: Mapping[str, str], looked_at: frozenset[str]) -> tuple[tuple[Use, ...], Counter[str]]:
    """The uses, sorted, and the calls that no IAM action is known for. `looked_at` are the condition keys by which requests differ."""
    tallies: dict[tuple[str, str | None], _Tally] = defaultdict(_Tally)
    unmapped: Counter[str] = Counter()
    for record in trail.calls:
        seen = {(s.iam_action, s.resource): s for s in _needs_of(record, trail)}
        if not seen:
            unmapped[record.call] += 1
        for key, one in seen.items():
            if not needs_no_permission(one.iam_action):
                _add(tallies[key], record, one, request_of(record, one, trail, owners), looked_at)
    uses = [_use(action, resource, tally) for (action, resource), tally in tallies.items()]
    return tuple(sorted(uses, key=lambda u: (u.iam_action, u.resource or ""))), unmapped


def needs_of(records: Iterable[Record], trail: RoleTrail, owners: Mapping[str, str]) -> Iterator[tuple[str | None, AccessRequest]]:
    """What calls are checked for as far as their records tell, as (resource, request): refused ones need all of it once they are refused no longer."""
    for record in records:
        for seen in _needs_of(record, trail):
            yield seen.resource, request_of(record, seen, trail, owners)


def _use(action: str, resource: str | None, tally: _Tally) -> Use:
    ordered = [request for _, request in sorted(tally.requests.items(), key=lambda item: repr(item[0]))]
    return Use(
        iam_action=action,
        resource=resource,
        count=len(tally.times),
        first_seen=min(tally.times),
        last_seen=max(tally.times),
        requests=tuple(ordered),
        implied=tally.implied,
        calls=tuple(sorted(tally.calls)),
    )


def _add(tally: _Tally, record: Record, seen: _Seen, request: AccessRequest, looked_at: frozenset[str]) -> None:
    tally.times.append(record.event_time)
    tally.calls.add(record.event_name)
    tally.implied = tally.implied and seen.implied
    tally.requests.setdefault(signature(request, looked_at), request)


def signature(request: AccessRequest, looked_at: frozenset[str]) -> tuple[Any, ...]:
    """What tells two requests apart that ask for the same: the values of the keys that the policies look at, and which are known to be absent."""
    known = sorted((key.lower(), values) for key, values in request.context.items() if key.lower() in looked_at)
    return (request.resource_account or "", tuple(known), tuple(sorted(key.lower() for key in request.absent if key.lower() in looked_at)))


def _needs_of(record: Record, trail: RoleTrail) -> Iterator[_Seen]:
    """The call's own action first, then what its content is checked for, then the roles that it passed."""
    arn = parse_arn(trail.role)
    partition, account = (arn.partition, arn.account) if arn else ("aws", "")
    for need in needs(record.event_source, record.event_name, record.request, partition=partition, region=record.region, account=account):
        implied = need.when != "the call itself"
        if not need.certain:
            continue
        context = {"kms:ViaService": (need.via_service,)} if need.via_service else {}
        for resource in _resources(record, need.iam_action, need.resource, trail):
            if resource is not None or not implied:
                yield _Seen(iam_action=need.iam_action, resource=resource, implied=implied, context=context)
    yield from _unnamed(record, partition=partition, account=account)
    for passed in passed_roles(record.event_source, record.event_name, record.request):
        context = {"iam:PassedToService": (passed.service,)} if passed.service else {}
        role = _passed(passed.role, trail, partition=partition, account=account, instance_profile=passed.instance_profile)
        yield _Seen(iam_action="iam:PassRole", resource=role, implied=True, context=context)


def _resources(record: Record, action: str, told: str | None, trail: RoleTrail) -> tuple[str | None, ...]:
    """The ARNs of the record itself in a form that the action takes; else the one that the request tells.

    A request may name a key by its alias, which no policy statement does: what `resources[]` shows wins for KMS, and where the request is silent.
    """
    if told == "*" or (told is not None and not action.lower().startswith("kms:")):
        return (trail.names.full(told),)
    forms = [form for kind in resource_types(action) for form in kind.arn_formats]
    shown = sorted({r.arn for r in record.resources if r.arn and ":alias/" not in r.arn and any(fits(r.arn, form) for form in forms)})
    if action.lower().startswith("s3:"):
        on_objects = any("/" in form for form in forms)
        shown = [arn for arn in shown if ("/" in arn) is on_objects]
    named = tuple(trail.names.full(arn) for arn in shown)
    return named or (trail.names.full(told) if told and ":alias/" not in told else None,)


def _unnamed(record: Record, *, partition: str, account: str) -> Iterator[_Seen]:
    """Resources of the kinds that the call is checked on and its request does not name."""
    place: Place = {"partition": partition, "region": record.region, "account": account}
    called = needs(record.event_source, record.event_name, record.request, **place)
    for action in dict.fromkeys(need.iam_action for need in called):
        told = [need.resource for need in called if need.iam_action == action and need.resource]
        for kind in resource_types(action) if also_checked(action) else ():
            forms = kind.arn_formats if kind.name in also_checked(action) else ()
            if forms and not any(fits(arn, form) for arn in told for form in forms):
                yield _Seen(iam_action=action, resource=any_of_form(forms[0], place), implied=True)


def _passed(role: str, trail: RoleTrail, *, partition: str, account: str, instance_profile: bool) -> str | None:
    """The passed role's ARN. An instance profile's role is the one of the snapshot, None where there is none: the request does not name it."""
    if instance_profile:
        return trail.profiles.get(role) or trail.profiles.get(role.rpartition("/")[2])
    return trail.names.full(role if role.startswith("arn:") else f"arn:{partition}:iam::{account}:role/{role.lstrip('/')}")


def request_of(record: Record, seen: _Seen, trail: RoleTrail, owners: Mapping[str, str]) -> AccessRequest:
    """What IAM was asked, with the condition keys that the record tells. An unknown resource stands as `*`."""
    known, absent = request_context(record, iam_action=seen.iam_action)
    linked = (seen.resource or "").partition("/aws-service-role/")[2].partition("/")[0]
    service = {"iam:AWSServiceName": (linked,)} if linked and seen.iam_action == "iam:CreateServiceLinkedRole" else {}
    context = {**known, "aws:PrincipalArn": (trail.role,), **service, **seen.context}
    session = record.identity.arn if role_of_session(record.identity.arn) else None
    resource = seen.resource or "*"
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
