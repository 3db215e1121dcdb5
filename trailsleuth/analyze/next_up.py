"""What would be denied next: roles that the refused calls pass, what their content asks for, what the pipeline action goes on to need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from msgspec.structs import replace

from trailsleuth.analyze.claims import weigh
from trailsleuth.analyze.context import AnalysisContext
from trailsleuth.analyze.findings import cite, make_finding
from trailsleuth.analyze.key_findings import key_findings
from trailsleuth.analyze.keys import denied_next
from trailsleuth.analyze.others import demanded
from trailsleuth.analyze.passrole import hints_of, passed_next
from trailsleuth.analyze.refusal import NEEDED_NEXT, Refusal
from trailsleuth.analyze.required import Pending, identity_verdict, lacks_all, needed_by_action, needed_by_content
from trailsleuth.analyze.wording import short
from trailsleuth.catalog.operations import primary_action
from trailsleuth.iam.match import resource_matches
from trailsleuth.model import Basis, Denial, Effect, ErrorText, Finding, PolicyEvidence, PolicyType, Record, Scope, Standing, Verdict, account_of, same_role
from trailsleuth.model.names import role_of

CODEPIPELINE = "codepipeline"  # the service of its rows among the opaque texts


def coming_next(lasting: list[Refusal], found: list[Finding], context: AnalysisContext) -> list[Finding]:
    """Findings of what the policies do not allow either, or are not known to, each once and none that is found already."""
    known: dict[tuple[str | None, str], set[str | None]] = defaultdict(set)
    for one in found:
        known[one.principal, (one.iam_action or "").lower()].add(one.resource)
    curable = _curable(found)
    coming: list[Finding] = []
    for refusal in lasting:
        by_caller = refusal.iam_action is not None and refusal.principal == context.names.full(role_of(refusal.first))
        layers = curable.get((refusal.principal, refusal.iam_action, refusal.resource), set())
        if refusal.denial.effect is Effect.EXPLICIT or not layers:
            continue
        own = by_caller and PolicyType.IDENTITY in layers
        for finding in (*(_passing(refusal, context) if own else ()), *(_needed(refusal, context) if own else ()), *_keys(refusal, context)):
            resources = known[finding.principal, (finding.iam_action or "").lower()]
            if not _is_known(finding.resource, resources):
                resources.add(finding.resource)
                coming.append(finding)
    return coming


def _is_known(coming: str | None, known: set[str | None]) -> bool:
    """Of one principal and action: the resource is among the known ones, or a pattern of one of them."""
    return None in known if coming is None else any(resource is not None and resource_matches(coming, resource) for resource in known)


def _curable(found: list[Finding]) -> dict[tuple[str | None, str | None, str | None], set[PolicyType]]:
    """Something comes next only where a policy cures the refusal itself, and of what the caller needs besides, by its own policies: the rest is another's."""
    layers: dict[tuple[str | None, str | None, str | None], set[PolicyType]] = defaultdict(set)
    for one in found:
        if one.standing is not Standing.RECOVERED:
            layers[one.principal, one.iam_action, one.resource].update(one.policy_types)
    return layers


def _passing(refusal: Refusal, context: AnalysisContext) -> Iterator[Finding]:
    own = primary_action(refusal.first.event_source, refusal.first.event_name, refusal.first.request)
    if refusal.iam_action not in (own, "iam:PassRole"):
        return  # refused for something that comes after the roles were looked at
    session = context.session(refusal.first)
    hints = hints_of(context.scope.execution, session.calls if session else ())
    for passing in passed_next(refusal, context.facts.registrations, hints, context.names):
        verdict = identity_verdict(passing.refusal, context.evidence.policies)
        if verdict is Verdict.ALLOWED or context.successes.ever(passing.refusal) is not None:
            continue
        sure = passing.template is None and verdict is Verdict.IMPLICITLY_DENIED
        seen = passing.template or refusal.first
        where = "its own parameters" if passing.template is None else f"an earlier {seen.event_name} of the same family ({seen.event_id})"
        because = f"{refusal.first.event_name} passes this role to {passing.refusal.passed_to or 'the service'}, as {where} show"
        yield _next_finding(Pending(refusal=passing.refusal, because=because), context, Basis.INFERRED if sure else Basis.PREDICTED, seen)


def _needed(refusal: Refusal, context: AnalysisContext) -> Iterator[Finding]:
    session = context.session(refusal.first)
    policies, execution = context.evidence.policies, context.scope.execution
    pending = [need for need in needed_by_content(refusal, every=True) if _is_lacked(need.refusal, policies) or lacks_all(need.refusal.request, policies)]
    pending += [need for need in _of_same_step(refusal, context) if _is_lacked(need.refusal, policies)]
    if execution is not None and same_role(refusal.principal, execution.action_role):
        coming = needed_by_action(refusal, execution, session.calls if session else ())
        pending += [need for need in coming if _is_lacked(need.refusal, policies)]
    yield from (_next_finding(need, context, Basis.INFERRED, None) for need in pending if context.successes.ever(need.refusal) is None)


def _is_lacked(need: Refusal, policies: PolicyEvidence) -> bool:
    return identity_verdict(need, policies) is Verdict.IMPLICITLY_DENIED


def _of_same_step(refusal: Refusal, context: AnalysisContext) -> Iterator[Pending]:
    """What a service needs besides of the role as which it was denied something, for the call that handed the role over and reports the denial."""
    for record in refusal.records:
        if record.denial is not None and record.denial.by_passed_role:
            steps = demanded(replace(refusal, records=(record,), denial=record.denial), context)
            yield from (Pending(refusal=step, because=step.denial.demand) for step in steps if step.principal == refusal.principal)


def lacked_by_action(context: AnalysisContext) -> list[Finding]:
    """What a failed action that says no more than that its role lacks something lacks by the role's policies, where no call of the role is recorded in
    the action's time: the first in the order of the run made it fail, the others come next."""
    execution, said = context.scope.execution, context.scope.said
    shown, role = (execution.shown, execution.action_role) if execution is not None else (None, None)
    if execution is None or shown is None or role is None or said is None or not _blames_the_role(said):
        return []
    if any(same_role(role_of(record), role) and _is_within(record, context.scope) for record in context.evidence.records):
        return []
    who = context.names.full(role)
    account = account_of(who)
    base = Refusal(
        records=(shown,), denial=Denial(pattern_id=NEEDED_NEXT), principal=who, principal_account=account, iam_action=None, resource=None,
        resource_account=None, passed_to=None, request=None,
    )  # fmt: skip
    found: list[Finding] = []
    for need in needed_by_action(base, execution, ()):
        if identity_verdict(need.refusal, context.evidence.policies) in (Verdict.IMPLICITLY_DENIED, Verdict.EXPLICITLY_DENIED):
            lacking = _next_finding(need, context, Basis.PREDICTED, None)
            text = f"{short(who)} is denied {lacking.iam_action} on {lacking.resource} by its policies: {need.because}. No record shows the call."
            found.append(lacking if found else replace(lacking, standing=Standing.CAUSE, explanation=text))
    return found


def _is_within(record: Record, scope: Scope) -> bool:
    return (scope.since is None or record.event_time >= scope.since) and (scope.until is None or record.event_time <= scope.until)


def _blames_the_role(said: ErrorText) -> bool:
    """CodePipeline's own text, of permissions, that names no call."""
    names_call = said.denial is not None and said.denial.iam_action is not None
    return said.opaque is not None and said.opaque.permission and said.opaque.service == CODEPIPELINE and not names_call


def _keys(refusal: Refusal, context: AnalysisContext) -> Iterator[Finding]:
    for need in denied_next(refusal, context.facts, context.evidence.policies):
        yield from key_findings(need, Standing.ALSO_NEEDED, context)


def _next_finding(need: Pending, context: AnalysisContext, basis: Basis, shown: Record | None) -> Finding:
    claims, _ = weigh(need.refusal, context.evidence.policies)
    claim = next((c for c in claims if PolicyType.IDENTITY in c.layers), claims[0])
    finding = make_finding(need.refusal, replace(claim, layers=claim.layers or (PolicyType.IDENTITY,)), Standing.ALSO_NEEDED, basis)
    word = "would be denied next" if basis is Basis.INFERRED else "would probably be denied next"
    text = f"{short(need.refusal.principal)} {word} {need.refusal.iam_action} on {need.refusal.resource}: {need.because}."
    evidence = (cite(shown),) if shown is not None else ()
    return replace(finding, explanation=text, count=0, evidence=evidence, first_seen=None, last_seen=None)
