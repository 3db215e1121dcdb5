"""A reduction as the contract's document and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from trailsleuth.model.reduction import Reduction, UnusedGrant
from trailsleuth.report.context import Document, RenderContext
from trailsleuth.report.json import policy_json
from trailsleuth.report.layout import paragraph
from trailsleuth.report.sanitize import for_terminal

SCHEMA = "trailsleuth.reduction/1"
SHOWN = 12  # unused actions of one statement in a table


def policy_document(statements: Iterable[Mapping[str, Any]]) -> Document:
    """The statements as a policy."""
    return {"Version": "2012-10-17", "Statement": [dict(statement) for statement in statements]}


def reduction_document(reduction: Reduction) -> Document:
    """The JSON document `trailsleuth.reduction/1`."""
    return {
        "schema": SCHEMA,
        "role": reduction.role,
        "document": policy_document(reduction.statements),
        "used": [
            {
                "iam_action": use.iam_action,
                "resource": use.resource,
                "count": use.count,
                "first_seen": _time(use.first_seen),
                "last_seen": _time(use.last_seen),
                "calls": list(use.calls),
            }
            for use in reduction.used
        ],
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
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def render_reduction(reduction: Reduction, context: RenderContext) -> str:
    """The policy first, then its proof, what to keep beside it, what was used and what was not, and what the trail cannot tell."""
    lines = [line for part in _parts(reduction, context) for line in part]
    return "\n".join(lines) + "\n"


def _parts(reduction: Reduction, context: RenderContext) -> Iterator[list[str]]:
    yield [*_flow("The smallest policy of", reduction.role, context), ""]
    yield [*policy_json(policy_document(reduction.statements)).splitlines(), ""]
    yield [*paragraph(_proof(reduction), width=context.width), ""]
    if reduction.beyond_trail:
        yield _beyond(reduction, context)
    yield _used(reduction, context)
    if reduction.unused:
        yield ["Granted, never seen used"]
        yield [line for one in reduction.unused for line in _unused(one, context)]
        yield [""]
    yield ["What this trail cannot tell"]
    yield [line for gap in reduction.gaps for line in _item(gap, context)] or ["  nothing is missing"]


def _flow(label: str, text: str, context: RenderContext) -> list[str]:
    return paragraph(f"{label} {for_terminal(text, unicode=context.unicode)}", width=context.width)


def _item(text: str, context: RenderContext) -> list[str]:
    first, *rest = paragraph(for_terminal(text, unicode=context.unicode), width=context.width - 2, indent=2)
    return [f"- {first.lstrip()}", *rest]


def _proof(reduction: Reduction) -> str:
    words = {True: "yes", False: "no", None: "cannot be told"}
    proof = reduction.proof
    text = f"Allows everything seen: {words[proof.sufficient]}. Nothing in it could go: {words[proof.minimal]}."
    return f"{text} Open: {for_terminal(', '.join(proof.undecided))}." if proof.undecided else text


def _beyond(reduction: Reduction, context: RenderContext) -> list[str]:
    lines = ["Keep beside it until a trail can tell (granted today, not in the policy above)"]
    for why in dict.fromkeys(one.why for one in reduction.beyond_trail):
        lines += _item(f"{why}:", context)
        for one in reduction.beyond_trail:
            if one.why == why:
                lines += [f"  {line}" for line in policy_json(dict(one.statement)).splitlines()]
    return [*lines, ""]


def _used(reduction: Reduction, context: RenderContext) -> list[str]:
    lines = ["Used"]
    for use in reduction.used:
        times = "once" if use.count == 1 else f"{use.count:,} times"
        when = f"last {_time(use.last_seen)}"
        lines += _item(f"{use.iam_action}, {times}, {when}", context)
        lines += paragraph(for_terminal(use.resource or "on what, the trail does not show", unicode=context.unicode), width=context.width, indent=4)
    return [*lines, "" if reduction.used else "  nothing was seen", *([] if reduction.used else [""])]


def _unused(one: UnusedGrant, context: RenderContext) -> list[str]:
    shown = list(one.iam_actions[:SHOWN])
    more = f" and {len(one.iam_actions) - SHOWN} more" if len(one.iam_actions) > SHOWN else ""
    untold = " (the trail cannot tell)" if one.cannot_tell and set(one.cannot_tell) == set(one.iam_actions) else ""
    return _item(f"{one.policy}, statement {one.statement}{untold}: {', '.join(shown)}{more}", context)
