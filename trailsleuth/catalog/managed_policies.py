"""AWS managed policies: snapshots may name them without their documents.

A few short and stable ones are known by heart. Of the others `data/packed/aws_managed_policies.txt.xz` (written by `bench/managed.py`) holds what the newest
version of one day allowed: AWS changes them, mostly by adding, so what stands there counts as allowed, and what does not is unknown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from trailsleuth.catalog.load import rows_of
from trailsleuth.catalog.packed import packed_head, packed_rows

_OF_AWS = "arn:aws:iam::aws:policy/"
_TABLE = "aws_managed_policies"


@cache
def _documents() -> dict[str, str]:
    return {row["id"]: row["statements"] for row in rows_of("managed_policies", "policy")}


def is_of_aws(arn: str | None) -> bool:
    """Whether AWS owns the policy: nobody else can edit it, it can only be detached."""
    return (arn or "").split(":")[4:5] == ["aws"]


def only_denies(arn: str | None) -> bool:
    """Whether it is a policy of AWS that stops an identity and allows nothing."""
    name = (arn or "").rpartition("/")[2]
    return is_of_aws(arn) and any(fnmatchcase(name, row["name"]) for row in rows_of("managed_policies", "deny"))


def managed_document(arn: str) -> Mapping[str, Any] | None:
    """The document of an AWS managed policy by its ARN in any partition; None where the table does not hold it."""
    if ":iam::aws:policy/" not in arn:
        return None
    statements = _documents().get(arn.partition(":policy/")[2])
    return {"Version": "2012-10-17", "Statement": json.loads(statements)} if statements else None


def newest_document(arn: str) -> Mapping[str, Any] | None:
    """What the newest known version of an AWS managed policy allows and denies; None for a policy of anybody else's, and where no row tells.

    Its statements are named by the day that they are of. What hangs on conditions that no record tells is left out.
    """
    rows = packed_rows(_TABLE, arn.removeprefix(_OF_AWS)) if arn.startswith(_OF_AWS) else {}
    return {"Version": "2012-10-17", "Statement": [_opened(row) for row in rows["s"]]} if rows else None


def _opened(row: Mapping[str, Any]) -> dict[str, Any]:
    """A statement with its actions spelled out: they stand by service, as `s3:Get*,List* sts:AssumeRole`."""
    told = {part: _actions(row[part]) for part in ("Action", "NotAction") if part in row}
    where = {} if "NotResource" in row else {"Resource": "*"}
    return {"Sid": f"as of {_day()}", "Effect": "Allow", **where, **row, **told}


def _actions(text: str) -> list[str]:
    return [f"{prefix}:{name}" if prefix else name for prefix, _, names in (part.rpartition(":") for part in text.split()) for name in names.split(",")]


@cache
def _day() -> str:
    ((_, facts),) = packed_head(_TABLE)["sources"].items()
    return str(facts["date"])
