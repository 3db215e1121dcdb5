"""A reduction in the language of the tool that will apply it: the same forms as a fix, the uses as CSV."""

from __future__ import annotations

from collections.abc import Iterable

from trailsleuth.model import account_of
from trailsleuth.model.reduction import Reduction
from trailsleuth.report.context import Document
from trailsleuth.report.fix import render_deltas
from trailsleuth.report.reduction import policy_document, used_rows
from trailsleuth.report.sanitize import one_line
from trailsleuth.report.views import csv_pieces

INLINE = 10240  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
COMMENT = {"cdk": "//"}
STANDING = "In place of the policies of today: detach those once a test has passed."
COLUMNS = ("role", "iam_action", "resource", "count", "days", "first_seen", "last_seen", "calls")


def render_forms(reductions: Iterable[Reduction], form: str) -> str:
    """The documents of each reduction in one of the forms of `FIXES`. They stand in place of the policies of today, which nothing here detaches."""
    held = tuple(reductions)
    text = render_deltas([delta for reduction in held for delta in deltas_of(reduction)], form)
    if form == "json":
        return text
    mark = COMMENT.get(form, "#")
    beside = all(reduction.boundary for reduction in held)
    lines = [f"{mark} {'The policies of today stay: the boundary limits what they grant.' if beside else STANDING}\n"]
    lines += [f"{mark} {one_line(note)}\n" for reduction in held for note in _notes(reduction)]
    return "".join(lines) + text


def _notes(reduction: Reduction) -> list[str]:
    several = [f"The policy of a permission set is changed in IAM Identity Center, not in its roles: {reduction.role}."] if _is_set(reduction.role) else []
    count = len(reduction.beyond_trail)
    kept = (
        [f"{'1 grant' if count == 1 else f'{count} grants'} of today that the trail cannot judge {'is' if count == 1 else 'are'} not in it: see -o table."]
        if count
        else []
    )
    return [*several, *kept]


def _is_set(role: str) -> bool:
    return "AWSReservedSSO_" in role


def deltas_of(reduction: Reduction) -> list[Document]:
    """Each document as the change that attaches it: inline where all of them fit there, else as managed policies."""
    managed = reduction.boundary or sum(document.size for document in reduction.documents) > INLINE
    return [
        {
            "policy_type": "permission set" if _is_set(reduction.role) else "boundary" if reduction.boundary else "identity",
            "account": account_of(reduction.role),
            "attach_to": reduction.role,
            "policy_name": document.name,
            "managed": managed and not _is_set(reduction.role),
            "document": policy_document(document.statements),
            "remove": [],
            "finding_ids": [],
            "placeholders": [{"name": p.name, "why": p.why, "how_to_find": p.how_to_find} for p in reduction.placeholders],
            "warnings": [],
            "proof": {"sufficient": reduction.proof.sufficient, "minimal": reduction.proof.minimal, "undecided": list(reduction.proof.undecided)},
        }
        for document in reduction.documents
        if document.statements
    ]


def render_uses(reductions: Iterable[Reduction]) -> str:
    """Every use as a row of CSV."""
    rows = ({"role": reduction.role, **row, "calls": " ".join(row["calls"])} for reduction in reductions for row in used_rows(reduction))
    return "".join(csv_pieces(rows, COLUMNS))
