"""Error texts that tie to no record.

Sees:  the text of the question, and that no record has anything of it.
Why:   a wrapper ("exit code 1") says nothing of what failed, so the evidence alone has to tell; a text that names one call or speaks of a denial tells of
       a denial that this evidence does not hold, and what stands there instead is somebody else's.
Sure:  the tie is by name; what a text calls otherwise is not found.
"""

from __future__ import annotations

import re

from trailsleuth.catalog.side_calls import is_beside_the_work
from trailsleuth.model import Basis, Cause, Finding, Inquiry, Scope, Standing
from trailsleuth.patterns import late

DENIAL_WORDS = late(r"\bden(?:y|ied|ial)|permission|authoriz|forbidden|not allowed|unable to assume|cannot be assumed", re.IGNORECASE)


def is_untied(scope: Scope, inquiry: Inquiry) -> bool:
    """An error text alone was given, and it ties to no record: the answer is that without it."""
    return inquiry.said is not None and scope.tie is None and scope.execution is None and not inquiry.names_more_than_the_error


def names_a_denial(inquiry: Inquiry) -> bool:
    """The text tells of one denial by action, resource or principal, or names the operation that failed."""
    said = inquiry.said
    if said is None:
        return False
    told = said.denial
    named = told is not None and told.cause is not Cause.NOT_A_PERMISSION and bool(told.iam_action or told.resource or told.principal)
    return named or any(name for _, name in said.operations)


def speaks_of_denial(inquiry: Inquiry) -> bool:
    """The text is about permissions, in whatever words."""
    said = inquiry.said
    return said is not None and (said.denial is not None or bool(said.opaque and said.opaque.permission) or DENIAL_WORDS.search(said.text) is not None)


def is_beside(finding: Finding, scope: Scope, inquiry: Inquiry) -> bool:
    """Not what a text about a denial tells of, where that ties to no record: a call beside the work, or one of another service than the text names."""
    if finding.standing is not Standing.CAUSE or not (is_untied(scope, inquiry) and speaks_of_denial(inquiry)):
        return False
    return is_beside_the_work(finding.iam_action) or (finding.basis is Basis.OBSERVED and _is_of_another_service(finding, inquiry))


def _is_of_another_service(finding: Finding, inquiry: Inquiry) -> bool:
    told = inquiry.said.denial.iam_action if inquiry.said and inquiry.said.denial else None
    return None not in (told, finding.iam_action) and (told or "").partition(":")[0].lower() != (finding.iam_action or "").partition(":")[0].lower()
