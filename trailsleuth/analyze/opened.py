"""A call that failed in words that say neither who lacked what nor on what, or of several services which: what it needs of its caller and of others, as far as
the policies deny it.

Sees:  the failed call, the roles that it hands over, the key that it names, the table of demands, the policies.
Why:   services refuse with codes of validation errors and in words of their own; what they looked at is known, and so is what the policies say to it.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
Sure:  inferred: the policies deny it, or the role is not there. Where they deny nothing of it, the call stays open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from trailsleuth.analyze.beyond import handed_across
from trailsleuth.analyze.context import AnalysisContext
from trailsleuth.analyze.inner import is_behind
from trailsleuth.analyze.keys import denied_of_named_key, is_admitted, is_bare
from trailsleuth.analyze.others import demanded
from trailsleuth.analyze.passrole import partition_of, passed_next, role_arn
from trailsleuth.analyze.refusal import LONGEST, Refusal
from trailsleuth.analyze.requests import access_request
from trailsleuth.analyze.required import needed_by_content
from trailsleuth.catalog.passed_roles import passed_roles
from trailsleuth.catalog.services import is_service_name
from trailsleuth.iam.applies import policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import Cause, Denial, PolicyType, Verdict, account_of
from trailsleuth.patterns import late

_SERVICE = late(r"(?<![\w./:@-])[a-z0-9-]+(?:\.[a-z0-9-]+){0,3}\.amazonaws\.com(?:\.cn)?(?![\w/-]|\.\w)")
_CHOICE = late(r"amazonaws\.com(?:\.cn)?\W{1,3}or\b")
DENIED = (Verdict.IMPLICITLY_DENIED, Verdict.EXPLICITLY_DENIED)


def opened(refusal: Refusal, chain: Iterable[Refusal], context: AnalysisContext) -> list[Refusal]:
    """What the policies deny of it, each as a denial of who needs it; the refusal itself where they deny nothing, or where its text tells. Nothing where
    another denial of the chain is the one that its service met."""
    takers = _named_takers(refusal, context)
    if takers:
        return takers
    bare = is_bare(refusal) and refusal.denial.cause is None and is_admitted(refusal, context.evidence.policies, open_too=False)
    if not (refusal.denial.open or bare):
        return [refusal]
    if any(is_behind(refusal, other) for other in chain if other is not refusal):
        return [] if refusal.denial.open else [refusal]
    left = replace(refusal, denial=replace(refusal.denial, open=True))
    found: dict[tuple[str | None, str | None, str | None], Refusal] = {}
    for look in (_untaken, _unpassed, _of_others, _of_key, _of_content):
        for step in look(left, context):
            found.setdefault((step.principal, step.iam_action, step.resource), step)
    return list(found.values()) or [refusal]


def _named_takers(refusal: Refusal, context: AnalysisContext) -> list[Refusal]:
    """Of the services that a text says must be able to take the role, those that its trust policy does not let in. Of one that it gives as a choice, none.

    Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html
    """
    text = (refusal.first.error_message or "")[:LONGEST]
    named = tuple(dict.fromkeys(_SERVICE.findall(text)))
    if not refusal.is_assume or not is_service_name(refusal.principal or "") or set(named) <= {refusal.principal} or _CHOICE.search(text):
        return []
    told = {**refusal.denial.known_from, "principal": "message"}
    steps = [replace(refusal, denial=replace(refusal.denial, principal=name, known_from=told), principal=name, request=None) for name in named]
    return [step for step in (replace(step, request=access_request(step)) for step in steps) if _is_denied(step, context)]


def _untaken(refusal: Refusal, context: AnalysisContext) -> Iterator[Refusal]:
    """Each role that is handed over, where its service may not take it, or where there is none of that name."""
    record = refusal.first
    for one in passed_roles(record.event_source, record.event_name, record.request):
        role = one.role if one.role.startswith("arn:") else role_arn(one, refusal.principal_account, context.names, partition=partition_of(refusal))
        role = None if one.instance_profile else role
        for action in ("sts:AssumeRole", "sts:TagSession")[: 2 if one.tagged else 1] if role and one.taken_by else ():
            denial = Denial(
                pattern_id="opened", iam_action=action, resource=role, principal=one.taken_by, policy_type=PolicyType.TRUST, cause=Cause.UNTRUSTED_PRINCIPAL,
                demand=f"{record.event_name} passes the role to {one.taken_by}",
            )  # fmt: skip
            step = replace(refusal, denial=denial, principal=one.taken_by, iam_action=action, resource=role, resource_account=account_of(role), request=None)
            step = replace(step, request=access_request(step))
            if handed_across(step) or context.facts.lacked(role) is not None or _is_denied(step, context):
                yield step


def _unpassed(refusal: Refusal, context: AnalysisContext) -> Iterator[Refusal]:
    """Each role that the caller may not hand over."""
    for passing in passed_next(refusal, None, frozenset(), context.names):
        if _is_denied(passing.refusal, context):
            yield _needed(passing.refusal, f"{refusal.first.event_name} passes this role")


def _of_others(refusal: Refusal, context: AnalysisContext) -> Iterator[Refusal]:
    return (step for step in demanded(refusal, context) if _is_denied(step, context))


def _of_key(refusal: Refusal, context: AnalysisContext) -> Iterator[Refusal]:
    return (_needed(need.refusal, need.because) for need in denied_of_named_key(refusal, context.facts))


def _of_content(refusal: Refusal, context: AnalysisContext) -> Iterator[Refusal]:
    """What the request asks for besides, tags and keys among it."""
    return (_needed(pending.refusal, pending.because) for pending in needed_by_content(refusal) if _is_denied(pending.refusal, context))


def _needed(step: Refusal, why: str) -> Refusal:
    return replace(step, denial=replace(step.denial, demand=why))


def _is_denied(step: Refusal, context: AnalysisContext) -> bool:
    return step.request is not None and decide(step.request, policies_for(step.request, context.evidence.policies)).verdict in DENIED
