"""Law: a permission that was given after the denial is not asked for again; it changes the explanation to one of order."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.sample import some_of
from tests.test_cases import CASES, OPTIONS, diagnosed
from tests.test_laws import inputs_of
from trailsleuth import api
from trailsleuth.model import RawInput, Skipped

Json = dict[str, Any]


def granted(folder: Path) -> list[tuple[str, Json]]:
    """The identity changes that the case calls for, each with its role; none with a placeholder in it."""
    changes = [d for d in diagnosed(folder)["deltas"] if d["policy_type"] == "identity" and ":role/" in d["attach_to"] and d["document"]]
    return [(d["attach_to"], d["document"]) for d in changes if not d["placeholders"] and not d["remove"]]


def with_grants(value: Json, grants: list[tuple[str, Json]]) -> Json:
    """The snapshot as it is after the changes were made."""
    later = copy.deepcopy(value)
    for role in later["RoleDetailList"]:
        for number, (arn, document) in enumerate(grants):
            if role["Arn"] == arn:
                role.setdefault("RolePolicyList", []).append({"PolicyName": f"given-later-{number}", "PolicyDocument": document})
    return later


def later_evidence(slug: str, grants: list[tuple[str, Json]]) -> list[RawInput | Skipped]:
    found: list[RawInput | Skipped] = []
    for given in inputs_of(slug):
        value = json.loads(given.data) if isinstance(given, RawInput) and given.data[:1] == b"{" and b"RoleDetailList" in given.data else None
        if isinstance(given, RawInput) and isinstance(value, dict) and "RoleDetailList" in value:
            found.append(RawInput(source=given.source, data=json.dumps(with_grants(value, grants)).encode()))
        else:
            found.append(given)
    return found


def snapshot_holds(slug: str, arn: str) -> bool:
    return any(isinstance(given, RawInput) and b"RoleDetailList" in given.data and arn.encode() in given.data for given in inputs_of(slug))


def asked(slug: str) -> dict[str, str]:
    args = json.loads((CASES / slug / "truth.json").read_text())["args"]
    return {OPTIONS[option]: value for option, value in zip(args[::2], args[1::2], strict=True)}


def pairs(deltas: list[Json], place: str) -> set[tuple[str, str]]:
    """Action and resource of every statement that is added at a place."""
    listed = [s for d in deltas if d["attach_to"] == place and d["document"] for s in d["document"]["Statement"]]
    each = [(s, a) for s in listed for a in (s["Action"] if isinstance(s["Action"], list) else [s["Action"]])]
    return {(a, r) for s, a in each for r in (s.get("Resource") if isinstance(s.get("Resource"), list) else [s.get("Resource")])}


@pytest.mark.parametrize("slug", some_of([folder.name for folder in sorted(CASES.iterdir())], 2))
def test_what_was_given_since_is_not_asked_for_again(slug: str) -> None:
    grants = [(arn, document) for arn, document in granted(CASES / slug) if snapshot_holds(slug, arn)]
    if not grants:
        return  # nothing that a snapshot could hold by then
    again = api.load_inputs(later_evidence(slug, grants)).diagnose(**asked(slug)).document()
    for arn, document in grants:
        repeated = pairs([{"attach_to": arn, "document": document}], arn) & pairs(again["deltas"], arn)
        assert not repeated
    seen = any(f["basis"] == "observed" and f["standing"] == "cause" for f in diagnosed(CASES / slug)["findings"])
    assert again["outcome"] != "no_denial_found" or not seen
    fixed = {each for delta in again["deltas"] for each in delta["finding_ids"]}
    standing = [f for f in again["findings"] if f["standing"] in ("cause", "also_needed")]
    assert all(f["advice"] for f in standing if f["id"] not in fixed)
