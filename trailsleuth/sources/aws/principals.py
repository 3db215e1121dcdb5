"""The roles and users of the chain, each as `aws iam get-account-authorization-details` would show it: policies, boundary, trust, groups.

Only those asked for are read, so an account's snapshot made of these is never whole.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from trailsleuth.model import parse_arn
from trailsleuth.sources.aws.calls import Answer, Refusal, Why
from trailsleuth.sources.aws.gaps import gap_of, keep_gap
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.aws.store import Provenance, Store, encoded, piece_name

UNREAD = "not-readable-by-the-collector"
PAGES = 20
KEPT = ("Path", "RoleName", "RoleId", "UserName", "UserId", "GroupName", "GroupId", "Arn", "CreateDate", "AssumeRolePolicyDocument", "PermissionsBoundary")


class Kind(Struct, frozen=True, kw_only=True):
    """A kind of IAM entity: its name parameter, the operations that read it, and where the snapshot holds it and its inline policies."""

    name: str
    list_inline: str
    get_inline: str
    list_attached: str
    details: str
    inline: str


ROLE = Kind(
    name="RoleName",
    list_inline="ListRolePolicies",
    get_inline="GetRolePolicy",
    list_attached="ListAttachedRolePolicies",
    details="RoleDetailList",
    inline="RolePolicyList",
)
USER = Kind(
    name="UserName",
    list_inline="ListUserPolicies",
    get_inline="GetUserPolicy",
    list_attached="ListAttachedUserPolicies",
    details="UserDetailList",
    inline="UserPolicyList",
)
GROUP = Kind(
    name="GroupName",
    list_inline="ListGroupPolicies",
    get_inline="GetGroupPolicy",
    list_attached="ListAttachedGroupPolicies",
    details="GroupDetailList",
    inline="GroupPolicyList",
)


def is_principal(text: str | None) -> bool:
    """Whether it is the ARN of a role or user, whose policies can be read."""
    arn = parse_arn(text)
    return arn is not None and arn.service == "iam" and arn.resource.startswith(("role/", "user/"))


def fetch_principal(principal: str, account: Account, store: Store) -> bool:
    """Fetch one role or user; whether it is there now. What could not be read is a gap, and shows as an attached policy without document."""
    arn = parse_arn(principal)
    if arn is None or not is_principal(principal):
        return False
    kind = "role" if arn.is_role else "user"
    name = piece_name("iam", account.id, f"{kind}-{arn.name}")
    if store.kept(name) is not None:
        return True
    answer = _described(kind, arn.name, account)
    if isinstance(answer, Refusal):
        keep_gap(store, gap_of(answer, lost=f"the policies of {kind} {arn.name}"))
        return False
    reader = _Reader(account, store)
    document = reader.role(answer["Role"]) if kind == "role" else reader.user(answer["User"])
    store.keep(name, encoded(document), Provenance(call=f"iam: the policies of a {kind}", account=account.id))
    return True


def _described(kind: str, name: str, account: Account) -> Answer | Refusal:
    if kind == "role":
        return account.ask("iam", "GetRole", account.global_region, RoleName=name)
    return account.ask("iam", "GetUser", account.global_region, UserName=name)


class _Reader:
    """Reads what hangs on one principal, and keeps count of the managed policies on the way."""

    def __init__(self, account: Account, store: Store) -> None:
        self.account, self.store = account, store
        self.managed: dict[str, None] = {}

    def role(self, role: Mapping[str, Any]) -> dict[str, Any]:
        """A snapshot of the role alone."""
        return self._snapshot({ROLE.details: [{**self._detail(ROLE, role), "InstanceProfileList": [], "Tags": role.get("Tags", [])}]})

    def user(self, user: Mapping[str, Any]) -> dict[str, Any]:
        """A snapshot of the user and its groups."""
        detail = {**self._detail(USER, user), "Tags": user.get("Tags", [])}
        groups: list[Mapping[str, Any]] = []
        for page in self._pages("ListGroupsForUser", USER, str(user["UserName"])):
            if isinstance(page, Refusal):
                self._lose("groups", str(user["UserName"]), page)
                detail["AttachedManagedPolicies"].append(self._mark("groups"))
            else:
                groups += page.get("Groups", ())
        detail["GroupList"] = [str(group["GroupName"]) for group in groups]
        return self._snapshot({USER.details: [detail], GROUP.details: [self._detail(GROUP, group) for group in groups]})

    def _snapshot(self, found: Mapping[str, Any]) -> dict[str, Any]:
        documents = [document for arn in self.managed if (document := self._document(arn)) is not None]
        return {"Partial": True, ROLE.details: [], USER.details: [], GROUP.details: [], **found, "Policies": documents}

    def _detail(self, kind: Kind, entity: Mapping[str, Any]) -> dict[str, Any]:
        name = str(entity[kind.name])
        lost: list[str] = []
        inline = list(self._inline(kind, name, lost))
        attached = list(self._attached(kind, name, lost))
        boundary = entity.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        self.managed.update(dict.fromkeys([*(str(policy["PolicyArn"]) for policy in attached), *([str(boundary)] if boundary else [])]))
        marks = [self._mark(what) for what in dict.fromkeys(lost)]
        return {**{key: entity[key] for key in KEPT if key in entity}, kind.inline: inline, "AttachedManagedPolicies": [*attached, *marks]}

    def _inline(self, kind: Kind, name: str, lost: list[str]) -> Iterator[dict[str, Any]]:
        for page in self._pages(kind.list_inline, kind, name):
            if isinstance(page, Refusal):
                lost += self._lose("inline policies", name, page)
                return
            for policy in page.get("PolicyNames", ()):
                found = self.account.ask("iam", kind.get_inline, self.account.global_region, **{kind.name: name, "PolicyName": policy})
                if isinstance(found, Refusal):
                    lost += self._lose("inline policies", name, found)
                else:
                    yield {"PolicyName": found["PolicyName"], "PolicyDocument": found["PolicyDocument"]}

    def _attached(self, kind: Kind, name: str, lost: list[str]) -> Iterator[Mapping[str, Any]]:
        for page in self._pages(kind.list_attached, kind, name):
            if isinstance(page, Refusal):
                lost += self._lose("attached policies", name, page)
                return
            yield from page.get("AttachedPolicies", ())

    def _document(self, arn: str) -> dict[str, Any] | None:
        policy = self.account.ask("iam", "GetPolicy", self.account.global_region, PolicyArn=arn)
        if isinstance(policy, Refusal):
            keep_gap(self.store, gap_of(policy, lost=f"the document of {arn}"))
            return None
        default = policy["Policy"]["DefaultVersionId"]
        version = self.account.ask("iam", "GetPolicyVersion", self.account.global_region, PolicyArn=arn, VersionId=default)
        if isinstance(version, Refusal):
            keep_gap(self.store, gap_of(version, lost=f"the document of {arn}"))
            return None
        document = {"Document": version["PolicyVersion"]["Document"], "VersionId": default, "IsDefaultVersion": True}
        kept = {key: policy["Policy"][key] for key in ("PolicyName", "PolicyId", "Arn", "Path", "DefaultVersionId") if key in policy["Policy"]}
        return {**kept, "PolicyVersionList": [document]}

    def _pages(self, operation: str, kind: Kind, name: str) -> Iterator[Answer | Refusal]:
        marker: str | None = None
        for _ in range(PAGES):
            more = {"Marker": marker} if marker else {}
            page = self.account.ask("iam", operation, self.account.global_region, **{kind.name: name, **more})
            yield page
            marker = None if isinstance(page, Refusal) or not page.get("IsTruncated") else page.get("Marker")
            if not marker:
                return

    def _lose(self, what: str, name: str, refusal: Refusal) -> list[str]:
        if refusal.why is Why.ABSENT:
            return []  # it was deleted between the list and the look
        keep_gap(self.store, gap_of(refusal, lost=f"the {what} of {name}"))
        return [what]

    def _mark(self, what: str) -> dict[str, str]:
        """Stands for policies that are there and could not be read, so that nobody takes the principal for one without them."""
        name = f"{what.replace(' ', '-')}-{UNREAD}"
        return {"PolicyName": name, "PolicyArn": f"arn:{self.account.partition}:iam::{self.account.id}:policy/{name}"}
