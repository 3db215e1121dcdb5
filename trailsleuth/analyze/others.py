"""What a denied call needs of others than its caller, and their policies do not allow: the role that a service works as, the service itself.

Sees:  a text that reports a denial of somebody else ("the role does not have permissions to …", "is not configured properly"), the table of demands,
       the roles and resource policies of the evidence.
Why:   such a text names a guess or nothing; what the actor's own policies lack tells the rest, and AWS names one missing action at a time.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html (service roles)
Sure:  inferred: the policies do not allow what AWS documents as needed. What they allow is never said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from msgspec.structs import replace

from trailsleuth.analyze.context import AnalysisContext
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.requests import access_request
from trailsleuth.analyze.shown import place_of, resource_in, takes_form
from trailsleuth.catalog.demands import Demand, demands
from trailsleuth.catalog.passed_roles import passed_roles
from trailsleuth.iam.applies import find_principal, find_resource_policy, grants_part, policies_for
from trailsleuth.model import AccessRequest, Denial, Record, account_of, parse_arn

BESIDE = timedelta(seconds=90)  # a service looks at what a call names within moments


def demanded(refusal: Refusal, context: AnalysisContext) -> Iterator[Refusal]:
    """Each demand of the call as a denial of its actor, where the text is about somebody else than the caller and the actor is known."""
    record = refusal.first
    partition, region, account = place_of(record)
    told = demands(record.event_source, record.event_name, record.request, record.error_message or "", partition=partition, region=region, account=account)
    for demand in told:
        resource = demand.resource or _resource(refusal, demand, context)
        if demand.service is not None:
            if _is_about_service(refusal, demand) and find_resource_policy(resource, context.evidence.policies) is not None:
                yield as_denied_to(refusal, demand, demand.service, resource)
        elif refusal.denial.by_passed_role or refusal.is_assume or refusal.denial.open:
            role = _role(refusal, demand, f"arn:{partition}:iam::{account}:role/", context)
            alike = {one.given for one in told if one.id == demand.id and one.given is not None}
            if role is not None and (demand.given is None or _may_do(role, alike, context) == {demand.given}):
                yield as_denied_to(refusal, demand, role, resource)


def _is_about_service(refusal: Refusal, demand: Demand) -> bool:
    """The text says that this service was denied, by the policy of a resource, or leaves open who was; what a demand tells already is not asked for again."""
    return refusal.denial.open or (demand.service == refusal.principal and not refusal.is_assume and not refusal.denial.demand)


def _role(refusal: Refusal, demand: Demand, begin: str, context: AnalysisContext) -> str | None:
    """The role that the text names, or the only one that the call hands over where it leaves that open, or that AWS's fixed name means; one of the evidence."""
    told = (_handed(refusal.first, context),) if refusal.denial.open else (refusal.principal, refusal.resource)
    named = (*told, context.names.full(f"{begin}{demand.role}") if demand.role else None)
    roles = (arn for arn in named if (parsed := parse_arn(arn)) is not None and parsed.is_role and demand.role in (None, parsed.name))
    return next((arn for arn in roles if find_principal(arn, context.evidence.policies) is not None), None)


def _may_do(role: str, actions: Iterable[str], context: AnalysisContext) -> set[str]:
    """Which of the actions the role's own policies let it do, on anything."""
    policies = context.evidence.policies
    asked = (AccessRequest(principal=role, action=action, resource="*", resource_account=None, context={}) for action in actions)
    return {request.action for request in asked if grants_part(request, policies_for(request, policies))}


def _handed(record: Record, context: AnalysisContext) -> str | None:
    several = {passed.role for passed in passed_roles(record.event_source, record.event_name, record.request)}
    return context.facts.handed.role(record) if len(several) < 2 else None


def _resource(refusal: Refusal, demand: Demand, context: AnalysisContext) -> str | None:
    """What the text names; else what the service looked at with the caller's credentials just before; else the only such resource whose policy is known."""
    if refusal.resource and takes_form(demand.iam_action, refusal.resource):
        return refusal.resource
    if demand.service is None:
        return None
    seen = {arn for call in _beside(refusal, context) if (arn := resource_in(call, demand.iam_action, context.names)) and _is_in_form(demand, arn)}
    known = seen or {held.resource_arn for held in context.evidence.policies.resources if _is_in_form(demand, held.resource_arn)}
    return known.pop() if len(known) == 1 else None


def _is_in_form(demand: Demand, arn: str) -> bool:
    return arn.startswith("arn:") and takes_form(demand.iam_action, arn)


def _beside(refusal: Refusal, context: AnalysisContext) -> Iterator[Record]:
    """Calls that the service made for the denied one with the same credentials, in these moments."""
    record = refusal.first
    for other in context.evidence.records:
        same = other.identity.principal_id == record.identity.principal_id and other.identity.invoked_by == record.event_source
        if same and abs(other.event_time - record.event_time) <= BESIDE:
            yield other


def as_denied_to(refusal: Refusal, demand: Demand, actor: str, resource: str | None) -> Refusal:
    """The demand of the call as a denial of its actor."""
    aimed = demand.service is not None and demand.sourced
    denial = Denial(pattern_id=demand.id, iam_action=demand.iam_action, resource=resource, principal=actor, wraps=True, at_target=aimed, demand=demand.why)
    asked = replace(
        refusal,
        denial=denial,
        principal=actor,
        principal_account=account_of(actor) or refusal.principal_account,
        iam_action=demand.iam_action,
        resource=resource,
        resource_account=account_of(resource) or (refusal.principal_account if resource in (None, "*") else refusal.resource_account),
        request=None,
    )
    return replace(asked, request=access_request(asked))
