"""Who asks, and whether a policy's `Principal` means them.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
         https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

from msgspec import Struct

from trailsleuth.model import Principals, parse_arn

IAM_KINDS = frozenset({"role", "session", "user", "federated_user", "root"})


class Grant(IntEnum):
    """How a `Principal` names the caller, weakest first: not, by its account, by its role, or the very caller (or everybody)."""

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECT = 3


class Caller(Struct, frozen=True, kw_only=True):
    """The principal of a request. `kind`: role, session, user, federated_user, root, service, federated, anonymous or other.

    `name` is the role's or user's name; `principal_arn` is `aws:PrincipalArn`: the role's ARN for a session. `region`: where a service calls from.
    """

    kind: str
    text: str
    account: str | None = None
    name: str | None = None
    session: str | None = None
    principal_arn: str | None = None
    service_linked: bool = False
    path_known: bool = False
    region: str | None = None


@lru_cache(maxsize=4096)
def read_caller(principal: str, role_arn: str | None = None) -> Caller:
    """The caller that a principal's text means; `role_arn` tells the path of a session's role where it is known."""
    if principal in ("", "*", "anonymous"):
        return Caller(kind="anonymous", text="*")
    arn = parse_arn(principal)
    if arn is None:
        if principal.isdigit() and len(principal) == 12:
            return read_caller(f"arn:aws:iam::{principal}:root")
        if ".amazonaws.com" in principal and principal != "cognito-identity.amazonaws.com":
            return Caller(kind="service", text=principal)
        return Caller(kind="federated" if "." in principal else "other", text=principal)
    kind, _, rest = arn.resource.partition("/")
    name = rest.rpartition("/")[2]
    if arn.service == "sts" and kind == "assumed-role":
        role, _, session = rest.partition("/")
        issuer = role_arn if role_arn and role_arn.rpartition("/")[2] == role else f"arn:{arn.partition}:iam::{arn.account}:role/{role}"
        linked = "/aws-service-role/" in issuer or role.startswith("AWSServiceRoleFor")
        return Caller(
            kind="session",
            text=principal,
            account=arn.account,
            name=role,
            session=session or None,
            principal_arn=issuer,
            service_linked=linked,
            path_known=issuer == role_arn,
        )
    if arn.service == "iam" and kind == "role":
        linked = rest.startswith("aws-service-role/")
        return Caller(kind="role", text=principal, account=arn.account, name=name, principal_arn=principal, service_linked=linked)
    kinds = {("iam", "user"): "user", ("iam", "root"): "root", ("sts", "federated-user"): "federated_user"}
    found = kinds.get((arn.service, kind))
    if found is None:
        federated = arn.service == "iam" and kind in ("saml-provider", "oidc-provider")
        return Caller(kind="federated" if federated else "other", text=principal, account=arn.account or None)
    return Caller(kind=found, text=principal, account=arn.account, name=name or None, principal_arn=principal)


def named_by(principals: Principals, caller: Caller) -> Grant:
    """How strongly a `Principal` (not negated) names the caller."""
    return max((_one(kind, value, caller) for kind, value in principals.entries), default=Grant.NONE)


def _one(kind: str, value: str, caller: Caller) -> Grant:
    if kind == "AWS":
        return _aws(value, caller)
    if kind == "Service":
        hit = caller.kind == "service" and (value in ("*", caller.text) or _regional(value, caller))
    else:
        hit = kind == "Federated" and caller.kind == "federated" and (value in ("*", caller.text) or value.endswith(f":oidc-provider/{caller.text}"))
    return Grant.DIRECT if hit else Grant.NONE


def _regional(value: str, caller: Caller) -> bool:
    """`states.eu-west-1.amazonaws.com` is the service as it calls from that Region, and from no other.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
    """
    service, _, rest = value.partition(".")
    region, _, suffix = rest.partition(".")
    return bool(region) and region == caller.region and caller.text == f"{service}.{suffix}"


def _aws(value: str, caller: Caller) -> Grant:
    if value == "*":
        return Grant.DIRECT
    if caller.kind not in IAM_KINDS:
        return Grant.NONE
    if value == caller.text:
        return {"role": Grant.ROLE, "root": Grant.ACCOUNT}.get(caller.kind, Grant.DIRECT)
    if caller.kind == "session" and _is_role_of(value, caller):
        return Grant.ROLE
    return Grant.ACCOUNT if is_account(value, caller.account) else Grant.NONE


def _is_role_of(value: str, caller: Caller) -> bool:
    """A session's ARN lacks the role's path, and role names are unique in an account: by name, unless the path is known. A policy must have it right."""
    if caller.path_known:
        return value == caller.principal_arn
    arn = parse_arn(value)
    return arn is not None and arn.is_role and arn.account == caller.account and arn.name == caller.name


def is_account(value: str, account: str | None) -> bool:
    """The value is the account as a principal: its number or its root ARN."""
    if account is None:
        return False
    return value == account or (value.startswith("arn:") and value.endswith(f":iam::{account}:root"))


def excepted(principals: Principals, caller: Caller) -> bool:
    """A `NotPrincipal` leaves the caller out: it must list every name that AWS checks (account, role, session; or account, user).

    "AWS might validate the account first, then the role, and then the assumed-role user": a name left out is denied.
    """
    named = {value for kind, value in principals.entries if kind in ("AWS", "Service", "Federated")}
    if "*" in named:
        return True
    if caller.kind not in IAM_KINDS:
        return caller.text in named
    account = any(is_account(value, caller.account) for value in named)
    if caller.kind == "session":
        return account and caller.text in named and any(_is_role_of(value, caller) for value in named)
    return account and (caller.kind == "root" or caller.text in named)


def unreadable_kinds(principals: Principals) -> bool:
    """A canonical user id stands for an account that only S3 can tell."""
    return any(kind == "CanonicalUser" for kind, _ in principals.entries)
