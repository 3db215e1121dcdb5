"""Policy documents, read: statements with lists made of single values, and what is wrong with the rest.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from trailsleuth.iam.operators import read_operator
from trailsleuth.model import Condition, Malformed, Policy, PolicyDocument, Principals, Statement

OLD_VERSION = "2008-10-17"
_ELEMENTS = frozenset({"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_PRINCIPAL_KINDS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


def parse_policy(document: object, *, name: str, arn: str | None = None) -> Policy:
    """The policy in a JSON value, JSON text or URL-encoded JSON text; its faults stand in `document.malformed`."""
    return Policy(name=name, document=parse_document(document), arn=arn)


def parse_document(document: object) -> PolicyDocument:
    """The document's statements. One that is no policy at all is one Deny that cannot be read, for nobody can tell what it denies."""
    value = _decoded(document)
    if not isinstance(value, Mapping):
        return _unreadable("", "not a JSON object", OLD_VERSION)
    version = value.get("Version", OLD_VERSION)
    if not isinstance(version, str):
        version = OLD_VERSION
    faults = [Malformed(path=str(key), reason="no element of a policy") for key in value if key not in ("Version", "Id", "Statement")]
    if version not in ("2012-10-17", OLD_VERSION):
        faults.append(Malformed(path="Version", reason=f"no such policy language version: {version[:40]}"))
    listed = value.get("Statement", [])
    if "Statement" not in value:
        faults.append(Malformed(path="Statement", reason="missing"))
    if isinstance(listed, Mapping):
        listed = [listed]
    if not isinstance(listed, list | tuple):
        return _unreadable("Statement", "neither an object nor a list", version)
    statements = [s for i, raw in enumerate(listed) if (s := _statement(raw, i, faults)) is not None]
    return PolicyDocument(version=version, statements=tuple(statements), malformed=tuple(faults))


def _decoded(document: object) -> object:
    if isinstance(document, bytes):
        document = document.decode("utf-8", "replace")
    if not isinstance(document, str):
        return document
    text = document.strip()
    if text.startswith("%7B") or text.startswith("%7b"):
        text = unquote(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _unreadable(path: str, reason: str, version: str) -> PolicyDocument:
    shut = Statement(index=0, sid=None, effect="Deny", unreadable=("effect", "action", "resource", "principal", "condition"))
    return PolicyDocument(version=version, statements=(shut,), malformed=(Malformed(path=path, reason=reason),))


class _Faults:
    """Collects what is wrong in one statement, and which of its parts that spoils."""

    def __init__(self, index: int, faults: list[Malformed]) -> None:
        self.place, self.faults = f"Statement[{index}]", faults
        self.spoilt: list[str] = []

    def note(self, element: str, reason: str) -> None:
        self.faults.append(Malformed(path=f"{self.place}.{element}" if element else self.place, reason=reason))

    def spoil(self, part: str, element: str, reason: str) -> None:
        self.note(element, reason)
        if part not in self.spoilt:
            self.spoilt.append(part)


def _statement(raw: object, index: int, faults: list[Malformed]) -> Statement | None:
    found = _Faults(index, faults)
    if not isinstance(raw, Mapping):
        found.note("", "not an object")
        return Statement(index=index, sid=None, effect="Deny", unreadable=("effect", "action", "resource", "principal", "condition"))
    for key in raw:
        if key not in _ELEMENTS:
            found.spoil("condition", str(key), "no element of a statement")
    effect = raw.get("Effect")
    if effect not in ("Allow", "Deny"):
        found.spoil("effect", "Effect", "neither Allow nor Deny")
    actions, not_actions = _pair(raw, "Action", found)
    if not (actions or not_actions or "Action" in raw or "NotAction" in raw):
        found.spoil("action", "Action", "missing")
    for action in (*actions, *not_actions):
        if ":" not in action and action != "*":
            found.note("Action", f"not of the form service:Action: {action[:80]}")
    resources, not_resources = _pair(raw, "Resource", found)
    principals = _principals(raw, found)
    conditions = _conditions(raw.get("Condition", {}), found)
    if found.spoilt and effect == "Allow":
        return None
    sid = raw.get("Sid")
    return Statement(
        index=index,
        sid=sid if isinstance(sid, str) and sid else None,
        effect="Allow" if effect == "Allow" else "Deny",
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        principals=principals,
        conditions=conditions,
        raw=raw,
        unreadable=tuple(found.spoilt),
    )


def _pair(raw: Mapping[str, Any], element: str, found: _Faults) -> tuple[tuple[str, ...], tuple[str, ...]]:
    both = element in raw and f"Not{element}" in raw
    if both:
        found.spoil(element.lower(), element, f"stands beside Not{element}")
    return _texts(raw, element, found), _texts(raw, f"Not{element}", found)


def _texts(raw: Mapping[str, Any], element: str, found: _Faults) -> tuple[str, ...]:
    if element not in raw:
        return ()
    value = raw[element]
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        if not value:
            found.spoil(element.removeprefix("Not").lower(), element, "an empty list")
        return tuple(value)
    found.spoil(element.removeprefix("Not").lower(), element, "neither text nor a list of texts")
    return ()


def _principals(raw: Mapping[str, Any], found: _Faults) -> Principals | None:
    if "Principal" not in raw and "NotPrincipal" not in raw:
        return None
    if "Principal" in raw and "NotPrincipal" in raw:
        found.spoil("principal", "Principal", "stands beside NotPrincipal")
    element = "Principal" if "Principal" in raw else "NotPrincipal"
    value = raw[element]
    if value == "*":
        return Principals(entries=(("AWS", "*"),), negated=element == "NotPrincipal")
    if not isinstance(value, Mapping):
        found.spoil("principal", element, 'neither "*" nor an object of kinds')
        return Principals(entries=(), negated=element == "NotPrincipal")
    entries: list[tuple[str, str]] = []
    for kind, named in value.items():
        if kind not in _PRINCIPAL_KINDS:
            found.spoil("principal", f"{element}.{kind}", "no kind of principal")
            continue
        texts = (named,) if isinstance(named, str) else named
        if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
            found.spoil("principal", f"{element}.{kind}", "neither text nor a list of texts")
            continue
        entries += [(kind, text) for text in texts]
    return Principals(entries=tuple(entries), negated=element == "NotPrincipal")


def _conditions(value: object, found: _Faults) -> tuple[Condition, ...]:
    if not isinstance(value, Mapping):
        found.spoil("condition", "Condition", "not an object")
        return ()
    conditions: list[Condition] = []
    for operator, keys in value.items():
        if not isinstance(keys, Mapping):
            found.spoil("condition", f"Condition.{operator}", "not an object")
            continue
        if read_operator(operator) is None:
            found.note(f"Condition.{operator}", "no such condition operator")
        for key, wanted in keys.items():
            texts = _condition_values(wanted)
            if texts is None:
                found.spoil("condition", f"Condition.{operator}.{key}", "neither a value nor a list of values")
                continue
            conditions.append(Condition(operator=operator, key=key, values=texts))
    return tuple(conditions)


def _condition_values(wanted: object) -> tuple[str, ...] | None:
    listed = wanted if isinstance(wanted, list | tuple) else [wanted]
    texts = [value_text(item) for item in listed]
    return tuple(text for text in texts if text is not None) if None not in texts else None


def value_text(value: object) -> str | None:
    """A condition value as IAM compares it: JSON true is `true`, 5 is `5`. None for what cannot be one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    return None
