"""The calls of `calls.toml`, on the resources that a grant names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

_TABLE = tomllib.loads(Path(__file__).with_name("calls.toml").read_text(encoding="utf-8"))
NO_RECORD = frozenset(_TABLE["no_record"])
ON_ALL, ON_NONE = frozenset(_TABLE["on_all"]), frozenset(_TABLE["on_none"])
MEANT: dict[str, list[str]] = _TABLE["meant"]
ON: dict[str, str] = _TABLE["on"]
CONTEXT: dict[str, dict[str, list[str]]] = _TABLE["context"]
CALLS: dict[str, dict[str, Any]] = _TABLE["call"]


def filled(value: Any, parts: dict[str, str]) -> Any:
    """A template with its holes filled in."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda hole: parts.get(hole.group(1), hole.group(0)), value)
    if isinstance(value, dict):
        return {filled(k, parts): filled(v, parts) for k, v in value.items()}
    return [filled(one, parts) for one in value] if isinstance(value, list) else value


def parts_of(arn: str, account: str, region: str) -> dict[str, str]:
    """What a request may name of an ARN."""
    resource = arn.split(":", 5)[-1]
    names = re.split(r"[:/]", resource)
    return {
        "arn": arn,
        "account": account,
        "region": region,
        "name": names[-1],
        "parent": names[-2] if len(names) > 1 else "",
        "bucket": resource.partition("/")[0],
        "key": resource.partition("/")[2],
        "repository": resource.partition("/")[2],
        "parameter": resource.removeprefix("parameter"),
        "group": resource.split(":")[1] if resource.startswith("log-group:") else "",
        "table": arn.partition("/index/")[0].partition("/stream/")[0],
    }


def record_of(action: str, arn: str, account: str, region: str) -> dict[str, Any]:
    """What the record of a call of the action on the resource says of the call."""
    row, parts = CALLS[action], parts_of(arn, account, region)
    prefix, _, name = action.partition(":")
    return {
        "eventSource": f"{row.get('source', prefix)}.amazonaws.com",
        "eventName": row.get("event", name),
        "requestParameters": filled(row["request"], parts) if "request" in row else None,
        "managementEvent": not row.get("data", False),
        "eventCategory": "Data" if row.get("data") else "Management",
        "resources": [{"ARN": filled(one, parts), "accountId": account} for one in row.get("arns", ())],
    }
