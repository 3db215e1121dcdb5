"""What IAM was asked: the request behind a refusal, with the condition keys that the record and the call tell."""

from __future__ import annotations

import re

from trailsleuth.analyze.refusal import Refusal
from trailsleuth.catalog.actions import resource_types
from trailsleuth.catalog.arns import Place
from trailsleuth.catalog.operations import plain_event_name, primary_action, resource_of
from trailsleuth.catalog.paths import plain_name
from trailsleuth.catalog.things import before_id, made_noun
from trailsleuth.iam.context import context_of_other, request_context
from trailsleuth.model import AccessRequest, PolicyType, Record, parse_arn, role_of_session, same_role
from trailsleuth.model.names import role_of

TEMPORARY_FEDERATED = ("WebIdentityUser", "SAMLUser")
CREATE_LINKED = "iam:CreateServiceLinkedRole"
POOLS = "cognito-identity.amazonaws.com"
TAGGING = ("TagResource", "CreateTags", "AddTags")


def access_request(refusal: Refusal, *, judged: bool = True) -> AccessRequest | None:
    """What IAM was asked, with the condition keys that the record tells; `judged` false: no policy is going to look at them, so without."""
    record, action = refusal.first, refusal.iam_action
    if action is None:
        return None
    other = refusal.principal if _is_by_another(refusal, record) else None
    told = context_of_other(other, record, iam_action=action) if other else request_context(record, iam_action=action)
    known, absent = told if judged else ({}, frozenset())
    if refusal.passed_to:
        known = {**known, "iam:PassedToService": (refusal.passed_to,)}
    if action == CREATE_LINKED and "/aws-service-role/" in (refusal.resource or ""):
        known = {**known, "iam:AWSServiceName": ((refusal.resource or "").split("/aws-service-role/")[1].partition("/")[0],)}
    provider, claims = federated_claims(record) if other is None else (None, {})
    known = {**claims, **known, **_source_of(refusal, record), **_create_action(action, record)}
    session = record.identity.arn if role_of_session(record.identity.arn) and _is_caller(refusal, record) else None
    return AccessRequest(
        principal=session or refusal.principal or provider or record.identity.principal_id or "",
        action=action,
        resource=refusal.resource or _unmade(action, record, refusal.principal) or "*",
        resource_account=refusal.resource_account,
        context=known,
        absent=absent | _untagged(action, record, refusal.resource) if judged else absent,
        principal_id=record.identity.principal_id if other is None else None,
    )


def _is_by_another(refusal: Refusal, record: Record) -> bool:
    """The denial is of another than the caller of its record: of a role that was handed over, of a service that works by itself."""
    own = role_of(record) or record.identity.invoked_by
    return None not in (own, refusal.principal) and own != refusal.principal and not same_role(own, refusal.principal)


def _source_of(refusal: Refusal, record: Record) -> dict[str, tuple[str, ...]]:
    """What a service that assumes a role sends along: the resource that it acts for, and its account.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    action = primary_action(record.event_source, record.event_name, record.request)
    by_service = not (refusal.principal or "arn:").startswith("arn:")
    if action is None or not by_service or not (refusal.is_assume or refusal.denial.at_target):
        return {}
    caller = parse_arn(role_of(record))
    place: Place = {"partition": caller.partition if caller else "aws", "region": record.region, "account": record.identity.account or ""}
    source = resource_of(record.event_source, record.event_name, action, record.request, **place)
    found = {"aws:SourceArn": source if source and source != "*" else None, "aws:SourceAccount": record.identity.account}
    return {key: (value,) for key, value in found.items() if value}


def _create_action(action: str, record: Record) -> dict[str, tuple[str, ...]]:
    """Tagging at creation sends the call that creates: `ecs:CreateAction`, `ec2:CreateAction` and the like.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
    """
    prefix, _, name = action.partition(":")
    call = plain_event_name(record.event_name)
    return {f"{prefix}:CreateAction": (call,)} if name in TAGGING and call != name else {}


def _untagged(action: str, record: Record, resource: str | None) -> frozenset[str]:
    """What is being made has no tags when IAM is asked: neither for the call that makes it, nor for tagging it on the way, nor for anything else on what AWS
    prints with a star because it has no id yet.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
    """
    prefix, _, name = action.partition(":")
    call, arn = plain_event_name(record.event_name), parse_arn(resource)
    made = made_noun(call)
    kinds = {re.split("[/:]", arn.resource.lstrip("/"))[0]} if arn is not None else {kind.name for kind in resource_types(action)}
    is_its = plain_name(made or "").removesuffix("s") in {plain_name(kind).removesuffix("s") for kind in kinds}
    unmade = name == call or resource is None or resource.endswith("/*")
    if made is None or not (name in TAGGING or (is_its and unmade) or (arn is None and name == call)):
        return frozenset()
    return frozenset({"aws:resourcetag/*", f"{prefix}:resourcetag/*"})


def _unmade(action: str, record: Record, principal: str | None) -> str | None:
    """What a call makes, before AWS gives it its id: any of its type in the place of the call; None where the action works on something else."""
    call, caller = plain_event_name(record.event_name), parse_arn(principal)
    forms = [form for kind, form in before_id(call, action) if plain_name(kind) == plain_name(made_noun(call) or "")]
    if len(forms) != 1 or caller is None or not caller.account:
        return None
    place = {"${Partition}": caller.partition, "${Region}": record.region, "${Account}": caller.account}
    arn = f"{forms[0]}*"
    for name, value in place.items():
        arn = arn.replace(name, value)
    return None if "${" in arn else arn


def _is_caller(refusal: Refusal, record: Record) -> bool:
    arn = parse_arn(refusal.principal)
    return arn is not None and role_of_session(record.identity.arn) == f"arn:{arn.partition}:iam::{arn.account}:role/{arn.name}"


def federated_claims(record: Record) -> tuple[str | None, dict[str, tuple[str, ...]]]:
    """The identity provider and the token's audience and subject, as AssumeRoleWithWebIdentity records them.

    `principalId` is `provider:audience:subject`, `userName` the subject; the keys are `host:aud` and `host:sub`.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    """
    who = record.identity
    if record.event_source == POOLS and record.denial is not None and record.denial.policy_type is PolicyType.TRUST:
        return POOLS, {}  # whoever asks an identity pool for credentials comes with the pool's token
    if who.type == "SAMLUser":
        named = record.request.get("principalArn")
        return (named if isinstance(named, str) and named.startswith("arn:") else who.identity_provider), {}
    if who.type not in TEMPORARY_FEDERATED or not who.identity_provider:
        return None, {}
    host = who.identity_provider.partition(":oidc-provider/")[2] or who.identity_provider
    rest = (who.principal_id or "").removeprefix(who.identity_provider).removeprefix(":")
    audience = rest.removesuffix(f":{who.user_name}") if who.user_name else rest.partition(":")[0]
    found = {f"{host}:sub": who.user_name or rest.partition(":")[2], f"{host}:aud": audience}
    return who.identity_provider, {key: (value,) for key, value in found.items() if value}
