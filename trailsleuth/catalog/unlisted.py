"""Actions that no reference lists, and operations that no IAM action decides.

`data/unlisted.json` is written by `bench/unlisted.py` from the API models of botocore, for operations that the action catalogue does not have:

- `documented`: the operation's own documentation names the action;
- `presumed`: the operation is newer than the catalogue, and of its service nearly every operation is checked for the action of its own name;
- `unsigned`: the API takes no AWS signature for the operation, so there is no principal whose policies could allow it.

`data/unlisted_actions.toml` has actions of discontinued services and of AWS's guides, `data/no_iam_action.toml` operations whose documentation says that
IAM does not decide.
See docs/decisions/0014-presumed-actions.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from msgspec import Struct

from trailsleuth.catalog.load import DATA, rows_of

PRESUMED_SID = "PresumedAction"  # how the Sid of a statement with a presumed action begins, whatever form the policy is written in


class Ground(StrEnum):
    """Why an action that no reference lists is taken to exist."""

    DOCUMENTED = "documented"
    PRESUMED = "presumed"
    RETIRED = "retired"


class Unlisted(Struct, frozen=True, kw_only=True):
    """An action that no reference lists: its spelling, the ground it stands on, and that ground in a sentence."""

    name: str
    ground: Ground
    why: str


@cache
def models() -> Mapping[str, Any]:
    """What `bench/unlisted.py` took from the API models."""
    found: Mapping[str, Any] = json.loads((DATA / "unlisted.json").read_text(encoding="utf-8"))
    return found


@cache
def _of_service(prefix: str) -> Mapping[str, Unlisted]:
    """The unlisted actions of a prefix, by their names in lower case."""
    found = {}
    missing = f"is not in the action catalogue of {models()['catalogue']}"
    model = f"the API model (botocore {models()['botocore']})"
    for ground, reason in ((Ground.PRESUMED, "it is presumed from the operation's name in"), (Ground.DOCUMENTED, "it is taken from the documentation of")):
        for name in models()[ground.value].get(prefix, ()):
            found[name.lower()] = Unlisted(name=f"{prefix}:{name}", ground=ground, why=f"{prefix}:{name} {missing}: {reason} {model}.")
    for ground, said in ((Ground.RETIRED, "is no longer in the action catalogue"), (Ground.DOCUMENTED, missing)):
        for row in rows_of("unlisted_actions", ground.value):
            for name in row["names"] if row["prefix"] == prefix else ():
                found[name.lower()] = Unlisted(name=f"{prefix}:{name}", ground=ground, why=f"{prefix}:{name} {said}: {row['why']}.")
    return found


def unlisted_action(prefix: str, name: str) -> Unlisted | None:
    """The unlisted action, whatever its letter case; None where it is not taken to exist. Says nothing of listed ones: ask `actions.entry`."""
    return _of_service(prefix).get(name.lower())


def unlisted_actions(prefix: str) -> tuple[str, ...]:
    """Every unlisted action of a prefix."""
    return tuple(one.name for one in _of_service(prefix).values())


def decided_without_iam(prefix: str, operation: str) -> str | None:
    """Who decides on an operation for which IAM has no action, in half a sentence; None where that is not known."""
    for row in rows_of("no_iam_action", "not_iam"):
        if row["prefix"] == prefix and operation in row["events"]:
            return f"no IAM action decides on {prefix}:{operation}: {row['why']}"
    if operation in models()["unsigned"].get(prefix, ()):
        return f"no IAM action decides on {prefix}:{operation}: its API takes no AWS signature, but a token, or nothing at all"
    return None
