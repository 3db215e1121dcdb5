"""The roles of the chain, each as `aws iam get-account-authorization-details` would show it: policies, boundary, trust.

Only the roles asked for are read, so an account's snapshot made of these is never whole.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trailsleuth.fetch.calls import Answer, Refusal, Why
from trailsleuth.fetch.gaps import gap_of, keep_gap
from trailsleuth.fetch.sessions import Account
from trailsleuth.fetch.store import Provenance, Store, encoded, piece_name
from trailsleuth.model import parse_arn

UNREAD = "not-readable-by-the-collector"
PAGES = 20


def fetch_role(role: str, account: Account, store: Store) -> bool:
    """Fetch one role of the account; whether it is there now. What could not be read is a gap, and shows as an attached policy without document."""
    arn = parse_arn(role)
    if arn is None or not arn.is_role:
        return False
    name = piece_name("iam", account.id, f"role-{arn.name}")
    if store.kept(name) is not None:
        return True
    region = account.global_region
    answer = account.ask("iam", "GetRole", region, RoleName=arn.name)
    if isinstance(answer, Refusal):
        keep_gap(store, gap_of(answer, lost=f"the policies of role {arn.name}"))
        return False
    reader = _RoleReader(account, region, store)
    store.keep(name, encoded(reader.document(answer["Role"])), Provenance(call="iam:GetRole and its policies", account=account.id))
    return True


class _RoleReader:
    """Reads what hangs on one role, and keeps count of the managed policies on the way."""

    def __init__(self, account: Account, region: str, store: Store) -> None:
        self.account, self.region, self.store = account, region, store
        self.lost: list[str] = []

    def document(self, role: Mapping[str, Any]) -> dict[str, Any]:
        """The role in the shape of get-account-authorization-details, with the managed policies it holds."""
        name = str(role["RoleName"])
        inline = list(self._inline(name))
        attached = list(self._attached(name))
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        documents = [self._managed(arn) for arn in dict.fromkeys([*(policy["PolicyArn"] for policy in attached), *([boundary] if boundary else [])])]
        marks = [self._mark(kind) for kind in self.lost]
        kept = ("Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument", "PermissionsBoundary")
        detail = {
            **{key: role[key] for key in kept if key in role},
            "Tags": role.get("Tags", []),
            "InstanceProfileList": [],
            "RolePolicyList": inline,
            "AttachedManagedPolicies": [*attached, *marks],
        }
        return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [detail], "Policies": [found for found in documents if found]}

    def _inline(self, role: str) -> Iterator[dict[str, Any]]:
        for page in self._pages("ListRolePolicies", role, lost="inline"):
            for name in page.get("PolicyNames", ()):
                policy = self.account.ask("iam", "GetRolePolicy", self.region, RoleName=role, PolicyName=name)
                if isinstance(policy, Refusal):
                    self._lose("inline", role, policy)
                else:
                    yield {"PolicyName": policy["PolicyName"], "PolicyDocument": policy["PolicyDocument"]}

    def _attached(self, role: str) -> Iterator[dict[str, Any]]:
        for page in self._pages("ListAttachedRolePolicies", role, lost="attached"):
            yield from page.get("AttachedPolicies", ())

    def _managed(self, arn: str) -> dict[str, Any] | None:
        policy = self.account.ask("iam", "GetPolicy", self.region, PolicyArn=arn)
        if isinstance(policy, Refusal):
            keep_gap(self.store, gap_of(policy, lost=f"the document of {arn}"))
            return None
        default = policy["Policy"]["DefaultVersionId"]
        version = self.account.ask("iam", "GetPolicyVersion", self.region, PolicyArn=arn, VersionId=default)
        if isinstance(version, Refusal):
            keep_gap(self.store, gap_of(version, lost=f"the document of {arn}"))
            return None
        document = {"Document": version["PolicyVersion"]["Document"], "VersionId": default, "IsDefaultVersion": True}
        kept = {key: policy["Policy"][key] for key in ("PolicyName", "PolicyId", "Arn", "Path", "DefaultVersionId") if key in policy["Policy"]}
        return {**kept, "PolicyVersionList": [document]}

    def _pages(self, operation: str, role: str, *, lost: str) -> Iterator[Answer]:
        marker: str | None = None
        for _ in range(PAGES):
            more = {"Marker": marker} if marker else {}
            page = self.account.ask("iam", operation, self.region, RoleName=role, **more)
            if isinstance(page, Refusal):
                self._lose(lost, role, page)
                return
            yield page
            marker = page.get("Marker") if page.get("IsTruncated") else None
            if not marker:
                return

    def _mark(self, kind: str) -> dict[str, str]:
        """Stands for policies that are there and could not be read, so that nobody takes the role for one without them."""
        name = f"{kind}-{UNREAD}"
        return {"PolicyName": name, "PolicyArn": f"arn:{self.account.partition}:iam::{self.account.id}:policy/{name}"}

    def _lose(self, kind: str, role: str, refusal: Refusal) -> None:
        if refusal.why is Why.ABSENT:
            return  # it was deleted between the list and the look
        keep_gap(self.store, gap_of(refusal, lost=f"{kind} policies of role {role}"))
        if kind not in self.lost:
            self.lost.append(kind)
