"""A resource's policy that allows what a principal's former self asked for: it names the id that the principal had before it was made anew.

Sees:  a denied call that no policy allows, a statement of the resource's policy that covers it and names a unique id, and the record in which this very
       principal still had that id.
Why:   a policy is bound to the principal, not to its name; IAM shows the id where the principal was deleted.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
Sure:  observed: the record shows whose id it was.
"""

from __future__ import annotations

from msgspec.structs import replace

from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.facts import Fact, Facts
from trailsleuth.iam.applies import find_resource_policy
from trailsleuth.iam.match import action_matches, resource_matches
from trailsleuth.model import Cause, Effect, Policy, PolicyType, Statement, StatementRef


def for_former_self(claim: Claim, refusal: Refusal, facts: Facts) -> Claim:
    """The claim that the resource's policy names the principal's former id, where it would allow the call but for that."""
    held = find_resource_policy(refusal.resource, facts.evidence.policies)
    if held is None or claim.cause is not Cause.MISSING_ALLOW or refusal.is_assume or refusal.denial.effect is Effect.EXPLICIT or refusal.cross_account:
        return claim
    stale = [statement for statement in held.document.statements if _covers(statement, refusal) and _former(statement, refusal, facts) is not None]
    if not stale:
        return claim
    blocking = tuple(_ref(held, statement) for statement in stale)
    return replace(claim, layers=(PolicyType.RESOURCE,), cause=Cause.STALE_PRINCIPAL, blocking=blocking, statements=tuple(stale), mismatch=None, sure=True)


def _covers(statement: Statement, refusal: Refusal) -> bool:
    action, resource = refusal.iam_action or "", refusal.resource or ""
    named = statement.effect == "Allow" and any(action_matches(pattern, action) for pattern in statement.actions)
    return named and any(resource_matches(pattern, resource) for pattern in statement.resources)


def _former(statement: Statement, refusal: Refusal, facts: Facts) -> Fact | None:
    current = (refusal.first.identity.principal_id or "").partition(":")[0]
    entries = statement.principals.entries if statement.principals is not None and not statement.principals.negated else ()
    found = (facts.ids.former(value, refusal.principal, current) for kind, value in entries if kind == "AWS")
    return next((fact for fact in found if fact is not None), None)


def _ref(held: Policy, statement: Statement) -> StatementRef:
    return StatementRef(layer=PolicyType.RESOURCE, policy=held.name, statement=statement.label, policy_arn=held.arn, index=statement.index)
