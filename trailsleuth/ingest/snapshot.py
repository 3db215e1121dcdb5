"""Roles and users of an account out of the pages of `aws iam get-account-authorization-details`.

Fields: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from trailsleuth.iam.document import parse_policy
from trailsleuth.ingest.fields import list_of, map_of, text_of
from trailsleuth.ingest.iam_parts import UNKNOWN, IamParts
from trailsleuth.ingest.times import parse_time
from trailsleuth.model import IamPrincipal, Policy, Skipped, account_of

JsonObject = Mapping[str, Any]

PARTIAL = "Partial"  # set where only some of an account's principals were looked at, as a live fetch does
LISTS = ("RoleDetailList", "UserDetailList", "GroupDetailList", "Policies")


class SnapshotPages(Struct):
    """The pages seen so far, of one or many accounts: a role's policies may stand on another page than the role."""

    roles: dict[str, JsonObject] = field(default_factory=dict)
    users: dict[str, JsonObject] = field(default_factory=dict)
    groups: dict[str, JsonObject] = field(default_factory=dict)
    managed: dict[str, JsonObject] = field(default_factory=dict)
    notes: list[Skipped] = field(default_factory=list)
    parts: IamParts = field(default_factory=IamParts)
    _whole: set[str] = field(default_factory=set)  # accounts with a page that claims to be one of an account's whole snapshot
    _told: dict[str, dict[str, str]] = field(default_factory=dict)  # each telling of an entry, and the first source of it

    def add(self, page: JsonObject, source: str) -> None:
        """Takes a page in. One with `Partial` shows the principals that somebody looked at, not the account's."""
        if page.get(PARTIAL) is not True:
            self._whole |= _accounts_of(entry for name in LISTS for entry in map(map_of, list_of(page.get(name))))
        for name, known in zip(LISTS, (self.roles, self.users, self.groups, self.managed), strict=True):
            for entry in map(map_of, list_of(page.get(name))):
                if arn := text_of(entry.get("Arn")):
                    self._add(known, arn, entry, source)
                else:
                    self.notes.append(Skipped(source=source, reason=f"a member of {name} without Arn"))

    def add_part(self, answer: JsonObject, source: str) -> None:
        """Takes in an answer about one principal or policy."""
        self.parts.add(answer, source)

    def join_parts(self) -> None:
        """Makes pages of the answers about single principals, once all are there."""
        parts, self.parts = self.parts, IamParts()
        for page, source in parts.pages():
            self.add(page, source)
        self.notes += parts.notes

    def _add(self, known: dict[str, JsonObject], arn: str, entry: JsonObject, source: str) -> None:
        """Of two pages that tell different things the fuller one stands."""
        known[arn] = max(known.get(arn, entry), entry, key=lambda one: (len(repr(one)), repr(one)))
        told = self._told.setdefault(arn, {})
        told[repr(entry)] = min(told.get(repr(entry), source), source)

    def all_notes(self) -> list[Skipped]:
        """What must be said about the pages: members that are none, and principals that two snapshots show differently."""
        differing = [
            Skipped(source=min(told.values()), reason=f"snapshots show {arn} differently: the fuller one is used", lost=False)
            for arn, told in self._told.items()
            if len(told) > 1
        ]
        return self.notes + differing

    def accounts(self) -> tuple[str, ...]:
        """The accounts that the pages are about."""
        return tuple(sorted(_accounts_of({"Arn": arn} for arn in (*self.roles, *self.users, *self.groups, *self.managed, *self.parts.arns()))))

    def partial_accounts(self) -> tuple[str, ...]:
        """Those of them whose pages are all marked as partial."""
        return tuple(account for account in self.accounts() if account not in self._whole)


def _accounts_of(entries: Iterable[JsonObject]) -> set[str]:
    found = (account_of(text_of(entry.get("Arn"))) for entry in entries)
    return {account for account in found if account and account != "aws"}


def principals_of(pages: SnapshotPages) -> tuple[IamPrincipal, ...]:
    """Every role and user with all that is attached to it, groups included, sorted by ARN."""
    managed = {policy.arn: policy for policy in managed_policies(pages)}
    groups = {(account_of(arn), text_of(group.get("GroupName"))): group for arn, group in sorted(pages.groups.items())}
    roles = [_role(arn, role, managed) for arn, role in pages.roles.items()]
    users = [_user(arn, user, groups, managed) for arn, user in pages.users.items()]
    return tuple(sorted((*roles, *users), key=lambda principal: principal.arn))


def managed_policies(pages: SnapshotPages) -> tuple[Policy, ...]:
    """The managed policies whose default version the pages show, sorted by ARN."""
    return tuple(policy for arn, entry in sorted(pages.managed.items()) if (policy := _default_version(arn, entry)))


def _default_version(arn: str, entry: JsonObject) -> Policy | None:
    versions = [map_of(version) for version in list_of(entry.get("PolicyVersionList"))]
    default = next((version for version in versions if version.get("IsDefaultVersion") is True), None)
    if default is None:
        default = next((version for version in versions if version.get("VersionId") == entry.get("DefaultVersionId")), None)
    if default is None or default.get("Document") is None:
        return None
    return parse_policy(default["Document"], name=text_of(entry.get("PolicyName")) or arn, arn=arn)


def _role(arn: str, role: JsonObject, managed: Mapping[str | None, Policy]) -> IamPrincipal:
    trust = role.get("AssumeRolePolicyDocument")
    own, unknown = _policies(role, "RolePolicyList", managed)
    boundary = text_of(map_of(role.get("PermissionsBoundary")).get("PermissionsBoundaryArn"))
    profiles = [text_of(map_of(profile).get("Arn")) for profile in list_of(role.get("InstanceProfileList"))]
    return IamPrincipal(
        arn=arn,
        unique_id=text_of(role.get("RoleId")) or "",
        kind="role",
        policies=own,
        unknown_policies=unknown,
        boundary_arn=boundary,
        boundary=managed.get(boundary) if boundary else None,
        trust=parse_policy(trust, name="trust policy", arn=arn) if trust is not None else None,
        tags=_tags(role),
        created=parse_time(role.get("CreateDate")),
        instance_profiles=tuple(sorted(profile for profile in profiles if profile)),
    )


def _user(arn: str, user: JsonObject, groups: Mapping[tuple[str | None, str | None], JsonObject], managed: Mapping[str | None, Policy]) -> IamPrincipal:
    own, unknown = _policies(user, "UserPolicyList", managed)
    for name in filter(None, map(text_of, list_of(user.get("GroupList")))):
        group = groups.get((account_of(arn), name))
        more, missing = _policies(group, "GroupPolicyList", managed, prefix=f"group {name}: ") if group else ((), (f"group {name}",))
        own, unknown = own + more, unknown + missing
    boundary = text_of(map_of(user.get("PermissionsBoundary")).get("PermissionsBoundaryArn"))
    return IamPrincipal(
        arn=arn,
        unique_id=text_of(user.get("UserId")) or "",
        kind="user",
        policies=own,
        unknown_policies=unknown,
        boundary_arn=boundary,
        boundary=managed.get(boundary) if boundary else None,
        tags=_tags(user),
        created=parse_time(user.get("CreateDate")),
        groups=tuple(sorted(filter(None, map(text_of, list_of(user.get("GroupList")))))),
    )


def _policies(entry: JsonObject, inline: str, managed: Mapping[str | None, Policy], prefix: str = "") -> tuple[tuple[Policy, ...], tuple[str, ...]]:
    """What is attached: the known policies (inline first, each kind by name), and the ARNs of those whose document is not in the evidence."""
    own = [
        parse_policy(map_of(policy).get("PolicyDocument"), name=prefix + (text_of(map_of(policy).get("PolicyName")) or "inline"))
        for policy in list_of(entry.get(inline))
    ]
    arns = sorted({arn for policy in list_of(entry.get("AttachedManagedPolicies")) if (arn := text_of(map_of(policy).get("PolicyArn")))})
    known = [managed[arn] for arn in arns if arn in managed]
    return (*sorted(own, key=lambda policy: policy.name), *known), (*(arn for arn in arns if arn not in managed), *map(str, list_of(entry.get(UNKNOWN))))


def _tags(entry: JsonObject) -> dict[str, str]:
    tags: Iterable[JsonObject] = map(map_of, list_of(entry.get("Tags")))
    return {key: text_of(tag.get("Value")) or "" for tag in tags if (key := text_of(tag.get("Key")))}
