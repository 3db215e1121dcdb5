"""The condition keys of one request: what is given, what follows from the request itself, what is absent and what is unknown.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Set

from trailsleuth.iam.principals import Caller
from trailsleuth.model import AccessRequest


class RequestKeys:
    """Values by key in any case. `()`: the key was absent; None: nobody knows. An absent `aws:RequestTag/*` stands for all that are not given."""

    __slots__ = ("_absent", "_complete", "_issuer", "_values")

    def __init__(self, request: AccessRequest, caller: Caller, resource_account: str | None) -> None:
        given = {key.lower(): values for key, values in request.context.items()}
        absent = frozenset(key.lower() for key in request.absent)
        derived = derived_keys(request, caller, resource_account)
        self._values = {**{k: v for k, v in derived.items() if k not in absent}, **given}
        self._absent = absent
        self._complete = request.complete
        self._issuer = issuer_of(caller.text).lower() if caller.kind == "federated" else None

    def get(self, key: str) -> tuple[str, ...] | None:
        lower = key.lower()
        values = self._values.get(lower)
        if values is not None:
            return values
        return () if self._complete or self._is_of_nobody(lower) or is_absent(lower, self._absent) else None

    def _is_of_nobody(self, key: str) -> bool:
        """A key that no request has: one that begins with an ARN, or a token's claim under another issuer than the token's own.

        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
        """
        issuer = key.rpartition(":")[0]
        return key.startswith("arn:") or (self._issuer is not None and "." in issuer and issuer != self._issuer)


def is_absent(key: str, absent: Set[str]) -> bool:
    """The key itself is told to have been absent, or all of its kind (`aws:requesttag/*`); both in lower case."""
    return key in absent or key.partition("/")[0] + "/*" in absent


def issuer_of(provider: str) -> str:
    """The host and path that the condition keys of a token begin with: those of the provider, without the ARN before them."""
    return provider.partition(":oidc-provider/")[2] or provider


def derived_keys(request: AccessRequest, caller: Caller, resource_account: str | None) -> dict[str, tuple[str, ...]]:
    """The keys that AWS always puts in and that the request itself tells; an empty value says that this kind of caller never has the key."""
    known: dict[str, str | None] = {"aws:resourceaccount": resource_account}
    prefix = request.action.partition(":")[0].lower()
    if prefix == "kms":
        known["kms:calleraccount"] = caller.account
    elif prefix == "s3":
        known["s3:resourceaccount"] = resource_account
    if caller.kind == "anonymous":
        known |= {"aws:principaltype": "Anonymous", "aws:userid": "anonymous", "aws:principalaccount": "anonymous"}
    else:
        known |= _of_caller(caller, request.principal_id)
        if caller.kind == "session" and not request.complete:
            known["aws:principalarn"] = None  # a session's ARN lacks the path of its role
    if request.complete and "aws:calledvia" not in {key.lower() for key in request.context}:
        known["aws:viaawsservice"] = "false"
    found = {key: (value,) for key, value in known.items() if value is not None}
    return {**found, **dict.fromkeys(_never_of(caller), ())}


def _of_caller(caller: Caller, principal_id: str | None) -> dict[str, str | None]:
    named = {"root": caller.account, "federated_user": f"{caller.account}:{caller.name}"}
    user_id = principal_id or named.get(caller.kind)
    if user_id and caller.kind == "session" and ":" not in user_id and caller.session:
        user_id = f"{user_id}:{caller.session}"
    service = caller.kind == "service"
    return {
        "aws:principalarn": caller.principal_arn,
        "aws:principalaccount": caller.account,
        "aws:principaltype": _TYPES.get(caller.kind),
        "aws:userid": user_id,
        "aws:username": caller.name if caller.kind == "user" else None,
        "aws:principalisawsservice": "true" if service else "false",
        "aws:principalservicename": caller.text if service else None,
    }


def _never_of(caller: Caller) -> tuple[str, ...]:
    """`aws:username` is only there for users; the principal's own keys never for a service or nobody."""
    if caller.kind in ("role", "session", "root", "federated", "federated_user"):
        outside = ("aws:principalorgid", "aws:principalorgpaths") if caller.kind == "federated" else ()  # a token is no principal of any organization
        return ("aws:username", "aws:principalservicename", "aws:principalservicenameslist", *outside)
    if caller.kind in ("service", "anonymous"):
        account = () if caller.kind == "anonymous" else ("aws:principalaccount",)
        return ("aws:username", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", *account)
    return ()


_TYPES = {"user": "User", "role": "AssumedRole", "session": "AssumedRole", "root": "Account", "federated_user": "FederatedUser"}
