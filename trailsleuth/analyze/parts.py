"""What one denial may consist of: several actions in a text, several targets of a call, needs of others. What the policies allow was not denied."""

from __future__ import annotations

from trailsleuth.analyze.context import AnalysisContext
from trailsleuth.analyze.others import demanded
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.refusals import for_action, for_target, targets_of
from trailsleuth.analyze.required import identity_verdict
from trailsleuth.catalog.actions import resource_types
from trailsleuth.catalog.arns import fits
from trailsleuth.iam.applies import policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import Verdict
from trailsleuth.patterns import late

_SENTENCE = late(r"is not authorized to perform: (?P<action>[\w-]{1,60}:\w{1,128}) on resource: (?P<arn>arn:[^\s,]{1,1100})")
DENIED = (Verdict.IMPLICITLY_DENIED, Verdict.EXPLICITLY_DENIED)


def parts_of(refusal: Refusal, context: AnalysisContext) -> list[Refusal]:
    """Each action or target by itself, without what the policies allow; where they allow all that the text names, what they deny to others."""
    if refusal.denial.at_target and refusal.first.denial is refusal.denial:
        aimed = [for_target(refusal, action, target) for action, target in targets_of(refusal.first)]
        open_ = [part for part in aimed if _verdict(part, context) is not Verdict.ALLOWED]
        return open_ or [refusal]
    said = [refusal, *_on_the_others(refusal), *(for_action(refusal, action) for action in refusal.denial.other_actions)]
    missing = [part for part in said if identity_verdict(part, context.evidence.policies) is not Verdict.ALLOWED]
    parts = missing if len(said) > 1 and missing else [refusal]
    borne_out = [part for part in parts if _verdict(part, context) in DENIED]
    if borne_out and refusal.is_assume:
        return borne_out  # a role that cannot be taken needs its trust first
    needed = [part for part in demanded(refusal, context) if _verdict(part, context) in DENIED]
    return _once([*borne_out, *needed]) if needed else parts


def _on_the_others(refusal: Refusal) -> list[Refusal]:
    """The same action on the further things that its text names, each of another kind that the action must name: AWS checks it on every one of them.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentitystore.html
    """
    action, text = refusal.iam_action or "", refusal.first.error_message or ""
    forms = [form for kind in resource_types(action) if kind.required for form in kind.arn_formats]
    met = {form for form in forms if fits(refusal.resource or "", form)}
    found = []
    for said in _SENTENCE.finditer(text) if len(forms) > 1 and met else ():
        own = {form for form in forms if fits(said["arn"], form)}
        if said["action"] == action and own and not own & met:
            met |= own
            found.append(for_target(refusal, action, said["arn"]))
    return found


def _once(parts: list[Refusal]) -> list[Refusal]:
    """Each action of a principal once, the text's own first; one that names its resource before one that does not."""
    kept: dict[tuple[str | None, str], Refusal] = {}
    for part in parts:
        key = part.principal, (part.iam_action or "").lower()
        if key not in kept or (kept[key].resource is None and part.resource is not None):
            kept[key] = part
    return list(kept.values())


def _verdict(refusal: Refusal, context: AnalysisContext) -> Verdict | None:
    if refusal.request is None:
        return None
    return decide(refusal.request, policies_for(refusal.request, context.evidence.policies)).verdict
