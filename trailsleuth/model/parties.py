"""Who belongs to the evidence, and who only knocks: a principal that shows in denied calls alone is outside.

An account belongs to it whose trail, snapshot, policies or pipelines are in the evidence, that one of its policies lets in, or that was let in before.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from trailsleuth.model.arn import account_of, parse_arn
from trailsleuth.model.evidence import Evidence
from trailsleuth.model.policy import Policy, PolicyEvidence

WEB_IDENTITY = "AssumeRoleWithWebIdentity"


class Parties(Struct, frozen=True, kw_only=True):
    """The accounts of the evidence, and the identities of providers (provider, subject) that were let in before or that a policy names: whole, or by how they
    begin (`repo:owner/`), whatever operator reads the star."""

    accounts: frozenset[str]
    subjects: frozenset[tuple[str, str]]
    named: frozenset[str]
    begun: tuple[str, ...]

    def outsider(self, principal: str | None) -> str | None:
        """The account of a principal that is nowhere else in the evidence; None for everybody else, services among them."""
        account = account_of(principal)
        return account if account and account.isdigit() and account not in self.accounts else None

    def knows_subject(self, provider: str, subject: str) -> bool:
        """Whether an identity of a provider was let in before, or stands in a policy."""
        return (provider, subject) in self.subjects or subject in self.named or subject.startswith(self.begun)


def parties_of(evidence: Evidence) -> Parties:
    """The parties of all that was read."""
    policies = evidence.policies
    held = set(_accounts_of_policies(policies)) | set(_accounts_of_pipelines(evidence))
    subjects = set()
    for record in evidence.records:
        if record.recipient_account:
            held.add(record.recipient_account)
        if not record.failed and record.identity.account:
            held.add(record.identity.account)
        if record.event_name == WEB_IDENTITY and not record.failed:
            subjects.add((record.identity.identity_provider or "", record.identity.user_name or ""))
    conditions = [c for policy in _all(policies) for s in policy.document.statements if s.effect == "Allow" for c in s.conditions]
    stars = {v.partition("*")[0] for c in conditions if c.key.lower().endswith(":sub") for v in c.values if "*" in v}
    return Parties(
        accounts=frozenset(a for a in held if a),
        subjects=frozenset(subjects),
        named=frozenset(v for c in conditions for v in c.values if "*" not in v),
        begun=tuple(sorted(start for start in stars if _tells_whose(start))),
    )


def _tells_whose(start: str) -> bool:
    """The begin of a subject names an owner to its end: `repo:owner/`, never `repo:` or `repo:own`."""
    return start.endswith((":", "/")) and len(start.replace("/", ":").split(":")) > 2


def _all(policies: PolicyEvidence) -> Iterator[Policy]:
    for principal in policies.principals:
        yield from (*principal.policies, *((principal.trust,) if principal.trust else ()))
    for held in (*policies.resources, *policies.endpoints):
        yield held.policy


def _accounts_of_policies(policies: PolicyEvidence) -> Iterator[str | None]:
    yield from policies.accounts
    yield from (account_of(principal.arn) for principal in policies.principals)
    yield from (account_of(held.resource_arn) for held in policies.resources)
    for organization in policies.organization:
        yield from (target for target in organization.targets if target.isdigit())
    for policy in _all(policies):
        for statement in policy.document.statements:
            entries = statement.principals.entries if statement.principals and statement.effect == "Allow" else ()
            yield from (value if value.isdigit() else account_of(value) for kind, value in entries if kind == "AWS")


def _accounts_of_pipelines(evidence: Evidence) -> Iterator[str | None]:
    for pipeline in evidence.pipelines:
        yield from (account_of(pipeline.arn), account_of(pipeline.service_role))
        yield from (account_of(action.role_arn) for action in pipeline.actions)
    yield from (account_of(run.role_arn) for run in evidence.actions)


def is_root(principal: str) -> bool:
    """An account as a whole: its number or its root ARN."""
    arn = parse_arn(principal)
    return (principal.isdigit() and len(principal) == 12) or (arn is not None and arn.service == "iam" and arn.resource == "root")
