"""Policies and who holds them, as the evidence shows them.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from trailsleuth.model.denial import PolicyType


class Condition(Struct, frozen=True, kw_only=True):
    """One operator over one key: `{"StringEquals": {"aws:SourceArn": ["…"]}}`. Key as written; values always a tuple of text."""

    operator: str
    key: str
    values: tuple[str, ...]


class Principals(Struct, frozen=True, kw_only=True):
    """`Principal` or `NotPrincipal`, by kind (`AWS`, `Service`, `Federated`, `CanonicalUser`); `"*"` is kept as kind `AWS` with value `*`."""

    entries: tuple[tuple[str, str], ...]
    negated: bool = False


class Statement(Struct, frozen=True, kw_only=True):
    """One policy statement, lists made of single values. `index` counts from 0; `raw` is the statement as written.

    Exactly one of `actions`/`not_actions` holds something in a well-formed statement; likewise resources (both empty in a trust policy).
    `unreadable` names the parts of a Deny (effect, action, resource, principal, condition) that could not be read: whether it applies is then
    unknown as far as it hangs on them. An Allow with such a part is left out of the document.
    """

    index: int
    sid: str | None
    effect: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: Principals | None = None
    conditions: tuple[Condition, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The Sid, else the index as text."""
        return self.sid or str(self.index)


class Malformed(Struct, frozen=True, kw_only=True):
    """What is wrong in a policy document: the place (`Statement[2].Action`) and the reason."""

    path: str
    reason: str


class PolicyDocument(Struct, frozen=True, kw_only=True):
    """A parsed policy: its well-formed statements, and what was wrong with the others."""

    version: str
    statements: tuple[Statement, ...]
    malformed: tuple[Malformed, ...] = ()


class Policy(Struct, frozen=True, kw_only=True):
    """A document with a name, and its ARN where it has one (managed policies, SCPs; for a resource policy the resource's)."""

    name: str
    document: PolicyDocument
    arn: str | None = None


class IamPrincipal(Struct, frozen=True, kw_only=True):
    """A role or user of a snapshot (`get-account-authorization-details`).

    `unknown_policies` are attached policies whose document is not in the evidence (most AWS managed ones): what they allow cannot be told.
    """

    arn: str
    unique_id: str
    kind: str  # "role" | "user"
    policies: tuple[Policy, ...] = ()
    unknown_policies: tuple[str, ...] = ()
    boundary_arn: str | None = None
    boundary: Policy | None = None
    trust: Policy | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    created: datetime | None = None
    instance_profiles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def bounded_by(self) -> tuple[tuple[Policy, ...], tuple[str, ...]]:
        """The permissions boundary: its document, or its ARN where the evidence lacks that."""
        return ((self.boundary,), ()) if self.boundary else ((), (self.boundary_arn,) if self.boundary_arn else ())


class ResourcePolicy(Struct, frozen=True, kw_only=True):
    """A policy attached to a resource: bucket, key, repository, queue, topic, secret, function, …"""

    resource_arn: str
    policy: Policy


class OrgPolicy(Struct, frozen=True, kw_only=True):
    """An SCP or RCP; without targets it holds for every account in the evidence. `attached` are pairs of an account and the level (root, unit, the account
    itself) at which it holds for it, where that is known."""

    policy: Policy
    type: PolicyType  # SCP or RCP
    targets: tuple[str, ...] = ()
    attached: tuple[tuple[str, str], ...] = ()


class PolicyEvidence(Struct, frozen=True, kw_only=True):
    """All policies in the evidence. `accounts` are those with an IAM snapshot, `partial_accounts` those of which it shows only some principals:
    that one is not there tells nothing.

    `evaluated` are the policies of single calls as AWS evaluated them, by the key of the answer that lists them: they hold for those calls alone. There
    `session` are the session policies, and `unread` the layers of which a document is listed and not in the evidence.
    """

    accounts: tuple[str, ...] = ()
    partial_accounts: tuple[str, ...] = ()
    principals: tuple[IamPrincipal, ...] = ()
    managed: tuple[Policy, ...] = ()
    resources: tuple[ResourcePolicy, ...] = ()
    organization: tuple[OrgPolicy, ...] = ()
    endpoints: tuple[ResourcePolicy, ...] = ()
    session: tuple[Policy, ...] = ()
    unread: tuple[PolicyType, ...] = ()
    evaluated: tuple[tuple[str, PolicyEvidence], ...] = ()

    def of(self, key: str) -> PolicyEvidence:
        """The policies as AWS evaluated them for the request with this key; "" : all of them."""
        return next((held for name, held in self.evaluated if name == key), self) if key else self
