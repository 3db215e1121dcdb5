"""The verdict over a case: cause found, nothing denied, or inconclusive, in words."""

from __future__ import annotations

from trailsleuth.analyze.gap_questions import works_unseen
from trailsleuth.analyze.misasked import misasked
from trailsleuth.analyze.open_questions import last_question
from trailsleuth.analyze.own_word import with_why_no_details
from trailsleuth.analyze.questions import about_findings, about_silence, about_text
from trailsleuth.analyze.told_later import is_told
from trailsleuth.analyze.untied import is_of_another_denial, is_untied
from trailsleuth.analyze.wording import short
from trailsleuth.catalog.services import is_service_name
from trailsleuth.model import Basis, Cause, Evidence, Finding, Inquiry, Outcome, Question, Scope, Standing

NEAREST = 3  # denials of others that a summary names
Verdict = tuple[Outcome, str, tuple[Question, ...]]


def conclude(findings: tuple[Finding, ...], evidence: Evidence, scope: Scope, inquiry: Inquiry) -> Verdict:
    """Outcome, summary and questions.

    A question about what the evidence does not hold gets no verdict. Nothing denied is an answer only where the evidence covers what was asked about,
    and no denial that lasted stands in it.
    """
    wrong = misasked(evidence, scope, inquiry)
    if wrong:
        return Outcome.INCONCLUSIVE, f"{_capital(wrong[0].because)}.", wrong
    standing = [f for f in findings if f.group == 1 and f.standing in (Standing.CAUSE, Standing.ALSO_NEEDED)]
    told = [f for f in standing if f.cause is not Cause.UNKNOWN]
    if told and all(_is_another(finding, scope, inquiry) for finding in told) and not is_told(told[0], inquiry):
        return Outcome.INCONCLUSIVE, f"{_UNTIED} The likeliest of them: {_summary(told, findings)}", about_text(evidence, scope, inquiry)
    if told:
        unseen = about_silence(findings, evidence, scope, inquiry) if told[0].basis is Basis.PREDICTED else ()
        return Outcome.CAUSE_FOUND, f"{_summary(told, findings)}{_note(told, scope, inquiry)}", (*about_findings(standing, evidence), *unseen)
    if standing:
        return Outcome.INCONCLUSIVE, standing[0].explanation, _asked(standing, evidence)
    missing = about_silence(findings, evidence, scope, inquiry)
    if missing:
        return Outcome.INCONCLUSIVE, f"{_silence(findings, scope, inquiry)}{missing[0].because}.", missing
    return Outcome.NO_DENIAL_FOUND, f"{_nothing(findings, scope)}{_UNSEEN if works_unseen(scope, evidence) else ''}", ()


def _silence(findings: tuple[Finding, ...], scope: Scope, inquiry: Inquiry) -> str:
    """That nothing denied is what was asked about, and what was denied beside it."""
    beside = [f"{f.iam_action or 'a call'} to {short(f.principal)}" for f in findings if f.standing is Standing.BACKGROUND][:NEAREST]
    if beside and is_untied(scope, inquiry):
        return f"{_UNTIED} Others were denied {', '.join(dict.fromkeys(beside))}; what is missing here: "
    return "Nothing that was asked about was denied in this evidence, but it is not whole: "


def _is_another(finding: Finding, scope: Scope, inquiry: Inquiry) -> bool:
    """Not the denial that the error text tells of; where it tells of none, one that ended nobody's work."""
    return is_of_another_denial(finding, scope, inquiry) or (finding.withheld and is_untied(scope, inquiry))


def _asked(standing: list[Finding], evidence: Evidence) -> tuple[Question, ...]:
    return (*about_findings(standing, evidence),) or with_why_no_details((last_question(standing[0], evidence),), standing[0], evidence)


_UNSEEN = (
    " All that the role may do leaves no record in any trail, and the policies in the evidence allow it: look at what the service decides by itself (the roles "
    "and users inside a search domain or a database)."
)
_UNTIED = "No denied call in this evidence is what the error text tells of."


def _note(told: list[Finding], scope: Scope, inquiry: Inquiry) -> str:
    """That the error text had no part in the answer."""
    if is_told(told[0], inquiry):
        return ""
    return " The error text names nothing that is in the evidence: this is what the evidence shows without it." if is_untied(scope, inquiry) else ""


def _summary(standing: list[Finding], findings: tuple[Finding, ...]) -> str:
    first = standing[0]
    action = first.iam_action or "the call"
    on = f" on {first.resource}" if first.resource not in (None, "*") else ""
    further = sum(1 for f in standing[1:] if (f.principal, f.iam_action, f.resource) != (first.principal, first.iam_action, first.resource))
    more = f" {further} more permission{'s' if further > 1 else ''} must change before it can succeed." if further else ""
    verb = _VERBS[first.cause].format(action=action, on=on, there=on or " on what the call needs")
    others = len({f.group for f in findings if f.group > 1 and f.standing is Standing.CAUSE})
    beside = f" {others} other denied chain{'s are' if others > 1 else ' is'} in the evidence." if others else ""
    who = _who(first)
    return f"{who if is_service_name(who) else _capital(who)}: {verb}.{more}{beside}"


def _who(finding: Finding) -> str:
    """Who was denied it; without a name, as much as is known."""
    if finding.principal:
        return short(finding.principal)
    if finding.of_passed_role:
        return "the role that the service was handed"
    provider = (finding.grantee or "").partition("-provider/")[2] or finding.grantee
    return f"an identity of {provider}" if provider else "the caller"


_VERBS = {
    Cause.MISSING_ALLOW: "no policy allows {action}{on} (implicit deny)",
    Cause.SCOPE_MISMATCH: "{action} is allowed, but not{there}",
    Cause.CONDITION_MISMATCH: "a condition keeps {action}{on} from being allowed",
    Cause.EXPLICIT_DENY: "{action}{on} is explicitly denied",
    Cause.UNTRUSTED_PRINCIPAL: "the trust policy of the role does not allow it ({action}{on})",
    Cause.STALE_PRINCIPAL: "the policy names a principal that no longer exists ({action}{on})",
    Cause.NO_POLICY_FIX: "{action}{on} failed, and no policy change can fix it",
    Cause.NOT_A_PERMISSION: "{action}{on} failed for a reason other than permissions",
}


def _nothing(findings: tuple[Finding, ...], scope: Scope) -> str:
    recovered = sum(f.count for f in findings if f.standing is Standing.RECOVERED)
    what = "Every denied call of the chain succeeded later" if recovered else "Nothing that was asked about was denied"
    opaque = scope.said.opaque if scope.said else None
    other = f" The text has other causes: {'; '.join(opaque.other_causes[:4])}." if opaque and opaque.other_causes else ""
    return f"{what}: the cause is not a permission that CloudTrail shows.{other}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
