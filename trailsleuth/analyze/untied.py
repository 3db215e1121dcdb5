"""Error texts that tie to no record.

Sees:  the text of the question, and that no record has anything of it.
Why:   a wrapper ("exit code 1") says nothing of what failed, so the evidence alone has to tell; a text that names one call or speaks of a denial tells of
       a denial that this evidence does not hold, and what stands there instead is somebody else's.
Sure:  the tie is by name; what a text calls otherwise is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from trailsleuth.catalog.action_kinds import is_beside_the_work
from trailsleuth.catalog.operations import plain_event_name
from trailsleuth.catalog.services import prefix_of
from trailsleuth.model import Basis, Cause, ErrorText, Finding, Inquiry, Scope, Standing, Tie, role_of_session, same_role
from trailsleuth.model.texts import TELLING
from trailsleuth.patterns import late

DENIAL_WORDS = late(r"\bden(?:y|ied|ial)|permission|authoriz|forbidden|not allowed|unable to assume|cannot be assumed", re.IGNORECASE)
_ADDRESS = late(r"https?://[\w.-]+\.amazonaws\.com(?:\.cn)?\b")
_REFUSED = late(r"(?<![\w.-])403(?![\w.-])")


def is_untied(scope: Scope, inquiry: Inquiry) -> bool:
    """An error text alone was given, and it ties to no record: the answer is that without it."""
    return scope.tie is None and is_loose(scope, inquiry)


def is_loose(scope: Scope, inquiry: Inquiry) -> bool:
    """An error text alone was given, and no record is meant by it: some may be likelier for it than others."""
    alone = inquiry.said is not None and scope.execution is None and not inquiry.names_more_than_the_error
    return alone and (scope.tie is None or not scope.tie.is_strong)


def names_a_denial(inquiry: Inquiry) -> bool:
    """The text tells of one denial by action, resource or principal, or names the operation that failed."""
    said = inquiry.said
    if said is None:
        return False
    told = said.denial
    named = told is not None and told.cause is not Cause.NOT_A_PERMISSION and bool(told.iam_action or told.resource or told.principal)
    return named or any(name for _, name in said.operations) or (_turned_away(said.text) and not came_to_nothing(inquiry))


def came_to_nothing(inquiry: Inquiry) -> bool:
    """The text says that the request came to nothing that could have denied it: no denied record is of it."""
    said = inquiry.said
    return said is not None and said.denial is None and said.opaque is not None and not said.opaque.reached


def _turned_away(text: str) -> bool:
    """An address of AWS answered 403: a request of a data plane, which most trails never hold."""
    return _ADDRESS.search(text) is not None and _REFUSED.search(text) is not None


def speaks_of_denial(inquiry: Inquiry) -> bool:
    """The text is about permissions, in whatever words."""
    said = inquiry.said
    return said is not None and (said.denial is not None or bool(said.opaque and said.opaque.permission) or DENIAL_WORDS.search(said.text) is not None)


def is_of_another_denial(finding: Finding, scope: Scope, inquiry: Inquiry) -> bool:
    """The text tells of a denial, and this is not that one: nothing ties to the text, or a service alone does and what the text names is not this."""
    if is_untied(scope, inquiry):
        return names_a_denial(inquiry) or speaks_of_denial(inquiry)
    return inquiry.said is not None and is_loose(scope, inquiry) and _is_named_otherwise(finding, inquiry.said)


def is_without_a_record(found: Iterable[Finding], scope: Scope, inquiry: Inquiry) -> bool:
    """The text may tell of what no record shows: no record is meant by it, or those that use its words are of other denials."""
    loose = is_loose(scope, inquiry)
    return loose and (scope.tie is not Tie.SAME_WORDS or all(is_of_another_denial(finding, scope, inquiry) for finding in found))


def _is_named_otherwise(finding: Finding, said: ErrorText) -> bool:
    """By the surest of what the text names: the action, who was denied, on what, the operation, any ARN."""
    told, action = said.denial, (finding.iam_action or "").lower()
    if told is not None and told.iam_action:
        return action not in {name.lower() for name in (told.iam_action, *told.other_actions)}
    if told is not None and told.principal is not None:
        return not same_role(finding.principal, role_of_session(told.principal) or told.principal)
    if told is not None and told.resource not in (None, "*"):
        return finding.resource != told.resource
    operations = {name.lower() for _, name in said.operations if name}
    called = {action.partition(":")[2], *(plain_event_name(shown.event_name).lower() for shown in finding.evidence)}
    return operations.isdisjoint(called) if operations else any(word.startswith("arn:") for word in said.words)


def is_beside(finding: Finding, scope: Scope, inquiry: Inquiry) -> bool:
    """Not what a text about a denial tells of, where that ties to no record: a call beside the work, or one of another service or with another answer; or
    the text tells of none."""
    said = inquiry.said
    if finding.standing is not Standing.CAUSE or said is None or not is_untied(scope, inquiry):
        return False
    if came_to_nothing(inquiry) or not speaks_of_denial(inquiry):
        return came_to_nothing(inquiry)
    observed = finding.basis is Basis.OBSERVED
    return is_beside_the_work(finding.iam_action) or (observed and (_is_of_another_service(finding, inquiry) or _was_answered_otherwise(finding, said)))


def _was_answered_otherwise(finding: Finding, said: ErrorText) -> bool:
    """The text prints a service's answer with the request's id, and these calls were of services that do not stand behind such an answer, or of that very
    service and answered in other words: a retry would have been answered in the same."""
    services, sources = {service for service, _ in said.operations}, said.opaque.sources if said.opaque else ()
    answered = (
        (sources and shown.event_source not in sources) or (prefix_of(shown.event_source) in services and len(shown.error_message or "") >= TELLING)
        for shown in finding.evidence
    )
    return bool(said.requests and finding.evidence) and all(answered)


def _is_of_another_service(finding: Finding, inquiry: Inquiry) -> bool:
    told = inquiry.said.denial.iam_action if inquiry.said and inquiry.said.denial else None
    return None not in (told, finding.iam_action) and (told or "").partition(":")[0].lower() != (finding.iam_action or "").partition(":")[0].lower()
