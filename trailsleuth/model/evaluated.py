"""What AWS says of its own evaluation of one call: each check with its outcome, and the policies that it looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from trailsleuth.model.decision import Verdict
from trailsleuth.model.denial import PolicyType
from trailsleuth.model.policy import Policy


def policy_name(uri: str) -> str:
    """A managed policy's name out of its ARN; of an inline one the opaque identifier."""
    return uri.rpartition("/")[2] if uri.startswith("arn:") else uri


class MatchedStatement(Struct, frozen=True, kw_only=True):
    """A statement that matched, by the URI of its policy (a managed one's ARN) and its Sid, which AWS makes up where there is none."""

    uri: str
    sid: str
    denies: bool


class AuthorizationCheck(Struct, frozen=True, kw_only=True):
    """One requirement: its layer (None: one that is not known), AWS's word on it, the place in the organization (root, unit, account) and what matched."""

    layer: PolicyType | None
    effect: str
    target: str | None = None
    matched: tuple[MatchedStatement, ...] = ()


class Calibrated(Struct, frozen=True, kw_only=True):
    """AWS's word on one layer of a denied call beside ours. `ours` None: the evidence holds nothing of it; `agrees` None: ours is open."""

    layer: PolicyType
    aws: str
    ours: Verdict | None
    agrees: bool | None
    reason: str = ""


class EvaluatedPolicy(Struct, frozen=True, kw_only=True):
    """A policy that was evaluated, and what it hangs on. `policy` is its document as it was then; None: the evidence does not hold it."""

    layer: PolicyType | None
    uri: str
    attached_to: tuple[str, ...] = ()
    policy: Policy | None = None


class DecodedAuthorization(Struct, frozen=True, kw_only=True):
    """A saved answer of `sts decode-authorization-message` or `GetRequestAuthorizationDetails`: the strongest evidence of a refusal.

    `context` maps condition key to values. `explicit` None: the answer does not say. `key` names the answer whose policies as evaluated are in the evidence.
    """

    principal: str | None
    action: str | None
    resource: str | None
    allowed: bool | None
    explicit: bool | None
    authorization_id: str | None = None
    checks: tuple[AuthorizationCheck, ...] = ()
    policies: tuple[EvaluatedPolicy, ...] = ()
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    key: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def deciding(self) -> tuple[AuthorizationCheck, ...]:
        """The checks that denied: those with a Deny where there is one, else those that nothing allowed."""
        denied = tuple(check for check in self.checks if check.effect == "EXPLICIT_DENY")
        return denied or tuple(check for check in self.checks if check.effect == "IMPLICIT_DENY")

    @property
    def denying(self) -> tuple[tuple[AuthorizationCheck, MatchedStatement], ...]:
        """The Deny statements that decided, each with its check."""
        return tuple((check, found) for check in self.deciding if check.effect == "EXPLICIT_DENY" for found in check.matched if found.denies)
