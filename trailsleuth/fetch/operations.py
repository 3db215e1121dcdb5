"""The AWS operations that trailsleuth may call, and the policies that allow exactly those.

One table (data/operations.toml) is the guard's allow-list, the shipped policies and the list that tests hold the code to.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

CORE = "core"
POLICY_ACCOUNTS = ("pipeline", "target", "log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row: `service:Name` as botocore spells it, and the IAM actions that the caller's policy must allow."""

    service: str
    name: str
    iam_actions: tuple[str, ...]
    accounts: tuple[str, ...]
    part: str
    resource: str
    why: str
    source: str
    probe: Mapping[str, Any] | None = field(default=None)
    holds: str | None = None

    @property
    def optional(self) -> bool:
        """True where a diagnosis gets smaller without it, false where there is none."""
        return self.part != CORE


@cache
def operations() -> Mapping[tuple[str, str], Operation]:
    """Every row of the table by (service, operation name)."""
    text = files("trailsleuth.fetch").joinpath("data/operations.toml").read_text(encoding="utf-8")
    rows = [_row(row) for row in tomllib.loads(text)["operation"]]
    return {(row.service, row.name): row for row in rows}


def is_allowed(service: str, name: str) -> bool:
    """Whether the guard lets an operation through."""
    return (service, name) in operations()


def shipped_policy(account: str, *, minimal: bool) -> dict[str, Any]:
    """The identity policy for the collector in one kind of account; `minimal` leaves the optional parts out."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for row in operations().values():
        if account not in row.accounts or not row.iam_actions or (minimal and row.optional and account != "log"):
            continue
        grouped.setdefault((row.part, row.resource), []).extend(row.iam_actions)
    statements = [_statement(part, actions, resource, number) for number, ((part, resource), actions) in enumerate(grouped.items(), 1)]
    return {"Version": "2012-10-17", "Statement": statements}


def allowing_statement(operation: Operation) -> dict[str, Any]:
    """The statement that would close the gap which a refused operation leaves."""
    return {"Effect": "Allow", "Action": list(operation.iam_actions), "Resource": operation.resource}


def _statement(part: str, actions: list[str], resource: str, number: int) -> dict[str, Any]:
    sid = "".join(word.capitalize() for word in part.split()) + str(number)
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(set(actions)), "Resource": resource}


def _row(row: Mapping[str, Any]) -> Operation:
    service, _, name = row["id"].partition(":")
    return Operation(
        service=service,
        name=name,
        iam_actions=tuple(row["iam"]),
        accounts=tuple(row["accounts"]),
        part=row["part"],
        resource=row["resource"],
        why=row["why"],
        source=row["source"],
        probe=row.get("probe"),
        holds=row.get("holds"),
    )
