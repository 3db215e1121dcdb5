"""Service and resource control policies that hold for the accounts of the chain, as `aws organizations describe-policy` shows them.

Only the management account and delegated administrators may read them; every other answer is a gap.
https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPoliciesForTarget.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trailsleuth.sources.aws.calls import Answer, Refusal, Why
from trailsleuth.sources.aws.gaps import gap_of, keep_gap
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.aws.store import Provenance, Store, encoded, piece_name

NO_ORGANIZATION = "AWSOrganizationsNotInUseException"  # then no such policy holds
KINDS = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
REGION, LEVELS, PAGES = "us-east-1", 6, 20  # an organization nests five units deep below its root


def fetch_organization_policies(targets: Iterable[str], accounts: Mapping[str, Account], store: Store) -> None:
    """The policies that hold for each target account, through the first opened account that may read them."""
    wanted = sorted(set(targets))
    refused: list[tuple[int, Refusal]] = []
    for account in accounts.values():
        reader = _Reader(account)
        refusal = reader.read(wanted)
        if refusal is None:
            reader.keep(store)
            return
        if refusal.code != NO_ORGANIZATION:
            refused.append((reader.answers, refusal))
    if refused:
        _, furthest = max(refused, key=lambda one: one[0])  # member accounts get nowhere, and no statement would change that
        keep_gap(store, gap_of(furthest, lost="service and resource control policies"))


class _Reader:
    """Gathers which policies hold for which accounts, and where they are attached."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.answers = 0
        self.outside: dict[str, Refusal] = {}
        self.policies: dict[str, Mapping[str, Any]] = {}
        self.attached: dict[str, dict[str, set[str]]] = {}

    def read(self, accounts: Iterable[str]) -> Refusal | None:
        """Read for every account; the first refusal ends it, but an account outside of the organization does not keep the others from being read."""
        wanted = list(accounts)
        for target in wanted:
            refusal = self._account(target)
            if refusal is not None and refusal.why is not Why.ABSENT:
                return refusal
            if refusal is not None:
                self.outside[target] = refusal
        return next(iter(self.outside.values()), None) if len(self.outside) == len(wanted) else None

    def keep(self, store: Store) -> None:
        """Keep each policy with the accounts it holds for, and name the accounts of another organization."""
        for identifier, policy in sorted(self.policies.items()):
            attached = {account: sorted(levels) for account, levels in self.attached[identifier].items()}
            document = {"Policy": policy, "Targets": sorted(attached), "Attachments": attached}
            about = Provenance(call="organizations:DescribePolicy", account=self.account.id)
            store.keep(piece_name("organizations", identifier), encoded(document), about)
        for target, refusal in self.outside.items():
            keep_gap(store, gap_of(refusal, lost=f"service and resource control policies of account {target}"))

    def _account(self, target: str) -> Refusal | None:
        for level in self._levels(target):
            refusal = level if isinstance(level, Refusal) else self._at(level, target)
            if refusal is not None:
                return refusal
        return None

    def _levels(self, account: str) -> Iterator[str | Refusal]:
        """The account, the units above it, the root."""
        level = account
        yield level
        for _ in range(LEVELS):
            answer = self.account.ask("organizations", "ListParents", REGION, ChildId=level)
            if isinstance(answer, Refusal):
                yield answer
                return
            self.answers += 1
            parent = next(iter(answer.get("Parents", ())), None)
            if parent is None:
                return
            level = str(parent["Id"])
            yield level
            if parent.get("Type") == "ROOT":
                return

    def _at(self, level: str, account: str) -> Refusal | None:
        for kind in KINDS:
            for page in self._pages(level, kind):
                if isinstance(page, Refusal):
                    return page
                for summary in page.get("Policies", ()):
                    refusal = self._policy(str(summary["Id"]))
                    if refusal is not None:
                        return refusal
                    self.attached.setdefault(str(summary["Id"]), {}).setdefault(account, set()).add(level)
        return None

    def _policy(self, identifier: str) -> Refusal | None:
        if identifier in self.policies:
            return None
        answer = self.account.ask("organizations", "DescribePolicy", REGION, PolicyId=identifier)
        if isinstance(answer, Refusal):
            return answer
        self.policies[identifier] = answer["Policy"]
        return None

    def _pages(self, level: str, kind: str) -> Iterator[Answer | Refusal]:
        token: str | None = None
        for _ in range(PAGES):
            more = {"NextToken": token} if token else {}
            page = self.account.ask("organizations", "ListPoliciesForTarget", REGION, TargetId=level, Filter=kind, **more)
            self.answers += not isinstance(page, Refusal)
            yield page
            token = None if isinstance(page, Refusal) else page.get("NextToken")
            if not token:
                return
