"""A reduction as the contract's document and as text for a terminal: one screen, whatever the role did. The whole stands in JSON and CSV."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from trailsleuth.model.reduction import Reduction, Reductions, UnusedGrant, Use
from trailsleuth.report.context import Document, RenderContext
from trailsleuth.report.json import policy_json
from trailsleuth.report.layout import paragraph
from trailsleuth.report.sanitize import for_terminal

SCHEMA, SCHEMA_OF_ALL = "trailsleuth.reduction/1", "trailsleuth.reductions/1"
SHOWN, LINES, SERVICES = 8, 40, 12  # items of a list, lines of a policy and services that the table shows


def policy_document(statements: Iterable[Mapping[str, Any]]) -> Document:
    """The statements as a policy."""
    return {"Version": "2012-10-17", "Statement": [dict(statement) for statement in statements]}


def reduction_document(reduction: Reduction) -> Document:
    """The JSON document `trailsleuth.reduction/1`."""
    return {
        "schema": SCHEMA,
        "role": reduction.role,
        "document": policy_document(reduction.statements),
        "used": used_rows(reduction),
        "unused": [
            {"policy": one.policy, "statement": one.statement, "iam_actions": list(one.iam_actions), "cannot_tell": list(one.cannot_tell)}
            for one in reduction.unused
        ],
        "proof": {
            "sufficient": reduction.proof.sufficient,
            "minimal": reduction.proof.minimal,
            "undecided": list(reduction.proof.undecided),
        },
        "beyond_trail": [{"why": one.why, "statement": dict(one.statement)} for one in reduction.beyond_trail],
        "gaps": list(reduction.gaps),
        "documents": [{"name": one.name, "size": one.size, "document": policy_document(one.statements)} for one in reduction.documents],
        "boundary": reduction.boundary,
        "roles": list(reduction.roles or (reduction.role,)),
    }


def reductions_document(found: Reductions) -> Document:
    """The JSON document `trailsleuth.reductions/1`: one reduction after the other, and who made no call."""
    return {"schema": SCHEMA_OF_ALL, "reductions": [reduction_document(one) for one in found.reductions], "silent": list(found.silent)}


def used_rows(reduction: Reduction) -> list[Document]:
    """The uses of a reduction, one a row."""
    return [
        {
            "iam_action": use.iam_action,
            "resource": use.resource,
            "count": use.count,
            "first_seen": _time(use.first_seen),
            "last_seen": _time(use.last_seen),
            "days": use.days,
            "calls": list(use.calls),
        }
        for use in reduction.used
    ]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def render_reduction(reduction: Reduction, context: RenderContext, changes: Document | None = None) -> str:
    """The policy first, then its proof, what to keep beside it, what was used and what was not, and what the trail cannot tell."""
    lines = [line for part in _parts(reduction, context, changes) for line in part]
    return "\n".join(lines) + "\n"


def render_reductions(found: Reductions, context: RenderContext) -> str:
    """A line for each role: how much of what it may do it was seen to use."""
    lines = ["What each role was seen to use; --role ROLE shows its policy", ""]
    for one in found.reductions:
        unused = sum(len(grant.iam_actions) for grant in one.unused)
        actions = len({use.iam_action for use in one.used})
        proof = {True: "proven", False: "not sufficient", None: "not proven"}[one.proof.sufficient]
        lines += _item(f"{one.role}: {_count(actions, 'action')} used, {unused} granted and unused, {_count(len(one.documents), 'document')}, {proof}", context)
    lines += ["", "Made no call in the evidence", *_listed(found.silent, context)] if found.silent else []
    return "\n".join(lines) + "\n"


def _parts(reduction: Reduction, context: RenderContext, changes: Document | None) -> Iterator[list[str]]:
    kind = "permissions boundary" if reduction.boundary else "policy"
    yield [*_flow(f"The smallest {kind} of", reduction.role, context), ""]
    yield [*_policy(reduction), ""]
    yield [*paragraph(_proof(reduction), width=context.width), ""]
    if changes is not None:
        yield _changes(changes, context)
    if reduction.beyond_trail:
        yield _beyond(reduction, context)
    yield _used(reduction.used, context)
    if reduction.unused:
        yield ["Granted, never seen used", *_some([_unused(one, context) for one in reduction.unused]), ""]
    yield ["What this trail cannot tell", *(_listed(reduction.gaps, context) or ["  nothing is missing"])]


def _policy(reduction: Reduction) -> list[str]:
    """The policy where it is short, else how large it is and how to get at it."""
    lines = policy_json(policy_document(reduction.statements)).splitlines()
    if len(lines) <= LINES:
        return lines
    size = f"{sum(document.size for document in reduction.documents):,} characters in {_count(len(reduction.documents), 'document')}"
    return [f"{_count(len(reduction.statements), 'statement')}, {size}: -o json shows them,", "-o terraform, cloudformation, cdk or cli attaches them"]


def _flow(label: str, text: str, context: RenderContext) -> list[str]:
    return paragraph(f"{label} {for_terminal(text, unicode=context.unicode)}", width=context.width)


def _item(text: str, context: RenderContext) -> list[str]:
    first, *rest = paragraph(for_terminal(text, unicode=context.unicode), width=context.width - 2, indent=2)
    return [f"- {first.lstrip()}", *rest]


def _listed(texts: Sequence[str], context: RenderContext) -> list[str]:
    return _some([_item(text, context) for text in texts])


def _some(items: Sequence[list[str]]) -> list[str]:
    """The first items, and how many more there are."""
    more = [f"  and {len(items) - SHOWN} more: -o json"] if len(items) > SHOWN else []
    return [line for item in items[:SHOWN] for line in item] + more


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _proof(reduction: Reduction) -> str:
    words = {True: "yes", False: "no", None: "cannot be told"}
    proof = reduction.proof
    text = f"Allows everything seen: {words[proof.sufficient]}. Nothing in it could go: {words[proof.minimal]}."
    return f"{text} Open: {for_terminal(', '.join(proof.undecided))}." if proof.undecided else text


def _changes(changes: Document, context: RenderContext) -> list[str]:
    lines = ["Since the earlier reduction"]
    for key, what in (("added", "Added"), ("removed", "Removed"), ("used_now", "Used now"), ("used_no_more", "No longer used")):
        lines += _some([_item(f"{what}: {one}", context) for one in changes[key]])
    return [*lines, *(["  nothing changed"] if len(lines) == 1 else []), ""]


def _beyond(reduction: Reduction, context: RenderContext) -> list[str]:
    lines = ["Keep beside it until a trail can tell (granted today, not in the policy above)"]
    for why in dict.fromkeys(one.why for one in reduction.beyond_trail):
        lines += _item(f"{why}:", context)
        kept = [[f"  {line}" for line in policy_json(dict(one.statement)).splitlines()] for one in reduction.beyond_trail if one.why == why]
        lines += _some(kept) if sum(map(len, kept)) <= LINES else [f"  {_count(len(kept), 'statement')}: -o json"]
    return [*lines, ""]


def _used(uses: Sequence[Use], context: RenderContext) -> list[str]:
    """A line for each service: its actions, how many calls, and when it was last seen."""
    by_service: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        by_service[use.iam_action.partition(":")[0]].append(use)
    lines = ["Used"]
    for service, held in sorted(by_service.items(), key=lambda item: -sum(use.count for use in item[1]))[:SERVICES]:
        names = sorted({use.iam_action.partition(":")[2] for use in held})
        shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
        on = _count(len({use.resource for use in held}), "resource")
        lines += _item(f"{service}: {shown}; on {on}, {_count(sum(u.count for u in held), 'call')}, last {_time(max(u.last_seen for u in held))}", context)
    more = len(by_service) - SERVICES
    return [*lines, *([f"  and {more} more services: -o json"] if more > 0 else []), *([] if uses else ["  nothing was seen"]), ""]


def _unused(one: UnusedGrant, context: RenderContext) -> list[str]:
    shown = list(one.iam_actions[:SHOWN])
    more = f" and {len(one.iam_actions) - SHOWN} more" if len(one.iam_actions) > SHOWN else ""
    untold = " (the trail cannot tell)" if one.cannot_tell and set(one.cannot_tell) == set(one.iam_actions) else ""
    return _item(f"{one.policy}, statement {one.statement}{untold}: {', '.join(shown)}{more}", context)
