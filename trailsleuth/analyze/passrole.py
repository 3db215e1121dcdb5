"""A role is handed to a service, and the caller may not hand it over.

Sees:  a refused call of an operation that carries role ARNs: its own parameters, else an earlier registration of the same family, and the policies.
Why:   iam:PassRole never has a record of its own; the refusal shows, if at all, in the other call's message, one role at a time.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
Sure:  observed where the message names iam:PassRole; else inferred (own parameters, policies known) or predicted.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.requests import access_request
from trailsleuth.catalog.passed_roles import PassedRole, passed_roles, passing_rows
from trailsleuth.facts.handed import Registrations
from trailsleuth.model import Denial, Execution, Record, account_of
from trailsleuth.model.names import RoleNames
from trailsleuth.model.texts import words_in


class Passing(Struct, frozen=True, kw_only=True):
    """A role that the refused call would hand over next. `template` is the earlier call that shows it, None where the call itself does."""

    refusal: Refusal
    template: Record | None


def passed_next(refusal: Refusal, registrations: Registrations | None, hints: frozenset[str], names: RoleNames) -> tuple[Passing, ...]:
    """The roles that the refused call passes, each as a refusal of iam:PassRole yet to come; () where neither it nor an earlier call shows any."""
    record = refusal.first
    if not passing_rows(record.event_source, record.event_name):
        return ()
    own = _roles(record, record)
    template = _template(refusal, registrations, hints) if registrations is not None and not own else None
    found = own or (_roles(template, template) if template is not None else ())
    passings = []
    for role in found:
        arn = role_arn(role, refusal.principal_account, names, partition=partition_of(refusal))
        if arn is None or arn == refusal.resource:
            continue
        passings.append(Passing(refusal=_next(refusal, arn, role.service), template=template))
    return tuple(passings)


def _template(refusal: Refusal, registrations: Registrations, hints: frozenset[str]) -> Record | None:
    """The earlier call that shows the roles: the one that handed over the denied role, else one of the same operation."""
    denied = refusal.resource if refusal.iam_action == "iam:PassRole" else None
    return (registrations.of_role(refusal.first, denied) if denied else None) or registrations.template(refusal.first, hints)


def _roles(source: Record, call: Record) -> tuple[PassedRole, ...]:
    return passed_roles(call.event_source, call.event_name, source.request)


def role_arn(role: PassedRole, account: str | None, names: RoleNames, *, partition: str) -> str | None:
    """The role that a request hands over, with its path; None for one of another account than the caller's."""
    if role.instance_profile:
        return names.in_profile(role.role, account)
    if role.role.startswith("arn:"):
        return role.role if account is None or account_of(role.role) == account else None
    return names.full(f"arn:{partition}:iam::{account}:role/{role.role.lstrip('/')}") if account else None


def partition_of(refusal: Refusal) -> str:
    """The caller's partition."""
    return (refusal.principal or "arn:aws").split(":")[1] if (refusal.principal or "").startswith("arn:") else "aws"


def _next(refusal: Refusal, role: str, service: str | None) -> Refusal:
    denial = Denial(pattern_id="predicted-pass-role", iam_action="iam:PassRole", resource=role)
    pending = replace(refusal, denial=denial, iam_action="iam:PassRole", resource=role, resource_account=account_of(role), passed_to=service, request=None)
    request = access_request(pending)
    return replace(pending, request=request)


def hints_of(execution: Execution | None, calls: Iterable[Record]) -> frozenset[str]:
    """Names that the execution and its calls mention: the pipeline, its configuration, families, applications, services."""
    found: set[str] = set()
    for call in calls:
        found |= words_in(call.request)
    if execution is not None:
        found |= {execution.pipeline} if execution.pipeline else set()
        found |= words_in(dict(execution.attempt.configuration)) if execution.attempt else set()
    return frozenset(found)
