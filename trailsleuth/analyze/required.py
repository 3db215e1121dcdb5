"""What the failed action will need next and the policies do not allow.

Sees:  the refused call's own content (tags, keys, copy sources), the table of what its CodePipeline action type calls, and the role's policies.
Why:   AWS stops at the first refusal; the next one shows only after the first is cured. Fail-fast turned the founding case into two rounds.
       Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html
Sure:  inferred, and only where the policies in the evidence are complete enough to say that it is not allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.analyze.refusal import NEEDED_NEXT, Refusal
from trailsleuth.analyze.requests import access_request
from trailsleuth.catalog.actions import dependent_actions, takes_resource
from trailsleuth.catalog.arns import Place
from trailsleuth.catalog.operations import Need, is_conditional, needs, possible_needs
from trailsleuth.catalog.passed_roles import passed_roles, passing_rows
from trailsleuth.catalog.pipeline_actions import ActionNeed, applies, needs_of_action, resource_for
from trailsleuth.iam.applies import find_principal, grants_part, policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import AccessRequest, ActionRun, Denial, Execution, PolicyEvidence, PolicyType, Record, Verdict, account_of, parse_arn


class Pending(Struct, frozen=True, kw_only=True):
    """A call yet to be refused, and why it is known to be needed. `own`: it is the refused call's own action, on another thing."""

    refusal: Refusal
    because: str
    own: bool = False


def identity_verdict(refusal: Refusal, policies: PolicyEvidence) -> Verdict | None:
    """What the principal's own policies say to a request; None where the evidence holds none of them.

    A resource that a table knows in part only (`stack/web/*`) is allowed where any grant overlaps it, and else undecided: it is a pattern, no resource.
    """
    policies = policies.of(refusal.request.evaluated if refusal.request else "")
    if refusal.request is None or find_principal(refusal.principal, policies) is None:
        return None
    held = policies_for(refusal.request, policies)
    if refusal.denial.pattern_id == NEEDED_NEXT and _is_pattern(refusal.request):
        return Verdict.ALLOWED if grants_part(refusal.request, held) else Verdict.UNDECIDED
    found = decide(refusal.request, held).layer(PolicyType.IDENTITY)
    return found.verdict if found else None


def _is_pattern(request: AccessRequest) -> bool:
    return "*" in request.resource if request.resource != "*" else takes_resource(request.action) is not False


def needed_by_content(refusal: Refusal, *, certain: bool = True, every: bool = False) -> Iterator[Pending]:
    """What the refused request asks for besides the refused action itself, on every kind of thing that its action must name; `certain` false: what hangs on the
    state of the account as well; `every`: also on the kinds that it need not name and the request does."""
    record = refusal.first
    if not record.request or refusal.principal is None:
        return
    for need in needs(record.event_source, record.event_name, record.request, every=every, **_place(refusal)):
        if (need.certain or not certain) and need.resource is not None and (need.iam_action, need.resource) != (refusal.iam_action, refusal.resource):
            yield Pending(refusal=_pending(refusal, need.iam_action, need.resource), because=_because(need, record), own=need.own)


def _place(refusal: Refusal) -> Place:
    arn, record = parse_arn(refusal.principal), refusal.first
    return {"partition": arn.partition if arn else "aws", "region": record.region, "account": refusal.principal_account or record.account or ""}


def never_granted(refusal: Refusal, policies: PolicyEvidence) -> tuple[Refusal, ...]:
    """What the call may be checked for besides its own action, and no Allow of the principal's policies has on any resource: of what its request asks for, or,
    where no request was recorded, of what any request may ask for. The resource is None where only a request would tell it. Nothing where another layer may
    have denied the call itself."""
    record = refusal.first
    held = policies_for(refusal.request, policies, endpoint=record.vpc_endpoint_id) if refusal.request else None
    if refusal.request is None or held is None or any(one.verdict is not Verdict.ALLOWED for one in decide(refusal.request, held).layers):
        return ()
    call = (record.event_source, record.event_name)
    found = needs(*call, record.request, **_place(refusal)) if record.request else possible_needs(*call, **_place(refusal))
    parts = {need.iam_action: need.resource for need in reversed(found) if need.iam_action != refusal.iam_action}
    if any(role.instance_profile for role in passed_roles(*call, record.request)) if record.request else passing_rows(*call):
        parts["iam:PassRole"] = None
    pending = [_pending(refusal, action, resource) for action, resource in parts.items()]
    return tuple(one for one in pending if one.request is not None and lacks_all(replace(one.request, resource="*"), policies))


def lacks_all(request: AccessRequest | None, policies: PolicyEvidence) -> bool:
    """The caller's own policies are known, and no Allow of them has the action on anything that the request's resource may mean."""
    if request is None or find_principal(request.principal, policies) is None:
        return False
    held = policies_for(request, policies)
    return not held.identity_incomplete and not grants_part(request, held)


def depended_on(refusal: Refusal) -> Iterator[Pending]:
    """The dependent actions of the refused one that take no resource, as the Service Authorization Reference lists them, but for those of which the request
    tells whether it needs them."""
    call = refusal.first
    for action in dependent_actions(refusal.iam_action or ""):
        if takes_resource(action) is False and not is_conditional(call.event_source, call.event_name, action):
            yield Pending(refusal=_pending(refusal, action, "*"), because=f"{refusal.iam_action} depends on it")


def _because(need: Need, record: Record) -> str:
    return f"{record.event_name} is checked on it as well" if need.own else f"{record.event_name} is checked for it as well: {need.when}"


def needed_by_action(refusal: Refusal, execution: Execution, calls: Iterable[Record]) -> Iterator[Pending]:
    """What the table says that the failed pipeline action goes on to need with the refused role, and the trail does not show to have worked; of a refusal
    without an action all that it needs."""
    attempt = execution.attempt
    if attempt is None or attempt.provider is None or refusal.principal is None:
        return
    made = {call.call: call.failed for call in calls}
    listed = [n for n in needs_of_action(attempt.provider, attempt.category or "") if n.principal == "action"]
    here = [need for need in listed if need.iam_action.lower() == (refusal.iam_action or "").lower() and applies(need, settings_of(attempt)) is not False]
    if not here and refusal.iam_action is not None:
        return
    reached = max((need.order for need in listed if need in here or need.event in made), default=0)
    for need in listed:
        if need.optional or need.order < reached or not applies(need, settings_of(attempt)) or made.get(need.event or "") is False:
            continue
        resource = _resource_of_need(need, refusal, execution)
        if resource is not None and (need.iam_action, resource) != (refusal.iam_action, refusal.resource):
            why = f"a {attempt.provider} action is documented to need it" + (", and what was denied comes before it" if here else "")
            yield Pending(refusal=_pending(refusal, need.iam_action, resource, passed_to=need.passed_to), because=why)


def settings_of(attempt: ActionRun) -> dict[str, Any]:
    """The configuration of an action, with the artifacts that it was given."""
    return {**attempt.configuration, "InputArtifacts": [key for _, key in attempt.artifacts]}


def _resource_of_need(need: ActionNeed, refusal: Refusal, execution: Execution) -> str | None:
    """The need's resource with the configuration of the action put in; None where a value is not known."""
    arn = parse_arn(refusal.principal)
    buckets = set(execution.definition.artifact_buckets) if execution.definition else set()
    return resource_for(
        need,
        execution.attempt.configuration if execution.attempt else {},
        artifact_bucket=next(iter(buckets)) if len(buckets) == 1 else None,
        pipeline=execution.pipeline,
        partition=arn.partition if arn else "aws",
        region=refusal.first.region,
        account=refusal.principal_account or "",
    )


def _pending(refusal: Refusal, action: str, resource: str | None, *, passed_to: str | None = None) -> Refusal:
    denial = Denial(pattern_id=NEEDED_NEXT, iam_action=action, resource=resource)
    owner = account_of(resource) or (refusal.resource_account if ":s3:::" in (resource or "") else refusal.principal_account)
    pending = replace(refusal, denial=denial, iam_action=action, resource=resource, resource_account=owner, passed_to=passed_to, request=None)
    return replace(pending, request=access_request(pending))
