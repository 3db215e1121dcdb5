"""Policies as AWS evaluated them for one denied call: saved answers of GetRequestAuthorizationPolicy, put to the details that list them.

The answer holds the document alone. Where the URI was not saved with it, the document is known by the Sids that AWS says matched, or by being the only one left
that fits. Documents may lack the actions of other services, so they hold for their own call and nothing else.
Source: https://docs.aws.amazon.com/iam-toolbox/latest/APIReference/API_GetRequestAuthorizationPolicy.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.iam.document import parse_policy
from trailsleuth.ingest.fields import map_of, text_of
from trailsleuth.ingest.record import canonical
from trailsleuth.model import (
    DecodedAuthorization,
    EvaluatedPolicy,
    IamPrincipal,
    OrgPolicy,
    Policy,
    PolicyEvidence,
    PolicyType,
    ResourcePolicy,
    account_of,
    role_of_session,
)
from trailsleuth.model.evaluated import policy_name

MEMBERS = frozenset({"policyDocument", "policyUri", "uri", "authorizationId", "ResponseMetadata"})
_NAMING = (PolicyType.RESOURCE, PolicyType.VPC_ENDPOINT, PolicyType.RCP)  # types whose statements name principals
_ORGANIZATION = (PolicyType.SCP, PolicyType.RCP)
_TRUST = "sts:assumerole"


class SavedPolicy(Struct, frozen=True, kw_only=True):
    """One document as evaluated, with what was saved of the question beside it."""

    document: Mapping[str, Any]
    uri: str | None
    authorization_id: str | None
    source: str

    @property
    def sids(self) -> frozenset[str]:
        """The Sids of its statements; "" for one without."""
        return frozenset(str(statement.get("Sid") or "") for statement in self._statements())

    @property
    def names_principals(self) -> bool:
        """Its statements say for whom they hold."""
        return any("Principal" in statement or "NotPrincipal" in statement for statement in self._statements())

    def _statements(self) -> list[Mapping[str, Any]]:
        held = self.document.get("Statement")
        return [map_of(one) for one in (held if isinstance(held, list) else [held])]


def parse_saved(answer: Mapping[str, Any], source: str) -> SavedPolicy | str:
    """The document of an answer, or why it is none."""
    document = map_of(answer.get("policyDocument"))
    if "Statement" not in document:
        return "a policy as it was evaluated, whose document cannot be read"
    return SavedPolicy(
        document=document,
        uri=text_of(answer.get("policyUri")) or text_of(answer.get("uri")),
        authorization_id=text_of(answer.get("authorizationId")),
        source=source,
    )


def join_saved(
    answers: Iterable[DecodedAuthorization], saved: Iterable[SavedPolicy]
) -> tuple[tuple[DecodedAuthorization, ...], tuple[tuple[str, PolicyEvidence], ...], tuple[SavedPolicy, ...]]:
    """The answers with the documents that belong to them, the policies of each call by its key, and the documents that no answer lists."""
    told, held = list(answers), sorted(saved, key=lambda one: (canonical(one.document), one.source))
    groups: dict[str, list[DecodedAuthorization]] = {}
    for answer in told:
        groups.setdefault(answer.authorization_id or canonical(answer.raw), []).append(answer)
    used: set[int] = set()
    joined: list[DecodedAuthorization] = []
    evaluated: list[tuple[str, PolicyEvidence]] = []
    for name, group in sorted(groups.items()):
        found = _paired(group, held, alone=sum(bool(one[0].policies) for one in groups.values()) == 1)
        used |= {id(one) for one in found.values()}
        key = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16] if found else ""
        whole = [replace(answer, key=key, policies=tuple(_with_document(policy, found) for policy in answer.policies)) for answer in group]
        joined += whole
        evaluated += [(key, _evidence(whole))] if found else []
    return tuple(joined), tuple(evaluated), tuple(one for one in held if id(one) not in used)


def _paired(group: list[DecodedAuthorization], saved: list[SavedPolicy], *, alone: bool) -> dict[str, SavedPolicy]:
    """The document of each URI. By the URI; then by the Sids that matched; last, where there is one answer alone, by what is left."""
    policies = {policy.uri: policy for answer in group for policy in answer.policies if policy.layer is not PolicyType.OTHER}
    matched: dict[str, set[str]] = {}
    for found in (found for answer in group for check in answer.checks for found in check.matched):
        matched.setdefault(found.uri, set()).add(found.sid)
    name = group[0].authorization_id
    mine = [one for one in saved if None in (one.authorization_id, name) or one.authorization_id == name]
    paired = {one.uri: one for one in mine if one.uri is not None and one.uri in policies}
    loose = [one for one in mine if one.uri is None]

    def by_sid(policy: EvaluatedPolicy, one: SavedPolicy) -> bool:
        return bool(matched.get(policy.uri)) and matched[policy.uri] <= one.sids and _of_kind(policy, one)

    def by_kind(policy: EvaluatedPolicy, one: SavedPolicy) -> bool:
        return _of_kind(policy, one) and ("" in one.sids or matched.get(policy.uri, set()) <= one.sids)

    for fits in (by_sid, by_kind) if alone else (by_sid,):
        _settle(paired, policies, loose, fits)
    return paired


def _settle(
    paired: dict[str, SavedPolicy],
    policies: Mapping[str, EvaluatedPolicy],
    loose: list[SavedPolicy],
    fits: Callable[[EvaluatedPolicy, SavedPolicy], bool],
) -> None:
    """Puts each document to the one policy that it fits and that nothing else fits, until nothing more is settled."""
    while True:
        taken = {id(one) for one in paired.values()}
        free = [one for one in loose if id(one) not in taken]
        ways = {uri: [one for one in free if fits(policy, one)] for uri, policy in policies.items() if uri not in paired}
        sure = {uri: found[0] for uri, found in ways.items() if len(found) == 1 and sum(found[0] in other for other in ways.values()) == 1}
        if not sure:
            return
        paired |= sure


def _of_kind(policy: EvaluatedPolicy, saved: SavedPolicy) -> bool:
    return saved.names_principals is (policy.layer in _NAMING)


def _with_document(policy: EvaluatedPolicy, found: Mapping[str, SavedPolicy]) -> EvaluatedPolicy:
    saved = found.get(policy.uri)
    if saved is None:
        return policy
    arn = policy.uri if policy.uri.startswith("arn:") else None
    return replace(policy, policy=parse_policy(saved.document, name=policy_name(policy.uri), arn=arn))


def _evidence(answers: list[DecodedAuthorization]) -> PolicyEvidence:
    """The policies of one call. A listed guard whose document is not there may deny: it is taken as one that cannot be read."""
    first = answers[0]
    who = role_of_session(first.principal) or first.principal
    owners = {account for answer in answers if (account := account_of(answer.resource) or _told(answer, "aws:resourceaccount"))}
    policies = first.policies
    guards = [(policy, policy.policy or parse_policy(None, name=policy_name(policy.uri), arn=policy.uri)) for policy in policies]
    held = [(policy, policy.policy) for policy in policies if policy.policy is not None]
    resources = [
        ResourcePolicy(resource_arn=arn, policy=replace(document, name="resource policy", arn=arn))
        for policy, document in held
        if policy.layer is PolicyType.RESOURCE
        for arn in (policy.attached_to or ((first.resource,) if first.resource else ()))
    ]
    return PolicyEvidence(
        principals=(*((_principal(who, first, guards),) if who else ()), *_trusting(answers, resources)),
        resources=tuple(resources),
        organization=tuple(
            _guard(policy, document, account_of(who) if policy.layer is PolicyType.SCP else next(iter(owners), None) if len(owners) == 1 else None)
            for policy, document in guards
            if policy.layer in _ORGANIZATION
        ),
        endpoints=tuple(
            ResourcePolicy(resource_arn=arn, policy=document)
            for policy, document in guards
            if policy.layer is PolicyType.VPC_ENDPOINT
            for arn in (policy.attached_to or (_told(first, "aws:sourcevpce") or "",))
        ),
        session=tuple(document for policy, document in guards if policy.layer is PolicyType.SESSION),
        unread=tuple(sorted({policy.layer for policy in policies if policy.policy is None and policy.layer is not None})),
    )


def _principal(who: str, answer: DecodedAuthorization, guards: list[tuple[EvaluatedPolicy, Policy]]) -> IamPrincipal:
    own = [policy for policy, _ in guards if policy.layer is PolicyType.IDENTITY]
    boundary = next(((policy, document) for policy, document in guards if policy.layer is PolicyType.BOUNDARY), None)
    return IamPrincipal(
        arn=who,
        unique_id=(_told(answer, "aws:userid") or "").partition(":")[0],
        kind="role" if ":role/" in who else "user",
        policies=tuple(policy.policy for policy in own if policy.policy is not None),
        unknown_policies=tuple(policy.uri for policy in own if policy.policy is None),
        boundary_arn=boundary[0].uri if boundary else None,
        boundary=boundary[1] if boundary else None,
    )


def _trusting(answers: list[DecodedAuthorization], resources: list[ResourcePolicy]) -> list[IamPrincipal]:
    """The roles to be assumed: their trust policies are listed as policies of a resource."""
    asked = {answer.resource for answer in answers if (answer.action or "").lower().startswith(_TRUST)}
    return [
        IamPrincipal(arn=held.resource_arn, unique_id="", kind="role", trust=replace(held.policy, name="trust policy"))
        for held in resources
        if held.resource_arn in asked
    ]


def _guard(policy: EvaluatedPolicy, document: Policy, account: str | None) -> OrgPolicy:
    kind = PolicyType.SCP if policy.layer is PolicyType.SCP else PolicyType.RCP
    levels = tuple((account, level) for level in policy.attached_to) if account else ()
    return OrgPolicy(policy=document, type=kind, targets=(account,) if account else (), attached=levels)


def _told(answer: DecodedAuthorization, key: str) -> str | None:
    return next((values[0] for name, values in answer.context.items() if name.lower() == key and values), None)
