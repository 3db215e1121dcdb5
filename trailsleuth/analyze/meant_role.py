"""Which role a call meant that shows none: the only one that the policies leave.

Sees:  a denied AssumeRole of any kind without its request, or a service that could not take the role it was given, and the roles of a snapshot.
Why:   most denied calls have no request parameters; the role's own trust policy is what was asked.
       Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html (requestParameters)
Sure:  one role alone whose trust is about this caller and does not let it in; of several the one whose conditions are written for the very token.
"""

from __future__ import annotations

from msgspec.structs import replace

from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.requests import access_request, federated_claims
from trailsleuth.iam.applies import policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.iam.trust_texts import is_about, is_written_for
from trailsleuth.model import Evidence, PolicyType, Verdict, account_of


def with_meant_role(refusal: Refusal, evidence: Evidence) -> Refusal:
    """The denial with the role that was to be assumed, where the record names none and the policies leave one alone."""
    if not refusal.is_assume or refusal.resource is not None:
        return refusal
    role = _meant(refusal, evidence)
    if role is None:
        return refusal
    denial = replace(refusal.denial, resource=role, known_from={**refusal.denial.known_from, "resource": "policies"})
    clear = replace(refusal, denial=denial, resource=role, resource_account=account_of(role))
    return replace(clear, request=access_request(clear))


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
    request = access_request(replace(refusal, resource=role, resource_account=account_of(role)))
    if request is None:
        return False
    found = decide(request, policies_for(request, evidence.policies)).layer(PolicyType.TRUST)
    return found is not None and found.verdict is Verdict.ALLOWED
