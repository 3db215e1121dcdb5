"""A refused record, worked out: who was refused, which IAM action, on what, and the request that IAM decided.

Order of truth for action and resource: the message, the record's `resources[]`, the request parameters, the catalogue.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.requests import CREATE_LINKED, TEMPORARY_FEDERATED, access_request, federated_claims
from trailsleuth.analyze.shown import place_of, resource_in, takes_form
from trailsleuth.catalog.actions import resource_types, takes_resource
from trailsleuth.catalog.demands import deliveries
from trailsleuth.catalog.evaluation import has_no_arn
from trailsleuth.catalog.operations import linked_services, primary_action
from trailsleuth.catalog.passed_roles import PassedRole, passed_roles, passing_rows
from trailsleuth.catalog.services import linked_service, service_linked_role_arn
from trailsleuth.facts.handed import Handed
from trailsleuth.facts.tags import ResourceTags, context_of
from trailsleuth.iam.applies import TRUST_ACTIONS
from trailsleuth.model import Denial, PolicyType, Record, account_of, parse_arn
from trailsleuth.model.names import RoleNames, role_of
from trailsleuth.model.texts import texts_in
from trailsleuth.patterns import late

_LINKED = late(r"(?P<arn>arn:aws[a-z-]*:iam::\d{12}:role/aws-service-role/[\w.+=,@/-]+)|(?P<name>AWSServiceRoleFor\w+)")


class Surroundings(Struct, frozen=True, kw_only=True):
    """What a single record does not tell: roles with their paths, who owns which bucket, which roles other calls handed over.

    `judged`: there are policies that may look at the context of a request; without any it is not worked out.
    """

    names: RoleNames
    owners: Mapping[str, str]
    handed: Handed
    tags: ResourceTags
    judged: bool


def read_refusal(record: Record, around: Surroundings) -> Refusal | None:
    """The refusal in a record; None where the record was not refused."""
    denial = record.denial
    if denial is None:
        return None
    of_call = not (denial.by_passed_role or denial.open or _is_of_service(record, denial))
    action = denial.iam_action or (primary_action(record.event_source, record.event_name, record.request) if of_call else None)
    resource = _resource(record, denial, action, around)
    taken = _taken(record, resource) if _is_service_trust(record, denial, action) else None
    if taken is not None and taken.tagged and not denial.other_actions:
        denial = replace(denial, other_actions=("sts:TagSession",))
    principal = _principal(record, denial, action, around, taken)
    targets = targets_of(record) if denial.at_target else ()
    if denial.at_target:  # without its targets nobody knows what the service was to do there
        action, resource = targets[0] if targets else (None, None)
    account = account_of(principal) or record.identity.account or record.account
    refusal = Refusal(
        records=(record,),
        denial=denial,
        principal=principal,
        principal_account=account,
        iam_action=action,
        resource=resource,
        resource_account=_resource_account(record, resource, account, around.owners),
        passed_to=passed_service(record, resource) if action == "iam:PassRole" else None,
        request=None,
    )
    return _with_tags(replace(refusal, request=access_request(refusal, judged=around.judged)), around) if action else refusal


def _with_tags(refusal: Refusal, around: Surroundings) -> Refusal:
    """The refusal with the tags of its thing that other calls show, where its own record does not tell them."""
    request, tags = refusal.request, around.tags.of(refusal.resource, refusal.first) if around.judged else ()
    if request is None or not tags:
        return refusal
    own = {key.lower() for key in (*request.context, *request.absent)}
    told = {key: values for key, values in context_of(tags).items() if key.lower() not in own}
    return replace(refusal, request=replace(request, context={**told, **request.context}), tags=tags if told else ())


def targets_of(record: Record) -> tuple[tuple[str, str], ...]:
    """The (action, ARN) pairs that a service needs on what the request tells it to deliver to."""
    return deliveries(texts_in(dict(record.request)))


def for_target(refusal: Refusal, action: str, target: str) -> Refusal:
    """The same refusal, of another target that the request names."""
    other = replace(refusal, iam_action=action, resource=target, resource_account=account_of(target), request=None)
    return replace(other, request=access_request(other))


def for_action(refusal: Refusal, action: str) -> Refusal:
    """The same refusal, of another action that its text names; the resource only where that action takes it."""
    resource = refusal.resource if refusal.resource in (None, "*") or takes_form(action, refusal.resource) else None
    denial = replace(refusal.denial, iam_action=action, other_actions=())
    other = replace(refusal, denial=denial, iam_action=action, resource="*" if takes_resource(action) is False else resource, request=None)
    return replace(other, request=access_request(other))


def _taken(record: Record, role: str | None) -> PassedRole | None:
    """How the request hands over a role that its service could not take."""
    passed = passed_roles(record.event_source, record.event_name, record.request)
    return next((one for one in passed if role is not None and role.rpartition("/")[2] == one.role.rpartition("/")[2]), None)


def _principal(record: Record, denial: Denial, action: str | None, around: Surroundings, taken: PassedRole | None = None) -> str | None:
    who, names = record.identity, around.names
    told_by_text = denial.known_from.get("principal") == "message"
    if taken is not None and taken.taken_by is not None and not told_by_text:
        return taken.taken_by
    said = names.whole(denial.principal)
    if said == record.event_source and not told_by_text:
        return _taker(record)
    if said is not None:
        told = parse_arn(said)
        return names.full(role_of(record)) if told is not None and told.is_federated_user and who.arn == said else said
    if denial.by_passed_role:
        return around.handed.role(record)
    if who.type in TEMPORARY_FEDERATED or federated_claims(record)[0] is not None:
        return None
    if _is_service_trust(record, denial, action):
        return _taker(record)
    if who.type == "AWSService":
        return who.invoked_by
    return names.full(role_of(record))


def _taker(record: Record) -> str | None:
    """The service that could not take the role it was given; where no request was recorded, only if the operation hands its roles to one service."""
    rows = () if record.request else passing_rows(record.event_source, record.event_name)
    takers = {row.get("taken_by", row.get("service")) for row in rows} - {None}
    return record.event_source if not takers else str(takers.pop()) if len(takers) == 1 else None


def _is_of_service(record: Record, denial: Denial) -> bool:
    """The text speaks of what a service was denied by itself: never the action of the call that set it to work."""
    return denial.principal is not None and not denial.principal.startswith("arn:") and record.identity.type != "AWSService"


def _is_service_trust(record: Record, denial: Denial, action: str | None) -> bool:
    return denial.policy_type is PolicyType.TRUST and not record.event_name.startswith("AssumeRole") and (action or "").lower().startswith(TRUST_ACTIONS)


def _resource(record: Record, denial: Denial, action: str | None, around: Surroundings) -> str | None:
    if denial.resource not in (None, "*"):
        return _with_path(record, denial.resource, action, around.names) if denial.path_unknown and action else around.names.whole(denial.resource)
    if action is None:
        return None
    if takes_resource(action) is False or has_no_arn(action, filter(None, [denial.resource_text]), record.event_source):
        return "*"
    if _is_service_trust(record, denial, action):
        return around.handed.role(record)
    inner = denial.wraps or denial.by_passed_role
    if inner and primary_action(record.event_source, record.event_name, record.request) != action:
        linked = _linked_role(record) if action.lower().startswith("iam:") else None
        return linked if linked or action == CREATE_LINKED else _of_same_service(record, action)
    shown = resource_in(record, action, around.names) or _star(denial, action)
    return shown or ("*" if has_no_arn(action, texts_in(dict(record.request))) else None)


def _with_path(record: Record, pathless: str | None, action: str, names: RoleNames) -> str | None:
    """IAM prints `role NAME`; the request of a call that creates it has the path."""
    built = resource_in(record, action, names)
    known = names.full(pathless)
    return built if known == pathless and (built or "").rpartition("/")[2] == (pathless or "").rpartition("/")[2] else known


def _linked_role(record: Record) -> str | None:
    """The service-linked role that the text names, by its ARN or by its name, where its service is known; else the only one that the operation may create.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
    """
    found = _LINKED.search(record.error_message or "")
    if found is not None and found.group("arn"):
        return found.group("arn")
    services = {linked_service(found.group("name"))} if found is not None else linked_services(record.event_source, record.event_name)
    service, (partition, _, account) = next(iter(services)) if len(services) == 1 else None, place_of(record)
    return service_linked_role_arn(service, partition=partition, account=account) if service and account else None


def _of_same_service(record: Record, action: str) -> str | None:
    """A wrapper tells the inner call's resource only where the request names one in that action's own form."""
    named = {text for text in texts_in(dict(record.request)) if text.startswith("arn:") and takes_form(action, text)}
    return next(iter(named)) if len(named) == 1 else None


def _star(denial: Denial, action: str) -> str | None:
    """A star in the text is right where every resource type of the action is optional: the service evaluated the call on no single resource."""
    said_star = denial.resource == "*" or denial.resource_text == "*"
    return "*" if said_star and not any(t.required for t in resource_types(action)) else None


def _resource_account(record: Record, resource: str | None, principal_account: str | None, owners: Mapping[str, str]) -> str | None:
    if resource is None or resource == "*":
        return principal_account
    arn = parse_arn(resource)
    if arn is not None and (owner := account_of(resource)):
        return owner
    shown = next((r.account for r in record.resources if r.account and r.arn and (resource.startswith(r.arn) or r.arn.startswith(resource))), None)
    return shown or (owners.get(arn.resource.partition("/")[0]) if arn else None) or next((r.account for r in record.resources if r.account), None)


def passed_service(record: Record, role: str | None) -> str | None:
    """The service that the call hands the role to (`iam:PassedToService`); None where it sends none, or several are possible."""
    for passed in passed_roles(record.event_source, record.event_name, record.request):
        if role is not None and (passed.role == role or role.rpartition("/")[2] == passed.role.rpartition("/")[2]):
            return passed.service
    services = {row.get("service") for row in passing_rows(record.event_source, record.event_name)}
    return str(next(iter(services))) if len(services) == 1 and None not in services else _main_service(record)


def _main_service(record: Record) -> str | None:
    """Where an operation may pass roles to several services, the first row of its table is the usual one."""
    rows = passing_rows(record.event_source, record.event_name)
    return str(rows[0]["service"]) if rows and rows[0].get("service") else None
