"""Services by their names: in the trail, in policies, as a principal."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from trailsleuth.catalog.actions import prefixes
from trailsleuth.catalog.load import Row, rows_of
from trailsleuth.patterns import late

_SUFFIX = ".amazonaws.com"
_SERVICE_NAME = late(r"[a-z0-9-]+(\.[a-z0-9-]+){0,4}\.amazonaws\.com(\.cn)?")


@cache
def _by_source() -> Mapping[str, str]:
    return {str(name): str(row["prefix"]) for row in rows_of("services", "service") for name in row["sources"]}


@cache
def prefix_of(event_source: str) -> str:
    """The IAM prefix of an event source: `monitoring.amazonaws.com` gives `cloudwatch`.

    Most sources are the prefix and the domain; the table has the others. Where neither fits, the part before the first dot.
    """
    source = event_source.strip().lower()
    name = source.removesuffix(".cn").removesuffix(_SUFFIX)
    if name in prefixes():
        return name
    return _by_source().get(name) or name.partition(".")[0]


@cache
def _principals() -> Mapping[str, str]:
    return {str(row["prefix"]): str(row["principal"]) for row in rows_of("services", "principal")}


def service_principal(prefix: str) -> str | None:
    """The name by which the service assumes roles: `lambda` gives `lambda.amazonaws.com`. None: no such prefix, or it assumes none."""
    key = prefix.lower()
    named = _principals().get(key)
    if named is not None:
        return named or None
    return key + _SUFFIX if key in prefixes() else None


@cache
def sends_source_account(principal: str) -> bool:
    """Whether the service sends `aws:SourceAccount` when it assumes a role."""
    return any(principal in row["principals"] for row in rows_of("services", "source_account"))


@cache
def is_global(event_source: str) -> bool:
    """Whether the service has no Regions: its events are recorded in one Region of the partition. STS answers there, too, to whoever asks no Region of it."""
    return any(prefix_of(event_source) in row["services"] for row in rows_of("services", "global"))


def is_service_name(name: str) -> bool:
    """Whether a text has the form of a service principal: `sns.amazonaws.com`, `delivery.logs.amazonaws.com`; nothing with a star in it."""
    return _SERVICE_NAME.fullmatch(name) is not None


@cache
def _service_linked() -> Mapping[str, Row]:
    return {str(row["principal"]): row for row in rows_of("service_linked_roles", "role")}


def service_linked_role(principal: str) -> str | None:
    """The name of the role that is linked to a service: `rds.amazonaws.com` gives `AWSServiceRoleForRDS`."""
    row = _service_linked().get(principal.lower())
    return str(row["name"]) if row else None


def linked_service(role: str) -> str | None:
    """The service that a role is linked to: `AWSServiceRoleForRDS` gives `rds.amazonaws.com`."""
    return next((principal for principal, row in _service_linked().items() if row["name"] == role), None)


def service_linked_role_arn(principal: str, *, partition: str, account: str) -> str | None:
    """The ARN of a service's linked role in an account; None where the table does not know its name."""
    name = service_linked_role(principal)
    return f"arn:{partition}:iam::{account}:role/aws-service-role/{principal.lower()}/{name}" if name else None
