"""What must hold for any document `trailsleuth.case/2`, whatever the evidence was: the contract's words, types and rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
WORDS = {
    "outcome": {"cause_found", "no_denial_found", "inconclusive"},
    "standing": {"cause", "also_needed", "recovered", "background"},
    "basis": {"observed", "inferred", "predicted"},
    "cause": {
        "missing_allow",
        "explicit_deny",
        "condition_mismatch",
        "scope_mismatch",
        "untrusted_principal",
        "stale_principal",
        "no_policy_fix",
        "not_a_permission",
        "unknown",
    },
    "policy_type": {"identity", "resource", "trust", "boundary", "session", "scp", "rcp", "vpc_endpoint", "lake_formation", "other"},
    "wanted": {"records", "policies", "execution"},
}
NOT_GRANTED = {"explicit_deny", "no_policy_fix", "not_a_permission", "unknown"}
TEXTS = {
    "summary",
    "explanation",
    "id",
    "event_id",
    "event_time",
    "region",
    "source",
    "reason",
    "path",
    "sha256",
    "why",
    "how_to_find",
    "because",
    "command",
    "call",
    "event_source",
    "event_name",
}


def complaints(document: Document) -> list[str]:
    """Every rule that the document breaks; empty where it keeps them all."""
    return [*_form(document), *_words(document), *_findings(document), *_deltas(document)]


def _form(document: Document) -> Iterator[str]:
    told = json.dumps(document, allow_nan=False)
    if json.loads(told) != document:
        yield "the document is not what its JSON says"
    told.encode()
    if document["schema"] != "trailsleuth.case/2":
        yield "another schema"


def _objects(value: object) -> Iterator[Document]:
    if isinstance(value, dict):
        yield value
        for key, member in value.items():
            if key not in {"conditions", "document", "remove"}:
                yield from _objects(member)
    elif isinstance(value, list):
        for member in value:
            yield from _objects(member)


def _words(document: Document) -> Iterator[str]:
    for each in _objects(document):
        for key, value in each.items():
            if key in WORDS and value not in WORDS[key] and not (key == "cause" and value is None):
                yield f"{key} is {value!r}"
            optional = (key == "event_id" and "assumed_by" in each) or (key == "source" and "event_id" not in each and "reason" not in each)
            if key in TEXTS and not optional and not isinstance(value, str):
                yield f"{key} is no text: {value!r}"
        if not set(each.get("policy_types", ())) <= WORDS["policy_type"]:
            yield f"policy types {each['policy_types']}"


def _findings(document: Document) -> Iterator[str]:
    findings = document["findings"]
    if [finding["rank"] for finding in findings] != list(range(1, len(findings) + 1)):
        yield "ranks have holes"
    if len({finding["id"] for finding in findings}) != len(findings):
        yield "two findings have one id"
    for finding in findings:
        if finding["basis"] == "observed" and not finding["evidence"]:
            yield "observed without a record"
        if not finding["explanation"]:
            yield "a finding without explanation"
        if finding["cause"] in {"no_policy_fix", "not_a_permission"} and finding["policy_types"]:
            yield "no policy helps and policy types are named"
    if document["outcome"] == "no_denial_found" and any(finding["standing"] == "cause" for finding in findings):
        yield "no denial found and a cause named"


def _deltas(document: Document) -> Iterator[str]:
    by_id = {finding["id"]: finding for finding in document["findings"]}
    for delta in document["deltas"]:
        served = [by_id.get(each) for each in delta["finding_ids"]]
        if not served or None in served:
            yield "a delta for no finding"
            continue
        if any(finding["standing"] not in {"cause", "also_needed"} for finding in served if finding):
            yield "a delta for what need not change"
        statements = (delta["document"] or {}).get("Statement", [])
        if statements and all(finding["cause"] in NOT_GRANTED for finding in served if finding):
            yield "an Allow where a deny or no policy decides"
        for statement in statements:
            if statement.get("Effect") != "Allow" or statement.get("Principal") == "*":
                yield f"a delta that adds {statement}"
