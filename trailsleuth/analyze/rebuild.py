"""A denied call whose record does not say what it was made on, completed from what else the evidence shows.

Sees:  a denial without a resource, and the things of the right kind that the same credentials made in the seconds before it; a service that speaks of the
       role it was handed, and the roles that trust it.
Why:   most denied records have no request parameters; a script makes a role, a secret or a queue and uses it at once.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
Sure:  worked out: of several candidates none.
"""

from __future__ import annotations

from msgspec.structs import replace

from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.requests import access_request
from trailsleuth.analyze.required import identity_verdict, needed_by_content
from trailsleuth.analyze.shown import place_of, takes_form
from trailsleuth.catalog.demands import demands
from trailsleuth.catalog.operations import checks_more
from trailsleuth.facts import Facts
from trailsleuth.iam.applies import find_resource_policy
from trailsleuth.model import Cause, IamPrincipal, PolicyEvidence, Statement, Verdict, account_of, parse_arn
from trailsleuth.model.names import role_of


def completed(refusal: Refusal, facts: Facts) -> Refusal:
    """The same with its resource, or with the role that was denied where a service speaks of one, where there is one candidate alone."""
    if refusal.principal is None and refusal.denial.by_passed_role:
        return _with_role(refusal, facts)
    if refusal.resource is not None or refusal.iam_action is None or refusal.first.request:
        return refusal
    made = {fact.thing for fact in facts.siblings.made_just_before(refusal.first) if _may_be(refusal, fact.thing)}
    return _with_resource(refusal, next(iter(made)), "maker") if len(made) == 1 else refusal


def _may_be(refusal: Refusal, thing: str) -> bool:
    """A role for a service that could not take one; else a thing of the denied action's own kind."""
    arn = parse_arn(thing)
    return arn is not None and (arn.is_role if refusal.is_assume else takes_form(refusal.iam_action or "", thing))


def _with_resource(refusal: Refusal, resource: str, source: str) -> Refusal:
    known = {**refusal.denial.known_from, "resource": source}
    owner = account_of(resource) or refusal.resource_account
    clear = replace(refusal, denial=replace(refusal.denial, known_from=known), resource=resource, resource_account=owner, request=None)
    return replace(clear, request=access_request(clear))


def _with_role(refusal: Refusal, facts: Facts) -> Refusal:
    """With the role whose own denied call the service made then; else the only role of the account that trusts the service and lacks the action.

    One that is allowed the action was not denied it, and the caller hands over another role than its own.
    """
    met = facts.siblings.denied_as_by(refusal.first, refusal.iam_action)
    if met is not None:
        return _as_role(refusal, facts.names.full(met) or met, "record")
    own = facts.names.full(role_of(refusal.first))
    policies, service = facts.evidence.policies, ("Service", refusal.first.event_source)
    trusting = (role for role in policies.principals if role.trust is not None and account_of(role.arn) == refusal.first.account)
    meant = [role.arn for role in trusting if any(service in statement.principals.entries for statement in _allows(role) if statement.principals)]
    asked = [_as_role(refusal, role, "policy") for role in meant if role != own]
    lacking = [one for one in asked if identity_verdict(one, policies) is Verdict.IMPLICITLY_DENIED]
    return lacking[0] if len(lacking) == 1 else refusal


def _as_role(refusal: Refusal, role: str, source: str) -> Refusal:
    denial = replace(refusal.denial, known_from={**refusal.denial.known_from, "principal": source})
    clear = replace(refusal, denial=denial, principal=role, principal_account=account_of(role), request=None)
    return replace(clear, request=access_request(clear))


def _allows(role: IamPrincipal) -> tuple[Statement, ...]:
    return tuple(statement for statement in role.trust.document.statements if statement.effect == "Allow") if role.trust is not None else ()


def undecided(claim: Claim, refusal: Refusal, policies: PolicyEvidence) -> Claim:
    """A statement whose resource misfits says nothing where the record names no resource, and the call may have been denied for something else. Of several
    things that a service does with a role, in words that name none, the role's own policies alone tell which one was denied."""
    call = refusal.first
    if claim.cause is Cause.MISSING_ALLOW and not refusal.named_by_aws:
        unseen = refusal.denial.at_target and find_resource_policy(refusal.resource, policies) is None
        if unseen or (not claim.sure and _is_one_of_several(refusal)):
            return replace(claim, cause=Cause.UNKNOWN)
    unknown = refusal.resource is None and not call.request and "iam_action" not in refusal.denial.known_from
    if claim.cause is not Cause.SCOPE_MISMATCH or not unknown or not checks_more(call.event_source, call.event_name):
        return claim
    return replace(claim, layers=(), cause=Cause.UNKNOWN, blocking=(), statements=(), mismatch=None, sure=False)


def _is_one_of_several(refusal: Refusal) -> bool:
    """A service does several things with the role, or the request of the call itself asks for several."""
    if not refusal.denial.by_passed_role:
        return refusal.denial.iam_action is None and any(need.refusal.resource != refusal.resource for need in needed_by_content(refusal))
    call, (partition, region, account) = refusal.first, place_of(refusal.first)
    found = demands(call.event_source, call.event_name, call.request, call.error_message or "", partition=partition, region=region, account=account)
    return len({demand.iam_action for demand in found if demand.service is None} | {refusal.iam_action}) > 1
