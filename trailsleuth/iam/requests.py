"""Requests that carry their own policies, decided one by one: the form of `trailsleuth simulate --requests`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from trailsleuth.catalog.actions import entry, nearest
from trailsleuth.catalog.operations import meant_action
from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.iam.document import parse_policy, value_text
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import AccessRequest, Decision, NearMiss, Policy, PolicyLevel, PolicySet, StatementRef, Verdict

Answer = dict[str, Any]


def simulate_requests(text: str) -> list[Answer]:
    """One answer a request, in their order. The context given is complete: a key that is neither given nor follows from the request was absent."""
    return [answer_request(request, index) for index, request in enumerate(_read(text))]


def answer_request(request: object, index: int = 0) -> Answer:
    """The decision on one request object; one that cannot be read is undecided and says why."""
    named = request.get("id") if isinstance(request, Mapping) else None
    identifier = named if isinstance(named, str) or (isinstance(named, int) and not isinstance(named, bool)) else str(index if named is None else named)
    try:
        asked, policies = read_request(request)
    except ValueError as reason:
        return {**answer_of(Decision(verdict=Verdict.UNDECIDED)), "id": identifier, "error": str(reason)}
    return {**answer_of(decide(meant(asked), policies), action=asked.action), "id": identifier}


def meant(asked: AccessRequest) -> AccessRequest:
    """The request with the action that is checked where it names an operation or event (`s3:ListObjects`) in its place."""
    return replace(asked, action=meant_action(asked.action) or asked.action)


def answer_of(decision: Decision, *, action: str | None = None) -> Answer:
    """The decision as the contract's `simulate` answer has it; `notes` say that there is no such `action`, or that no reference lists it."""
    return {
        "id": None,
        "decision": str(decision.verdict),
        "blocked_by": [str(layer) for layer in decision.blocked_by],
        "matched": [_shown(ref) for ref in decision.matched],
        "near_misses": [_near(near) for near in decision.near_misses],
        "missing_context": list(decision.missing_context),
        "notes": _notes(action) if action is not None else [],
    }


def _notes(action: str) -> list[str]:
    """For an action that there is not, the nearest real ones; for one that no reference lists, why it is taken to exist."""
    found = entry(action)
    if found is not None:
        return [found.unlisted.why] if found.unlisted else []
    checked = meant_action(action)
    if checked is not None:
        return [f"{action} is an operation; it is checked for {checked}"]
    near = nearest(action)
    return [f"there is no action {action}" + (f"; the nearest: {', '.join(near)}" if near else "")]


def _shown(ref: StatementRef) -> dict[str, str]:
    return {"policy": ref.policy, "statement": ref.statement, "layer": str(ref.layer)}


def _near(near: NearMiss) -> dict[str, Any]:
    failed = []
    for miss in near.mismatches:
        entry: dict[str, Any] = {"part": miss.part, "wanted": list(miss.wanted), "given": None if miss.given is None else list(miss.given)}
        if miss.part == "condition":
            entry |= {"operator": miss.operator, "key": miss.key}
        failed.append(entry)
    return {**_shown(near.statement), "effect": near.effect, "failed_on": failed}


def _read(text: str) -> Iterator[object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        yield from _read_lines(text)
        return
    if isinstance(value, list):
        yield from value
    else:
        yield value


def _read_lines(text: str) -> Iterator[object]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as cause:
            raise EvidenceUnreadable(
                "the requests cannot be read", why=f"line {number} is not JSON", next_step="give a JSON list of requests, or one request a line"
            ) from cause


def read_request(request: object) -> tuple[AccessRequest, PolicySet]:
    """The request and the policies of one request object. ValueError says what is missing in it."""
    if not isinstance(request, Mapping):
        raise ValueError("not an object")
    account = request.get("resource_account")
    asked = AccessRequest(
        principal=_principal(request),
        action=_text(request, "action"),
        resource=_text(request, "resource") if request.get("resource") else "*",
        resource_account=str(account) if account else None,
        context=read_context(request.get("context")),
        complete=True,
    )
    given = request.get("policies")
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise ValueError("policies is not an object")
    return asked, read_policies(given)


def _text(request: Mapping[str, Any], field: str) -> str:
    value = request.get(field)
    if not isinstance(value, str):
        raise ValueError(f"{field} is missing or not text")
    return value


def _principal(request: Mapping[str, Any]) -> str:
    """Text, or an object as records have it: `{"type": "Anonymous"}`, else what its `arn`, `service` or `invokedBy` says."""
    value = request.get("principal")
    if not isinstance(value, Mapping):
        return _text(request, "principal")
    if str(value.get("type", "")).lower() == "anonymous":
        return "anonymous"
    named = next((value[field] for field in ("arn", "service", "invokedBy", "value") if isinstance(value.get(field), str)), None)
    if named is None:
        raise ValueError("principal names nobody: give its arn or service, or the type Anonymous")
    return str(named)


def read_context(value: object) -> dict[str, tuple[str, ...]]:
    """Context keys with their values as text; a null means that the key was absent."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError("context is not an object")
    found: dict[str, tuple[str, ...]] = {}
    for key, given in value.items():
        if given is None:
            continue
        texts = [value_text(item) for item in (given if isinstance(given, list) else [given])]
        if None in texts:
            raise ValueError(f"context key {key} has a value that is neither text, number nor boolean")
        found[str(key)] = tuple(text for text in texts if text is not None)
    return found


def read_policies(given: Mapping[str, Any]) -> PolicySet:
    """The policies of a request, by kind. Null or left out: there is none of that kind."""
    resource = _policies(given.get("resource"), "resource")
    return PolicySet(
        identity=_policies(given.get("identity"), "identity") or (),
        boundaries=_policies(given.get("permission_boundaries"), "boundary"),
        session=_policies(given.get("session"), "session"),
        scps=_levels(given.get("scps"), "scp"),
        rcps=_levels(given.get("rcps"), "rcp"),
        resource=resource[0] if resource else None,
        endpoint=_policies(given.get("vpc_endpoint"), "vpc_endpoint"),
    )


def _policies(value: object, kind: str) -> tuple[Policy, ...] | None:
    if value is None:
        return None
    listed = value if isinstance(value, list) else [value]
    return tuple(_policy(item, kind if len(listed) == 1 else f"{kind}-{index}") for index, item in enumerate(listed))


def _policy(value: object, name: str) -> Policy:
    if isinstance(value, Mapping) and "policy" in value and "Statement" not in value:
        arn = value.get("arn")
        return parse_policy(value["policy"], name=str(value.get("name") or name), arn=arn if isinstance(arn, str) else None)
    return parse_policy(value, name=name)


def _levels(value: object, kind: str) -> tuple[PolicyLevel, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        value = [value]
    levels = [level for level in value if isinstance(level, Mapping) and "policies" in level]
    if len(levels) < len(value):  # plain documents: all of one level
        return (PolicyLevel(name=kind, policies=_policies(value, kind) or ()),)
    return tuple(PolicyLevel(name=str(level.get("orgIdentifier", kind)), policies=_policies(level["policies"], kind) or ()) for level in levels)
