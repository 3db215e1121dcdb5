"""Which role a call meant that shows none: the only one that the policies leave.

Sees:  a denied AssumeRole of any kind without its request, or a service that could not take the role it was given, and the roles of a snapshot.
Why:   most denied calls have no request parameters; the role's own trust policy is what was asked.
       Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html (requestParameters)
Sure:  one role alone whose trust is about this caller and does not let it in; of several the one whose conditions are written for the very token.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.requests import POOLS, access_request, federated_claims
from trailsleuth.iam.applies import policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.iam.trust_texts import is_about, is_written_for
from trailsleuth.model import Evidence, PolicyType, Verdict, account_of


def with_meant_role(refusal: Refusal, evidence: Evidence) -> Refusal:
    """The denial with the role that was to be assumed, where the record names none and the policies leave one alone."""
    if not refusal.is_assume or refusal.resource is not None:
        return refusal
    role, claims = _of_pool(refusal, evidence) if federated_claims(refusal.first)[0] == POOLS else (_meant(refusal, evidence), {})
    if role is None:
        return refusal
    denial = replace(refusal.denial, resource=role, known_from={**refusal.denial.known_from, "resource": "policies"})
    return _asking_for(replace(refusal, denial=denial), role, claims)


def _asking_for(refusal: Refusal, role: str, claims: Mapping[str, tuple[str, ...]]) -> Refusal:
    """The same denial, of this role, with what the caller's token says of itself."""
    clear = replace(refusal, resource=role, resource_account=account_of(role))
    request = access_request(clear)
    return replace(clear, request=replace(request, context={**request.context, **claims}) if request is not None else None)


def _of_pool(refusal: Refusal, evidence: Evidence) -> tuple[str | None, Mapping[str, tuple[str, ...]]]:
    """The role that an identity pool has for guests, or for those who signed in, of the only pool whose role does not let it in; with what its tokens say.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/role-trust-and-permissions.html
    """
    call = refusal.first
    kind = "authenticated" if call.request.get("logins") else "unauthenticated"
    pools: dict[str, str] = {}
    for record in evidence.records:
        told = (record.event_source, record.region, record.account) == (call.event_source, call.region, call.account) and record.event_time <= call.event_time
        pool, roles = (record.request.get(name) for name in ("identityPoolId", "roles")) if told and not record.failed else (None, None)
        if isinstance(pool, str) and isinstance(roles, Mapping) and isinstance(role := roles.get(kind), str):
            pools[pool] = role
    asked = [(role, {f"{POOLS}:aud": (pool,), f"{POOLS}:amr": (kind,)}) for pool, role in pools.items()]
    shut = [(role, claims) for role, claims in asked if not _is_let_in(_asking_for(refusal, role, claims), evidence)]
    return shut[0] if len(shut) == 1 else (None, {})


def _meant(refusal: Refusal, evidence: Evidence) -> str | None:
    provider, claims = federated_claims(refusal.first)
    caller = provider or refusal.principal
    if caller is None or (provider is None and caller.startswith("arn:")):
        return None
    account = refusal.first.identity.account or refusal.first.account
    roles = [p for p in evidence.policies.principals if account_of(p.arn) == account and is_about(p, caller) and not _lets_in(p.arn, refusal, evidence)]
    subjects = [value for key, values in claims.items() if key.endswith(":sub") for value in values]
    written = [p for p in roles if any(is_written_for(p, subject) for subject in subjects)]
    found = written or roles
    return found[0].arn if len(found) == 1 else None


def _lets_in(role: str, refusal: Refusal, evidence: Evidence) -> bool:
    return _is_let_in(_asking_for(refusal, role, {}), evidence)


def _is_let_in(refusal: Refusal, evidence: Evidence) -> bool:
    """The trust policy of the role lets the caller in."""
    if refusal.request is None:
        return False
    found = decide(refusal.request, policies_for(refusal.request, evidence.policies)).layer(PolicyType.TRUST)
    return found is not None and found.verdict is Verdict.ALLOWED
