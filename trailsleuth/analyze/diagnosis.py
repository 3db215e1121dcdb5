"""All findings of a scope: what was refused and lasts, what recovered, what stands beside, what comes next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial

from msgspec.structs import replace

from trailsleuth.analyze.calibration import LET_THROUGH, calibrated
from trailsleuth.analyze.chains import OWN, only_looks
from trailsleuth.analyze.changes import note_changes
from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.claims import weigh
from trailsleuth.analyze.context import AnalysisContext, context_of
from trailsleuth.analyze.enumeration import ENUMERATION, ENUMERATION_ADVICE, LOOKS_AROUND
from trailsleuth.analyze.excuses import Excuse, excuse_of, plain_finding
from trailsleuth.analyze.failures import explaining_calls, explaining_failures
from trailsleuth.analyze.findings import Around, make_finding
from trailsleuth.analyze.former import for_former_self
from trailsleuth.analyze.grouping import group_refusals
from trailsleuth.analyze.inner import Others, behind_failures, behind_wrappers, was_taken
from trailsleuth.analyze.key_findings import findings_of_keys, silent_key_findings
from trailsleuth.analyze.keys import denied_of_call
from trailsleuth.analyze.next_up import coming_next, lacked_by_action
from trailsleuth.analyze.opened import opened
from trailsleuth.analyze.order import in_order, too_early
from trailsleuth.analyze.outsiders import mark_outsiders
from trailsleuth.analyze.parts import parts_of
from trailsleuth.analyze.rank import ranked
from trailsleuth.analyze.rebuild import completed, undecided
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.refusals import Surroundings, read_refusal
from trailsleuth.analyze.required import identity_verdict
from trailsleuth.analyze.sharpen import sharpen
from trailsleuth.analyze.stack_handlers import note_handlers
from trailsleuth.analyze.told_alone import told_finally
from trailsleuth.analyze.told_later import narrowed, told_later, with_target
from trailsleuth.analyze.untied import is_beside, is_untied, is_without_a_record
from trailsleuth.facts import Facts
from trailsleuth.facts.kinds import looks_like_enumeration
from trailsleuth.model import Basis, Cause, Evidence, Finding, Inquiry, PolicyEvidence, Record, Scope, Standing, Verdict
from trailsleuth.model.names import caller_of, role_names


def find_findings(evidence: Evidence, scope: Scope, inquiry: Inquiry) -> tuple[Finding, ...]:
    """Every finding with its standing, ranked: the likeliest cause first, then what is needed besides, then recovered and background ones."""
    names = role_names(evidence)
    context = context_of(evidence, scope, names)
    facts, judged = context.facts, _holds_policies(evidence, scope)
    around = Surroundings(names=names, owners=facts.owners, handed=facts.handed, tags=facts.tags, judged=judged)
    others = Others(scope.others, partial(read_refusal, around=around))
    found: list[Finding] = []
    behind: list[Refusal] = []
    for chain, records in _by_chain(_told(scope, around, evidence.policies), scope).items():
        asked = list(_read((context.facts.siblings.with_request(record) for record in records), around))
        inner = behind_wrappers(asked, others, context.facts.handed)
        behind += inner
        told = [refusal for refusal in asked if not (refusal.denial.open and inner) and not any(was_taken(refusal, each) for each in inner)]
        ended = [replace(f, group=chain) for f in _of_chain((*told, *inner), context)]
        found += ended if chain == OWN else _in_doubt(ended, records, scope)
    if not found:
        behind = behind_failures(explaining_calls(scope, inquiry, evidence.records), others)
        found += [replace(f, group=OWN) for f in _of_chain(behind, context)]
    if not any(finding.standing is Standing.CAUSE for finding in found):
        found += [replace(finding, group=OWN) for finding in silent_key_findings(context)]
    if not found or is_without_a_record(found, scope, inquiry):
        found += [replace(finding, group=OWN) for finding in told_later(context, inquiry)]
    if not any(finding.group == OWN for finding in found):
        found += [replace(finding, group=OWN) for finding in lacked_by_action(context)]
    if not any(finding.group == OWN for finding in found) and (not found or scope.execution is not None):
        found += [replace(finding, group=OWN) for finding in explaining_failures(scope, inquiry, evidence.records)]
    if inquiry.everything:
        found += [plain_finding(denial, Standing.BACKGROUND) for denial in group_refusals(other for other in others.all() if other not in behind)]
    placed = _placed(found, context, inquiry)
    noted = note_handlers(note_changes(placed, context.facts.changes), evidence)
    return ranked(mark_outsiders(noted, evidence), inquiry, scope, evidence.policies)


def _placed(found: list[Finding], context: AnalysisContext, inquiry: Inquiry) -> tuple[Finding, ...]:
    """With what a text that ties to no record says itself in AWS's words: then the denials of others are beside it, as is what the text does not tell of."""
    scope = context.scope
    final = told_finally(inquiry.said, context) if inquiry.said is not None and is_untied(scope, inquiry) else None
    if final is None:
        return tuple(replace(f, standing=Standing.BACKGROUND) if is_beside(f, scope, inquiry) else f for f in found)
    return (*(f if f.group == OWN else replace(f, standing=Standing.BACKGROUND) for f in found), replace(final, group=OWN))


def _in_doubt(found: list[Finding], records: list[Record], scope: Scope) -> list[Finding]:
    """The findings of a chain that is not asked about by name; one that looks like a scan is said to, and its denials are diagnosed when it is named."""
    named = scope.tie is not None and scope.tie.is_strong
    tried = looks_like_enumeration(records) or any(caller_of(record) in scope.enumerating for record in records)
    doubt = ENUMERATION if tried else LOOKS_AROUND if not named and only_looks(found) else ""
    return [replace(f, explanation=f"{f.explanation} {doubt}", advice=ENUMERATION_ADVICE, withheld=True) for f in found] if doubt else found


def _by_chain(records: Iterable[Record], scope: Scope) -> dict[int, list[Record]]:
    """The denied records of each chain; where the question is about one thing, all of them are its own."""
    chains: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        chains[scope.chain_of.get((record.event_id, record.account), OWN)].append(record)
    return chains


def _of_chain(asked: Iterable[Refusal], context: AnalysisContext) -> list[Finding]:
    """What lasted, what recovered, and what comes next."""
    clear = [narrowed(with_target(sharpen(completed(r, context.facts), context.evidence, context.scope.execution, context.names), context)) for r in asked]
    denials = group_refusals(step for refusal in clear for step in opened(refusal, clear, context))
    excused = [(denial, excuse_of(denial, denials, context)) for denial in denials]
    lasting = [denial for denial, excuse in excused if excuse is None or excuse.standing is not Standing.RECOVERED]
    found = [finding for denial, excuse in excused for finding in _findings(denial, excuse, context)]
    return [*found, *coming_next(lasting, found, context)]


def _holds_policies(evidence: Evidence, scope: Scope) -> bool:
    return evidence.policies != PolicyEvidence() or any(session.opened_by and "policy" in session.opened_by.request for session in scope.sessions)


def _told(scope: Scope, around: Surroundings, policies: PolicyEvidence) -> tuple[Record, ...]:
    """The refused records asked about; where there is none, the pipeline's own error if it carries a refusal that no record shows.

    It must name who was refused, or be borne out by the policies of the action's role: wrapper texts speak of permissions for other failures too.
    """
    shown = scope.execution.shown if scope.execution else None
    own = any(scope.chain_of.get((r.event_id, r.account), OWN) == OWN for r in scope.asked)
    if own or shown is None or shown.denial is None or shown.denial.iam_action is None:
        return scope.asked
    refusal = read_refusal(shown, around)
    borne_out = refusal is not None and identity_verdict(refusal, policies) in (Verdict.IMPLICITLY_DENIED, Verdict.EXPLICITLY_DENIED)
    return (*scope.asked, shown) if shown.denial.principal is not None or borne_out else scope.asked


def _read(records: Iterable[Record], around: Surroundings) -> Iterator[Refusal]:
    for record in records:
        refusal = read_refusal(record, around)
        if refusal is not None:
            yield refusal


def _findings(denial: Refusal, excuse: Excuse | None, context: AnalysisContext) -> Iterator[Finding]:
    """What a rule made of the denial, else what each of its parts comes down to."""
    if excuse is not None and excuse.finding is not None:
        yield excuse.finding
        return
    standing = excuse.standing if excuse is not None else Standing.CAUSE
    parts = parts_of(denial, context)
    named = any(not part.denial.demand for part in parts)
    for part in parts:
        yield from _lasting(part, Standing.ALSO_NEEDED if part.denial.demand and named else standing, context)


def _lasting(refusal: Refusal, standing: Standing, context: AnalysisContext) -> Iterator[Finding]:
    of_key = findings_of_keys(denied_of_call(refusal, context.facts), context, refusal.records)
    if of_key:
        yield from of_key
        return
    session = context.session(refusal.first)
    claims, decision = weigh(refusal, context.evidence.policies, context.session_policies(session))
    calibration = calibrated(refusal.answer, decision)
    let_through = {one.layer for one in calibration if one.aws in LET_THROUGH}
    lasting = (claim for claim in claims if claim.observed or not set(claim.layers) <= let_through)
    for claim in (_by_facts(claim, refusal, context.facts) for claim in lasting):
        stands = standing if claim.observed else Standing.ALSO_NEEDED
        basis = Basis.OBSERVED if claim.observed and not refusal.denial.demand else Basis.INFERRED
        good = context.good_call(refusal) if claim.cause is Cause.CONDITION_MISMATCH else None
        around = Around(
            endpoint=_endpoint(refusal.first),
            session_caller=session.assumed_by if session else None,
            good=good,
            tool=context.tool_call(refusal.first),
            calibration=calibration,
        )
        yield in_order(make_finding(refusal, claim, stands, basis, around), claim, refusal, context.facts)


def _by_facts(claim: Claim, refusal: Refusal, facts: Facts) -> Claim:
    """What the policies say, in the light of what the evidence shows of the things: too early, for a former self, or not to be told."""
    return undecided(for_former_self(too_early(claim, refusal, facts), refusal, facts), refusal, facts.evidence.policies)


def _endpoint(record: Record) -> str | None:
    """The VPC endpoint that the call went through, as an ARN in its owner's account."""
    if not record.vpc_endpoint_id:
        return None
    partition = (record.identity.arn or "arn:aws").split(":")[1]
    return f"arn:{partition}:ec2:{record.region}:{record.vpc_endpoint_account or record.account}:vpc-endpoint/{record.vpc_endpoint_id}"
