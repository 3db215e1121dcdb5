"""Holds a diagnosis to the truth of a case, in five parts: outcome, named, kind, quiet, delta.

Each part gives the reasons why it does not hold. What is equally right stands in the truth's `or_…` fields; what is no grant (a verdict that no
policy helps, an unreadable refusal) can't be a wrong grant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
PARTS = ("outcome", "named", "kind", "quiet", "delta")
NO_GRANTS = {"no_policy_fix", "not_a_permission", "unknown"}


def judge(truth: Document, answer: Document) -> dict[str, list[str]]:
    """Part to its complaints; a case is right when all are empty."""
    blamed = [finding for finding in answer["findings"] if finding["standing"] in ("cause", "also_needed")]
    return {
        "outcome": [] if answer["outcome"] == truth["outcome"] else [f"{answer['outcome']}, not {truth['outcome']}"],
        "named": [f"nobody names {_said(cause)}" for cause in truth["causes"] if not _hits(cause, blamed)],
        "kind": [complaint for cause in truth["causes"] for complaint in _kind(cause, _hits(cause, blamed))],
        "quiet": list(_loud(truth, blamed, answer["deltas"])),
        "delta": list(_wrong_deltas(truth, answer["deltas"])),
    }


def _said(cause: Document) -> str:
    return f"{cause['iam_action'] or cause['cause']} on {cause['resource']} by {cause['principal']}"


def _either(cause: Document, field: str) -> set[str]:
    plural = {"iam_action": "or_actions", "resource": "or_resources", "cause": "or_causes"}[field]
    return {cause[field], *cause.get(plural, [])}


def _hits(cause: Document, blamed: Iterable[Document]) -> list[Document]:
    return [finding for finding in blamed if _is(cause, finding)]


def _is(cause: Document, finding: Document) -> bool:
    if cause["principal"] not in (None, finding["principal"]):
        return False
    if cause["resource"] is not None and finding["resource"] not in _either(cause, "resource"):
        return False
    if cause["iam_action"] is None:
        return finding["cause"] in _either(cause, "cause")
    return (finding["iam_action"] or "").lower() in {action.lower() for action in _either(cause, "iam_action")}


def _kind(cause: Document, hits: list[Document]) -> Iterator[str]:
    """The label, and the layers: both sides may stand in one finding or in two."""
    labelled = [finding for finding in hits if finding["cause"] in _either(cause, "cause")]
    layers = {layer for finding in labelled for layer in finding["policy_types"]}
    wanted = [set(cause["policy_types"]), *(set(other) for other in cause.get("or_policy_types", []))]
    if hits and not (labelled and any(want <= layers for want in wanted)):
        got = [(finding["cause"], finding["policy_types"]) for finding in hits]
        yield f"{_said(cause)}: {got}, not {cause['cause']} at {cause['policy_types']}"


def _loud(truth: Document, blamed: list[Document], deltas: list[Document]) -> Iterator[str]:
    fair = [*truth["also_ok"], *(action for cause in truth["causes"] for action in _either(cause, "iam_action") if action)]
    grants = [finding for finding in blamed if finding["cause"] not in NO_GRANTS and finding["group"] == 1]  # other chains are named, not answered
    for finding in grants:
        action = finding["iam_action"]
        if action and not any(_like(pattern.lower(), action.lower()) for pattern in fair):
            yield f"beside the point: {action} by {finding['principal']}"
    for decoy in truth["must_not"]:
        who, _, action = decoy.rpartition(" ")
        if any((f["iam_action"] or "").lower() == action.lower() and who in ("", f["principal"]) for f in grants):
            yield f"decoy blamed: {decoy}"
        if any(who in ("", delta["attach_to"]) and _names(delta, action) for delta in deltas):
            yield f"decoy in a delta: {decoy}"


def _wrong_deltas(truth: Document, deltas: list[Document]) -> Iterator[str]:
    for place, action, resource in truth["delta_allows"]:
        if not _granted(deltas, place, action, resource):
            yield f"{place} is not given {action} on {resource}"
    for place, action, resource in truth["delta_denies"]:
        if _granted(deltas, place, action, resource):
            yield f"{place} is given {action} on {resource}"
    identity = [delta for delta in deltas if delta["policy_type"] == "identity"]
    for place, action, resource in truth.get("identity_denies", []):
        if _granted(identity, place, action, resource):
            yield f"an Allow of {action} on {place} cures nothing"
    if truth["no_delta"] and any(_statements(delta) for delta in deltas):
        yield "a delta where no policy helps"


def _like(pattern: str, value: str) -> bool:
    """IAM's two wildcards over the whole value."""
    parts = (".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _statements(delta: Document) -> list[Document]:
    return _listed((delta["document"] or {}).get("Statement"))


def _names(delta: Document, action: str) -> bool:
    return any(_like(name.lower(), action.lower()) for statement in _statements(delta) for name in _listed(statement.get("Action")))


def _granted(deltas: Iterable[Document], place: str, action: str, resource: str) -> bool:
    allowing = (s for delta in deltas if delta["attach_to"] == place for s in _statements(delta) if s.get("Effect") == "Allow")
    return any(_covers(statement, action, resource) for statement in allowing)


def _covers(statement: Document, action: str, resource: str) -> bool:
    """Without a Resource (trust) the statement is about its role; NotAction and NotResource are as broad as it gets."""
    if statement.keys() & {"NotAction", "NotResource"}:
        return True
    resources = _listed(statement.get("Resource"))
    named = any(_like(name.lower(), action.lower()) for name in _listed(statement.get("Action")))
    return named and (not resources or any(_like(pattern, resource) for pattern in resources))
