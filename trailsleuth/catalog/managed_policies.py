"""AWS managed policies that the project knows by heart: snapshots name them without their documents."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _documents() -> dict[str, str]:
    table = tomllib.loads((files("trailsleuth.catalog") / "data" / "managed_policies.toml").read_text(encoding="utf-8"))
    return {row["id"]: row["statements"] for row in table["policy"]}


def is_of_aws(arn: str | None) -> bool:
    """Whether AWS owns the policy: nobody else can edit it, it can only be detached."""
    return (arn or "").split(":")[4:5] == ["aws"]


@cache
def _own_denies() -> tuple[Mapping[str, Any], ...]:
    table = tomllib.loads((files("trailsleuth.catalog") / "data" / "managed_policies.toml").read_text(encoding="utf-8"))
    return tuple(table["deny"])


def advice_on(arn: str | None) -> str | None:
    """What AWS says to do about a Deny of one of its own policies; None for a policy of anybody else's."""
    name = (arn or "").rpartition("/")[2]
    return next((str(row["advice"]) for row in _own_denies() if fnmatchcase(name, row["name"])), None) if is_of_aws(arn) else None


def only_denies(arn: str | None) -> bool:
    """Whether it is a policy of AWS that stops an identity and allows nothing."""
    name = (arn or "").rpartition("/")[2]
    return is_of_aws(arn) and any(row["name"] != "*" and fnmatchcase(name, row["name"]) for row in _own_denies())


def managed_document(arn: str) -> Mapping[str, Any] | None:
    """The document of an AWS managed policy by its ARN in any partition; None where the table does not hold it."""
    if ":iam::aws:policy/" not in arn:
        return None
    statements = _documents().get(arn.partition(":policy/")[2])
    return {"Version": "2012-10-17", "Statement": json.loads(statements)} if statements else None
