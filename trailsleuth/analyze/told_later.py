"""A denial that only the error text tells of: a call was answered, and the service that went on with it was denied where no trail looks.

Sees:  the denial that the text reads as, successful calls that hand over a role or name a target, the table of demands, the policies.
Why:   a pipe, a subscription, a replica or a copy fails after the call that set it up was answered, in data events or in AWS's own account.
       Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html
Sure:  inferred: the policies deny what the text tells of, to one actor alone; of several actors nobody knows which is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from trailsleuth.analyze.claims import weigh
from trailsleuth.analyze.context import AnalysisContext
from trailsleuth.analyze.findings import make_finding
from trailsleuth.analyze.keys import denied_next
from trailsleuth.analyze.others import as_denied_to
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.requests import access_request
from trailsleuth.analyze.shown import place_of
from trailsleuth.analyze.told_alone import told_alone, told_at_endpoint
from trailsleuth.catalog.client_words import service_prefix
from trailsleuth.catalog.demands import Demand, demands, sets_up
from trailsleuth.catalog.services import prefix_of
from trailsleuth.iam.applies import find_principal, find_resource_policy, policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import Basis, Cause, Denial, ErrorText, Finding, Inquiry, Record, Standing, Verdict, account_of, is_of_role
from trailsleuth.model.names import role_of

ANSWERED = "The call itself was answered; what it set up was denied later."
DENIED = (Verdict.IMPLICITLY_DENIED, Verdict.EXPLICITLY_DENIED)


def told_later(context: AnalysisContext, inquiry: Inquiry) -> list[Finding]:
    """The cause that the text tells of, and what the same step needs besides; () where no call, or the calls of several actors, set such a thing up."""
    told = inquiry.said.denial if inquiry.said is not None else None
    if inquiry.said is None or (told is not None and told.cause is Cause.NOT_A_PERMISSION):
        return []
    if told is None:
        return list(told_at_endpoint(inquiry.said, context))
    steps = _set_up(context, inquiry)
    meant = [step for step in steps if _is_meant(inquiry.said, step)]
    if len({(refusal.principal, refusal.iam_action, refusal.resource) for refusal in meant}) != 1:
        return [] if meant else list(told_alone(inquiry.said, told, context, inquiry)) or list(told_at_endpoint(inquiry.said, context))
    first = meant[-1]
    beside = [step for step in steps if step.records == first.records and step.denial.pattern_id == first.denial.pattern_id and step is not first]
    return [*_findings(first, Standing.CAUSE, context), *(f for step in beside for f in _findings(step, Standing.ALSO_NEEDED, context))]


def with_target(refusal: Refusal, context: AnalysisContext) -> Refusal:
    """A denial of a service that does not say on what: the only thing that a call set up for it and whose policy does not admit it."""
    if refusal.resource is not None or refusal.iam_action is None or (refusal.principal or "arn:").startswith("arn:"):
        return refusal
    found = {
        step.resource
        for step in _set_up(context, Inquiry())
        if (step.principal, step.iam_action) == (refusal.principal, refusal.iam_action) and step.first.event_source == refusal.first.event_source
    }
    if len(found) != 1:
        return refusal
    target = next(iter(found))
    clear = replace(refusal, resource=target, resource_account=account_of(target) or refusal.resource_account)
    return replace(clear, request=access_request(clear))


def narrowed(refusal: Refusal) -> Refusal:
    """A denial of a service on whatever lies in a thing: on the part of it that the call asked the service to write, where the table tells that."""
    wide, record = refusal.resource or "", refusal.first
    if not wide.endswith("/*") or (refusal.principal or "arn:").startswith("arn:"):
        return refusal
    partition, region, account = place_of(record)
    told = demands(record.event_source, record.event_name, record.request, "", partition=partition, region=region, account=account)
    parts = {d.resource for d in told if (d.service, d.iam_action) == (refusal.principal, refusal.iam_action) and d.resource and d.resource != wide}
    inside = [part for part in parts if part.startswith(wide[:-1])]
    if len(inside) != 1:
        return refusal
    clear = replace(refusal, resource=inside[0], request=None)
    return replace(clear, request=access_request(clear))


def _set_up(context: AnalysisContext, inquiry: Inquiry) -> list[Refusal]:
    calls = [record for record in context.evidence.records if not record.failed and sets_up(record.call)]
    return [step for record in calls for step in _denied_steps(record, context, inquiry)]


def _is_meant(said: ErrorText, step: Refusal) -> bool:
    """By what the text names; where it only says that a role lacks something, by the service that it speaks of."""
    told = said.denial
    if told is None or told.iam_action or told.resource not in (None, "*"):
        return told is not None and _is_told(told, step.iam_action, step.resource)
    spoken = {service_prefix(word) for word in said.words if word[:1].isupper()}
    return told.by_passed_role and prefix_of(step.first.event_source) in spoken


def is_told(finding: Finding, inquiry: Inquiry) -> bool:
    """The finding is what the text tells of, worked out from a call that was answered or from the text alone."""
    if inquiry.said is None or finding.basis is not Basis.INFERRED:
        return False
    told, shown = inquiry.said.denial, finding.evidence[:1]
    return not shown or shown[0].error_code is None or (told is not None and _is_told(told, finding.iam_action, finding.resource))


def _is_told(told: Denial, action: str | None, resource: str | None) -> bool:
    """Of action and resource the text names one at least, and what it names is this."""
    actions = {name.lower() for name in (told.iam_action, *told.other_actions) if name}
    same_action = not actions or (action or "").lower() in actions
    same_resource = told.resource in (None, "*") or told.resource == resource
    return same_action and same_resource and bool(actions or told.resource not in (None, "*"))


def _denied_steps(record: Record, context: AnalysisContext, inquiry: Inquiry) -> Iterator[Refusal]:
    """Each demand of the call that the policies of its actor deny."""
    partition, region, account = place_of(record)
    for demand in demands(record.event_source, record.event_name, record.request, "", partition=partition, region=region, account=account):
        actor = demand.service or _role(record, demand, context)
        if actor is None or (inquiry.role and not is_of_role(actor, inquiry.role)):
            continue
        step = as_denied_to(_base(record), demand, actor, demand.resource)
        known = find_resource_policy(step.resource, context.evidence.policies) if demand.service else find_principal(actor, context.evidence.policies)
        request = step.request if known is not None else None
        verdict = decide(request, policies_for(request, context.evidence.policies)).verdict if request is not None else None
        if verdict in DENIED:
            yield step
        elif verdict is Verdict.ALLOWED and demand.service:
            behind = denied_next(step, context.facts, context.evidence.policies)
            yield from (need.refusal for need in behind if need.basis is Basis.INFERRED)


def _role(record: Record, demand: Demand, context: AnalysisContext) -> str | None:
    partition, _, account = place_of(record)
    return context.names.full(f"arn:{partition}:iam::{account}:role/{demand.role}") if demand.role else context.facts.handed.role(record)


def _base(record: Record) -> Refusal:
    caller = role_of(record)
    return Refusal(
        records=(record,),
        denial=Denial(pattern_id="told-later"),
        principal=caller,
        principal_account=account_of(caller) or record.identity.account or record.account,
        iam_action=None,
        resource=None,
        resource_account=None,
        passed_to=None,
        request=None,
    )


def _findings(step: Refusal, standing: Standing, context: AnalysisContext) -> Iterator[Finding]:
    claims, _ = weigh(step, context.evidence.policies)
    for claim in claims:
        found = make_finding(step, claim, standing, Basis.INFERRED)
        yield replace(found, explanation=f"{found.explanation} {ANSWERED}")
