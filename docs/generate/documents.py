"""The JSON documents, from the list of their fields and the enumerations of the model."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from docs.generate.markdown import code, codes, table, whole
from trailsleuth.model import Basis, Cause, Effect, EncodedMessage, Outcome, PolicyType, Standing, Verdict
from trailsleuth.model.verification import Integrity
from trailsleuth.sources.aws.doctor import State

ENUMERATIONS: Mapping[str, type[Enum]] = {
    kind.__name__: kind for kind in (Basis, Cause, Effect, EncodedMessage, Integrity, Outcome, PolicyType, Standing, State, Verdict)
}
INTRO = """
Programs read these documents; people read the tables. Each names its schema and version: `trailsleuth.case/2` may gain fields, and a field that is
renamed or taken away makes a version 2. An empty list says that there is nothing, `null` that it is not known (or does not apply, where the meaning
says so). With `--output jsonl` the case comes in
lines, one for each finding, delta and so on; with `csv` the findings as a table.
"""
CAUSES: Mapping[Cause, str] = {
    Cause.MISSING_ALLOW: "no statement allows the action to this principal at all (without policies in the evidence: any implicit deny)",
    Cause.EXPLICIT_DENY: "a Deny statement decides, conditional or not; the fix is never an Allow",
    Cause.CONDITION_MISMATCH: "a statement allows the action on the resource, and one of its conditions is false",
    Cause.SCOPE_MISMATCH: "a statement allows the action, and its Resource does not cover what was asked",
    Cause.UNTRUSTED_PRINCIPAL: "the role's trust policy does not name the caller",
    Cause.STALE_PRINCIPAL: "a policy names an id (`AROA…`, `AIDA…`) whose role or user was deleted",
    Cause.NO_POLICY_FIX: "denied, and no policy can change that; the explanation says what to do instead",
    Cause.NOT_A_PERMISSION: "the failure has another reason (a quota, an image that does not exist, …)",
    Cause.UNKNOWN: "a denial that cannot be read, such as a cut encoded message; never silence",
}


def listed() -> list[Mapping[str, Any]]:
    """The documents with their fields."""
    text = (Path(__file__).parent / "documents.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["document"])


def page() -> str:
    """The page."""
    return whole("JSON documents", INTRO, *(_document(one) for one in listed()), _causes())


def _document(one: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## {one['title']}", "", f"{_schema(one['schema'])}, from {one['from']}. {one['intro']}", "")
    yield from table(["field", "type", "meaning"], [(code(path), kind, _meaning(text)) for path, kind, text in one["fields"]])


def _schema(name: str) -> str:
    return code(name) if name.startswith("trailsleuth.") else name.capitalize()


def _meaning(text: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: codes(member.value for member in ENUMERATIONS[found[1]]), text)


def _causes() -> list[str]:
    return ["## Causes", "", *table(["cause", "means"], [(code(cause.value), CAUSES[cause]) for cause in Cause])]
