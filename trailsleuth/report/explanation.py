"""An explanation as the JSON of the contract, and as a table for a person."""

from __future__ import annotations

import textwrap
from typing import Any

from trailsleuth.model import Cause
from trailsleuth.model.explanation import EXPLANATION_SCHEMA, ExplainedDenial, Explanation
from trailsleuth.report.sanitize import for_terminal
from trailsleuth.report.words import CAUSE, POLICY_TYPE


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """The document `trailsleuth.explanation/1`."""
    return {
        "schema": EXPLANATION_SCHEMA,
        "denials": [_denial_document(denial) for denial in explanation.denials],
        "not_denials": explanation.not_denials,
        "unreadable": explanation.unreadable,
    }


def _denial_document(denial: ExplainedDenial) -> dict[str, Any]:
    return {
        "count": denial.count,
        "principal": denial.principal,
        "iam_action": denial.iam_action,
        "resource": denial.resource,
        "effect": denial.effect.value,
        "policy_type": denial.policy_type.value if denial.policy_type else None,
        "policy_arn": denial.policy_arn,
        "authorization_id": denial.authorization_id,
        "encoded_message": denial.encoded_message.value if denial.encoded_message else None,
        "cause": denial.cause.value,
        "known_from": dict(sorted(denial.known_from.items())),
        "event_id": denial.event_id,
        "advice": denial.advice,
    }


def render_explanation(explanation: Explanation, *, width: int = 80) -> str:
    """One block for each denial: what is known and from where, then the advice; at the end what was no denial."""
    blocks = [_block(number, denial, width) for number, denial in enumerate(explanation.denials, start=1)]
    rest = []
    if explanation.not_denials:
        rest.append(f"{explanation.not_denials} more read: not denied.")
    if explanation.unreadable:
        rest.append(f"{explanation.unreadable} unreadable.")
    if not blocks:
        rest.insert(0, "No denial was read.")
    return "\n\n".join([*blocks, *([" ".join(rest)] if rest else [])]) + "\n"


def _block(number: int, denial: ExplainedDenial, width: int) -> str:
    rows = [
        ("who", denial.principal, denial.known_from.get("principal")),
        ("what", denial.iam_action, denial.known_from.get("iam_action")),
        ("on", denial.resource, denial.known_from.get("resource")),
        ("cause", CAUSE[denial.cause.value] if denial.cause is not Cause.UNKNOWN else "not said", None),
        ("layer", f"{POLICY_TYPE[denial.policy_type.value]}, {denial.effect.value} deny" if denial.policy_type else None, None),
        ("policy", denial.policy_arn, None),
        ("encoded", denial.encoded_message.value if denial.encoded_message else None, None),
        ("record", denial.event_id, None),
        ("seen", f"{denial.count} times" if denial.count > 1 else None, None),
    ]
    lines = [f"{number}. {for_terminal(denial.iam_action or 'a denial')}"]
    for name, value, origin in rows:
        shown = for_terminal(value) if value else "not said" if name in ("who", "what", "on", "layer") else None
        if shown is not None:
            lines.append(f"   {name:<8} {shown}" + (f"  (from the {origin.replace('_', ' ')})" if origin and value else ""))
    advice = textwrap.wrap(for_terminal(denial.advice), max(40, width - 12), break_long_words=False, break_on_hyphens=False)
    lines += [f"   {'do' if index == 0 else '':<8} {line}" for index, line in enumerate(advice)]
    return "\n".join(lines)
