"""AWS managed policies that the project knows by heart: snapshots name them without their documents."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _documents() -> dict[str, str]:
    table = tomllib.loads((files("trailsleuth.catalog") / "data" / "managed_policies.toml").read_text(encoding="utf-8"))
    return {row["id"]: row["statements"] for row in table["policy"]}


def managed_document(arn: str) -> Mapping[str, Any] | None:
    """The document of an AWS managed policy by its ARN in any partition; None where the table does not hold it."""
    if ":iam::aws:policy/" not in arn:
        return None
    statements = _documents().get(arn.partition(":policy/")[2])
    return {"Version": "2012-10-17", "Statement": json.loads(statements)} if statements else None
