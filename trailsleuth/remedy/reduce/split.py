"""A reduced policy as documents that AWS takes: cut at the size of a managed policy, and where even ten of them are too few, common beginnings of names.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trailsleuth.iam.match import resource_matches
from trailsleuth.model import parse_arn
from trailsleuth.model.pattern import is_wide
from trailsleuth.model.reduction import NamedDocument

MANAGED, INLINE, ATTACHED = 6144, 10240, 10  # characters without blanks; managed policies of a role
_ENDS = "/:-_."
_LEAST_NAME = 3  # characters of a name that a pattern keeps
Allow = Mapping[str, Any]


def size_of(statements: Iterable[Allow]) -> int:
    """The characters of the document as IAM counts them."""
    return len(json.dumps({"Version": "2012-10-17", "Statement": [dict(s) for s in statements]}, separators=(",", ":")))


def fitted(statements: tuple[Allow, ...], known: Iterable[str], *, documents: int = ATTACHED) -> tuple[tuple[Allow, ...], tuple[str, ...]]:
    """The statements so that they fit into the documents that a role may have, and what each pattern made for it lets in besides, in sentences."""
    prices: list[str] = []
    others = sorted(set(known)) if len(_packed(statements)) > documents else []
    while len(_packed(statements)) > documents and (found := _best_fold(statements, others)) is not None:
        index, members, pattern = found
        statement = statements[index]
        resources = sorted({r for r in _listed(statement["Resource"]) if r not in members} | {pattern})
        statements = (*statements[:index], {**statement, "Resource": resources if len(resources) > 1 else resources[0]}, *statements[index + 1 :])
        more = [arn for arn in others if arn not in members and resource_matches(pattern, arn)]
        cost = f"it also allows {', '.join(more[:3])}{' and others' if len(more) > 3 else ''}" if more else "the evidence knows nothing else that it allows"
        prices.append(f"{pattern} stands for {len(members)} resources to keep within AWS's limits: {cost}.")
    return statements, tuple(prices)


def documents_of(statements: tuple[Allow, ...], role: str) -> tuple[NamedDocument, ...]:
    """The statements as one document, or as several that each fit into a managed policy."""
    base = (role.rpartition("/")[2] or "role")[:100]
    packed = _packed(statements)
    names = [f"{base}-least"] if len(packed) == 1 else [f"{base}-least-{number}" for number in range(1, len(packed) + 1)]
    return tuple(NamedDocument(name=name, statements=part, size=size_of(part)) for name, part in zip(names, packed, strict=True))


def _packed(statements: Iterable[Allow]) -> list[tuple[Allow, ...]]:
    """First fit, in order."""
    bins: list[list[Allow]] = []
    for piece in (one for statement in statements for one in _cut(statement)):
        room = next((held for held in bins if size_of([*held, piece]) <= MANAGED), None)
        if room is None:
            bins.append([piece])
        else:
            room.append(piece)
    return [tuple(held) for held in bins] or [()]


def _cut(statement: Allow) -> Iterator[Allow]:
    """The statement itself where it fits, else its longer list in halves."""
    if size_of([statement]) <= MANAGED:
        yield statement
        return
    key = max(("Resource", "Action"), key=lambda k: len(json.dumps(statement.get(k, ""))))
    values = _listed(statement.get(key, ""))
    if len(values) < 2 or statement.get("Effect") != "Allow":
        yield statement
        return
    half = len(values) // 2
    for part in (values[:half], values[half:]):
        yield from _cut({**statement, key: part if len(part) > 1 else part[0]})


def _best_fold(statements: tuple[Allow, ...], others: list[str]) -> tuple[int, frozenset[str], str] | None:
    """The common beginning that saves the most for the least: the statement, the resources that it replaces, the pattern."""
    best: tuple[float, int, str, frozenset[str]] | None = None
    for index, statement in enumerate(statements):
        if statement.get("Effect") != "Allow" or "Resource" not in statement:
            continue
        for head, members in _beginnings(_listed(statement["Resource"])).items():
            price = sum(arn.startswith(head) for arn in others) - len(members)
            worth = (sum(len(one) + 3 for one in members) - len(head)) / (1 + max(0, price))
            if best is None or (worth, head) > (best[0], best[2]):
                best = (worth, index, head, frozenset(members))
    return (best[1], best[3], f"{best[2]}*") if best else None


def _beginnings(resources: list[str]) -> dict[str, set[str]]:
    """What three and more of the resources begin with, up to a separator within their name."""
    found: dict[str, set[str]] = defaultdict(set)
    for resource in resources:
        start = _name_starts(resource)
        for end in range(start + _LEAST_NAME, len(resource)):
            if resource[end - 1] in _ENDS and not is_wide(resource[:end]):
                found[resource[:end]].add(resource)
    return {head: members for head, members in found.items() if len(members) > 2}


def _name_starts(resource: str) -> int:
    """Where the name of an ARN begins, after its type; for an object after the bucket."""
    arn = parse_arn(resource)
    if arn is None:
        return len(resource)
    head = len(resource) - len(arn.resource)
    cut = next((at for at, sign in enumerate(arn.resource) if sign in "/:"), None)
    return head if cut is None else head + cut + 1


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
