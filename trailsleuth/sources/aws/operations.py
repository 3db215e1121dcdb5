"""The AWS operations that trailsleuth may call, and the policies that allow exactly those.

One table (data/operations.toml) is the guard's allow-list, the shipped policies and the list that tests hold the code to.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import Struct, field

from trailsleuth.sources.base import DATA
from trailsleuth.tables import read_toml

CORE = "core"
POLICY_ACCOUNTS = ("pipeline", "target", "log", "athena", "lake", "cloudwatch")
ALONE = ("log", "athena", "lake", "cloudwatch")  # accounts whose policy is for one thing: nothing of it is optional


class Operation(Struct, frozen=True, kw_only=True):
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
    reads: str | None = None
    begins: tuple[str, ...] = ("SELECT", "WITH")

    @property
    def optional(self) -> bool:
        """True where a diagnosis gets smaller without it, false where there is none."""
        return self.part != CORE


class Implied(Struct, frozen=True, kw_only=True):
    """IAM actions that AWS checks on the caller while it carries an operation out."""

    iam_actions: tuple[str, ...]
    accounts: tuple[str, ...]
    part: str
    resource: str
    why: str


@cache
def implied() -> tuple[Implied, ...]:
    """Every row of that table."""
    return tuple(
        Implied(iam_actions=tuple(row["iam"]), accounts=tuple(row["accounts"]), part=row["part"], resource=row["resource"], why=row["why"])
        for row in _tables()["implied"]
    )


@cache
def operations() -> Mapping[tuple[str, str], Operation]:
    """Every row of the table by (service, operation name)."""
    rows = [_row(row) for row in _tables()["operation"]]
    return {(row.service, row.name): row for row in rows}


@cache
def _tables() -> Mapping[str, Any]:
    return read_toml(DATA / "operations.toml")


def only_reads(service: str, name: str, parameters: Mapping[str, Any]) -> bool:
    """Whether the statement that an operation carries, where it carries one, is a query."""
    row = operations().get((service, name))
    if row is None or row.reads is None:
        return True
    return "".join(str(parameters.get(row.reads, "")).split()[:1]).upper() in row.begins


def is_allowed(service: str, name: str) -> bool:
    """Whether the guard lets an operation through."""
    return (service, name) in operations()


def shipped_policy(account: str, *, minimal: bool) -> dict[str, Any]:
    """The identity policy for the collector in one kind of account; `minimal` leaves the optional parts out."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for row in needed(account, minimal=minimal):
        grouped.setdefault((row.part, row.resource), []).extend(row.iam_actions)
    statements = [_statement(part, actions, resource, number) for number, ((part, resource), actions) in enumerate(grouped.items(), 1)]
    return {"Version": "2012-10-17", "Statement": statements}


def needed(account: str, *, minimal: bool) -> list[Operation | Implied]:
    """The rows behind that policy."""
    rows: list[Operation | Implied] = [row for row in operations().values() if row.iam_actions and not (minimal and row.optional and account not in ALONE)]
    return [row for row in (*rows, *implied()) if account in row.accounts]


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
        reads=row.get("reads"),
        begins=tuple(row.get("begins", ("SELECT", "WITH"))),
    )
