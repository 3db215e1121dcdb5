"""What IAM would say to one request, and why."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from trailsleuth.model.denial import PolicyType
from trailsleuth.model.policy import Policy


class Verdict(StrEnum):
    """AWS's own words, and `undecided` where a condition key or a policy document is not in the evidence."""

    ALLOWED = "allowed"
    EXPLICITLY_DENIED = "explicitly_denied"
    IMPLICITLY_DENIED = "implicitly_denied"
    UNDECIDED = "undecided"


class AccessRequest(Struct, frozen=True, kw_only=True):
    """One request to be decided.

    `principal` is a role, user, assumed-role session, federated-user, root ARN or a service principal (`x.amazonaws.com`).
    `context` maps condition key (any case) to its values. `complete` says that a key not in `context` was absent from the request;
    where false, keys in neither `context` nor `absent` are unknown, and a decision that hangs on one is undecided. `evaluated` is the key of the policies as
    AWS evaluated them for it.
    """

    principal: str
    action: str
    resource: str
    resource_account: str | None = None
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    complete: bool = False
    principal_id: str | None = None
    evaluated: str = ""


class PolicyLevel(Struct, frozen=True, kw_only=True):
    """The SCPs or RCPs of one level (root, OU, account): every level must allow."""

    name: str
    policies: tuple[Policy, ...]


class PolicySet(Struct, frozen=True, kw_only=True):
    """The policies that apply to one request. None: there is none of that kind; (): there is one set and it is empty.

    `scoped` are the scope-down policies that a session was narrowed by afterwards: each of them must allow, too.
    `identity_incomplete` / `boundary_incomplete` / `resource_unknown`: documents of that side are attached but not in the evidence, so "no Allow found" there
    is undecided. `identity_newest` and `boundary_newest` are what AWS's own policies among them said on a day that is known: an Allow of theirs counts,
    that there is none does not, and a Deny is a doubt.
    """

    identity: tuple[Policy, ...] = ()
    boundaries: tuple[Policy, ...] | None = None
    session: tuple[Policy, ...] | None = None
    scoped: tuple[Policy, ...] = ()
    scps: tuple[PolicyLevel, ...] | None = None
    rcps: tuple[PolicyLevel, ...] | None = None
    resource: Policy | None = None
    endpoint: tuple[Policy, ...] | None = None
    identity_incomplete: tuple[str, ...] = ()
    identity_newest: tuple[Policy, ...] = ()
    boundary_incomplete: tuple[str, ...] = ()
    boundary_newest: tuple[Policy, ...] = ()
    resource_unknown: bool = False


class StatementRef(Struct, frozen=True, kw_only=True):
    """A statement by its policy's name and its Sid or index; `layer` is where the policy stands."""

    layer: PolicyType
    policy: str
    statement: str
    policy_arn: str | None = None
    index: int = 0


class Mismatch(Struct, frozen=True, kw_only=True):
    """Why a statement did not apply: `part` is action, resource, principal or condition; for a condition its operator, key, wanted and given values."""

    part: str
    operator: str = ""
    key: str = ""
    wanted: tuple[str, ...] = ()
    given: tuple[str, ...] | None = None


class NearMiss(Struct, frozen=True, kw_only=True):
    """A statement that nearly applied: its action matched (or all but one part did), and the parts on which it failed."""

    statement: StatementRef
    effect: str
    mismatches: tuple[Mismatch, ...]


class LayerDecision(Struct, frozen=True, kw_only=True):
    """The outcome of one layer by itself. `doubted`: Deny statements that hang on keys that the request does not tell; `hangs_on`: such keys of Allows."""

    layer: PolicyType
    verdict: Verdict
    matched: tuple[StatementRef, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    missing_context: tuple[str, ...] = ()
    doubted: tuple[StatementRef, ...] = ()
    hangs_on: tuple[str, ...] = ()


class Decision(Struct, frozen=True, kw_only=True):
    """The whole answer: `blocked_by` names the layers that keep the request from being allowed."""

    verdict: Verdict
    blocked_by: tuple[PolicyType, ...] = ()
    layers: tuple[LayerDecision, ...] = ()
    matched: tuple[StatementRef, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    missing_context: tuple[str, ...] = ()

    def layer(self, kind: PolicyType) -> LayerDecision | None:
        """The outcome of one layer, None where it took no part."""
        return next((d for d in self.layers if d.layer is kind), None)
