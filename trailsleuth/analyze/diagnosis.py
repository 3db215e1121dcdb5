"""All findings of a scope: what was refused and lasts, what recovered, what stands beside, what comes next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from trailsleuth.analyze.absence import absent_finding
from trailsleuth.analyze.chains import OWN
from trailsleuth.analyze.changes import note_changes
from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.claims import weigh
from trailsleuth.analyze.enumeration import ENUMERATION, ENUMERATION_ADVICE, looks_like_enumeration
from trailsleuth.analyze.failures import explaining_failures
from trailsleuth.analyze.findings import cite, make_finding
from trailsleuth.analyze.former import for_former_self
from trailsleuth.analyze.grouping import group_refusals
from trailsleuth.analyze.keys import KeyNeed, denied_in_silence, denied_next, denied_of_call
from trailsleuth.analyze.order import in_order, too_early
from trailsleuth.analyze.outsiders import mark_outsiders
from trailsleuth.analyze.ownership import foreign_object_finding, is_foreign
from trailsleuth.analyze.passrole import hints_of, passed_next
from trailsleuth.analyze.rank import ranked
from trailsleuth.analyze.rebuild import completed, undecided
from trailsleuth.analyze.recovery import Successes
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.refusals import Surroundings, for_action, for_target, read_refusal, targets_of
from trailsleuth.analyze.required import Pending, identity_verdict, needed_by_action, needed_by_content
from trailsleuth.analyze.sharpen import is_cut, sharpen, unreadable
from trailsleuth.analyze.stack_handlers import note_handlers
from trailsleuth.analyze.untied import is_beside
from trailsleuth.analyze.wording import short
from trailsleuth.catalog.operations import primary_action
from trailsleuth.facts import Facts, gather_facts
from trailsleuth.iam.applies import policies_for
from trailsleuth.iam.document import parse_policy
from trailsleuth.iam.evaluate import decide
from trailsleuth.iam.match import resource_matches
from trailsleuth.model import (
    Basis,
    Cause,
    Effect,
    Evidence,
    Finding,
    Inquiry,
    Policy,
    PolicyEvidence,
    PolicyType,
    Record,
    Scope,
    Session,
    Standing,
    Verdict,
    same_role,
)
from trailsleuth.model.names import RoleNames, role_names, role_of

CLEANUP = ("Delete", "Deregister", "Detach", "Disassociate", "Remove", "Rollback", "Terminate", "Untag", "Cancel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the analysis of one refusal looks at."""

    evidence: Evidence
    scope: Scope
    names: RoleNames
    successes: Successes
    sessions: dict[str, Session]
    facts: Facts

    def session(self, record: Record) -> Session | None:
        return self.sessions.get(self.scope.session_of.get((record.event_id, record.account), ""))


def find_findings(evidence: Evidence, scope: Scope, inquiry: Inquiry) -> tuple[Finding, ...]:
    """Every finding with its standing, ranked: the likeliest cause first, then what is needed besides, then recovered and background ones."""
    names = role_names(evidence)
    bench = _bench(evidence, scope, names)
    around = Surroundings(names=names, owners=bench.facts.owners, handed=bench.facts.handed, judged=_holds_policies(evidence, scope))
    found: list[Finding] = []
    for chain, records in _by_chain(_told(scope, around, evidence.policies), scope).items():
        whole = [bench.facts.siblings.with_request(record) for record in records]
        asked = [sharpen(completed(r, bench.facts), evidence, scope.execution, names) for r in _read(whole, around)]
        tried = chain != OWN and looks_like_enumeration(records)
        found += [_of_enumeration(f) if tried else f for f in (replace(f, group=chain) for f in _of_chain(group_refusals(asked), bench))]
    if not any(finding.standing is Standing.CAUSE for finding in found):
        found += [replace(finding, group=OWN) for finding in _silent(bench)]
    if not any(finding.group == OWN for finding in found) and (not found or scope.execution is not None):
        found += [replace(finding, group=OWN) for finding in explaining_failures(scope, inquiry, evidence.records)]
    if inquiry.everything:
        found += [_beside(group) for group in group_refusals(_read(scope.others, around))]
    placed = (replace(f, standing=Standing.BACKGROUND) if is_beside(f, scope, inquiry) else f for f in found)
    noted = note_handlers(note_changes(tuple(placed), bench.facts.changes), evidence)
    return ranked(mark_outsiders(noted, evidence), inquiry, scope)


def _of_enumeration(finding: Finding) -> Finding:
    """Said as what it looks like; it is diagnosed like every other where it is asked about by name."""
    told = f"{finding.explanation} {ENUMERATION}"
    return replace(finding, explanation=told, advice=ENUMERATION_ADVICE, withheld=True)


def _by_chain(records: Iterable[Record], scope: Scope) -> dict[int, list[Record]]:
    """The denied records of each chain; where the question is about one thing, all of them are its own."""
    chains: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        chains[scope.chain_of.get((record.event_id, record.account), OWN)].append(record)
    return chains


def _of_chain(groups: tuple[Refusal, ...], bench: Bench) -> list[Finding]:
    """What lasted, what recovered, and what comes next."""
    lasting = [g for g in groups if bench.successes.after(g) is None and not _got_past(g, groups, bench)]
    lasts = set(map(id, lasting))
    found: list[Finding] = []
    for group in groups:
        if id(group) not in lasts:
            found.append(_recovered(group, bench))
        else:
            found += [finding for part in _parts(group, bench) for finding in _lasting(part, lasting, bench)]
    return [*found, *_coming(lasting, found, bench)]


def _holds_policies(evidence: Evidence, scope: Scope) -> bool:
    return evidence.policies != PolicyEvidence() or any(session.opened_by and "policy" in session.opened_by.request for session in scope.sessions)


def _bench(evidence: Evidence, scope: Scope, names: RoleNames) -> Bench:
    return Bench(
        evidence=evidence,
        scope=scope,
        names=names,
        successes=Successes(evidence.records, names),
        sessions={s.id: s for s in scope.sessions},
        facts=gather_facts(evidence, names),
    )


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


def _recovered(refusal: Refusal, bench: Bench) -> Finding:
    success = bench.successes.after(refusal)
    claim = Claim(layers=(refusal.denial.policy_type,) if refusal.denial.policy_type else (), cause=_plain_cause(refusal))
    finding = make_finding(refusal, claim, Standing.RECOVERED, Basis.OBSERVED)
    if success is None:
        return replace(
            finding, explanation=f"{finding.explanation} A later try got past it: it was refused for something else, and the policies now allow this."
        )
    when = success.event_time.isoformat().replace("+00:00", "Z")
    return replace(finding, explanation=f"{finding.explanation} The same call succeeded at {when}: it had only to settle, or was cured since.")


def _got_past(refusal: Refusal, groups: tuple[Refusal, ...], bench: Bench) -> bool:
    """The same operation was later refused to the same principal for another action, and the policies in the evidence allow the earlier one by now."""
    if identity_verdict(refusal, bench.evidence.policies) is not Verdict.ALLOWED:
        return False
    return any(
        o.first.call == refusal.first.call and o.is_by_caller_of(refusal) and o.iam_action != refusal.iam_action and o.last.event_time > refusal.last.event_time
        for o in groups
        if o is not refusal
    )


def _beside(refusal: Refusal) -> Finding:
    claim = Claim(layers=(refusal.denial.policy_type,) if refusal.denial.policy_type else (), cause=_plain_cause(refusal))
    return make_finding(refusal, claim, Standing.BACKGROUND, Basis.OBSERVED)


def _plain_cause(refusal: Refusal) -> Cause:
    if refusal.denial.cause is not None:
        return refusal.denial.cause
    return Cause.EXPLICIT_DENY if refusal.denial.effect is Effect.EXPLICIT else Cause.MISSING_ALLOW if refusal.iam_action else Cause.UNKNOWN


def _parts(refusal: Refusal, bench: Bench) -> list[Refusal]:
    """A text that names several actions, or a call with several targets, is one refusal each; those that the policies allow are not what was refused."""
    if refusal.denial.at_target and refusal.first.denial is refusal.denial:
        aimed = [for_target(refusal, action, target) for action, target in targets_of(refusal.first)]
        open_ = [part for part in aimed if not _admitted(part, bench)]
        return open_ or [refusal]
    parts = [refusal, *(for_action(refusal, action) for action in refusal.denial.other_actions)]
    missing = [part for part in parts if identity_verdict(part, bench.evidence.policies) is not Verdict.ALLOWED]
    return missing if len(parts) > 1 and missing else [refusal]


def _admitted(refusal: Refusal, bench: Bench) -> bool:
    if refusal.request is None:
        return False
    return decide(refusal.request, policies_for(refusal.request, bench.evidence.policies)).verdict is Verdict.ALLOWED


def _lasting(refusal: Refusal, lasting: list[Refusal], bench: Bench) -> list[Finding]:
    if unreadable(refusal, bench.evidence):
        return [_hidden(refusal)]
    if is_foreign(refusal, bench.facts.uploads):
        return [foreign_object_finding(refusal)]
    absent = absent_finding(refusal, bench.facts)
    if absent is not None:
        return [absent]
    of_key = _of_key(denied_of_call(refusal, bench.facts), bench, refusal.records)
    if of_key:
        return of_key
    claims, _ = weigh(refusal, bench.evidence.policies, _session_policy(refusal, bench))
    standing = Standing.ALSO_NEEDED if _is_cleanup(refusal, lasting, bench) else Standing.CAUSE
    found = []
    session = bench.session(refusal.first)
    for claim in (_by_facts(claim, refusal, bench.facts) for claim in claims):
        stands, basis = (standing, Basis.OBSERVED) if claim.observed else (Standing.ALSO_NEEDED, Basis.INFERRED)
        caller = session.assumed_by if session else None
        made = make_finding(refusal, claim, stands, basis, endpoint=_endpoint(refusal.first), session_caller=caller)
        found.append(in_order(made, claim, refusal, bench.facts))
    return found


def _by_facts(claim: Claim, refusal: Refusal, facts: Facts) -> Claim:
    """What the policies say, in the light of what the evidence shows of the things: too early, for a former self, or not to be told."""
    return undecided(for_former_self(too_early(claim, refusal, facts), refusal, facts), refusal)


def _endpoint(record: Record) -> str | None:
    """The VPC endpoint that the call went through, as an ARN in its owner's account."""
    if not record.vpc_endpoint_id:
        return None
    partition = (record.identity.arn or "arn:aws").split(":")[1]
    return f"arn:{partition}:ec2:{record.region}:{record.vpc_endpoint_account or record.account}:vpc-endpoint/{record.vpc_endpoint_id}"


def _hidden(refusal: Refusal) -> Finding:
    finding = make_finding(refusal, Claim(layers=(), cause=Cause.UNKNOWN, sure=False), Standing.CAUSE, Basis.OBSERVED)
    how = "is cut off in the record and cannot be decoded" if is_cut(refusal) else "names action and resource only when it is decoded"
    text = f"{short(refusal.principal)} was refused at {refusal.first.event_name}; the encoded message {how}, and no policies are in the evidence."
    return replace(finding, iam_action=None, resource=None, explanation=text, requests=())


def _session_policy(refusal: Refusal, bench: Bench) -> tuple[Policy, ...] | None:
    """The session policy that AssumeRole was called with, where its record shows it."""
    session = bench.session(refusal.first)
    text = session.opened_by.request.get("policy") if session and session.opened_by else None
    return (parse_policy(text, name="session policy"),) if isinstance(text, str) and text else None


def _is_cleanup(refusal: Refusal, lasting: list[Refusal], bench: Bench) -> bool:
    """A refused deletion that CloudFormation makes after an earlier refusal of the same session: the rollback, not the reason."""
    record = refusal.first
    by_stack = "cloudformation" in (record.identity.invoked_by or "") or (record.identity.arn or "").endswith("/AWSCloudFormation")
    if not by_stack or not record.event_name.startswith(CLEANUP):
        return False
    home = bench.session(record)
    return any(o is not refusal and o.first.event_time <= record.event_time and bench.session(o.first) == home for o in lasting)


def _coming(lasting: list[Refusal], found: list[Finding], bench: Bench) -> list[Finding]:
    """What would be refused next: roles that the refused calls pass, what their content asks for, what the pipeline action goes on to need."""
    known: dict[tuple[str | None, str], set[str | None]] = defaultdict(set)
    for one in found:
        known[one.principal, (one.iam_action or "").lower()].add(one.resource)
    curable = _curable(found)
    coming: list[Finding] = []
    for refusal in lasting:
        by_caller = refusal.iam_action is not None and refusal.principal == bench.names.full(role_of(refusal.first))
        layers = curable.get((refusal.principal, refusal.iam_action, refusal.resource), set())
        if refusal.denial.effect is Effect.EXPLICIT or not layers:
            continue
        own = by_caller and PolicyType.IDENTITY in layers
        for finding in (*(_passing(refusal, bench) if own else ()), *(_needed(refusal, bench) if own else ()), *_keys(refusal, bench)):
            resources = known[finding.principal, (finding.iam_action or "").lower()]
            if not _is_known(finding.resource, resources):
                resources.add(finding.resource)
                coming.append(finding)
    return coming


def _is_known(coming: str | None, known: set[str | None]) -> bool:
    """Of one principal and action: the resource is among the known ones, or a pattern of one of them."""
    return None in known if coming is None else any(resource is not None and resource_matches(coming, resource) for resource in known)


def _curable(found: list[Finding]) -> dict[tuple[str | None, str | None, str | None], set[PolicyType]]:
    """Something comes next only where a policy cures the refusal itself, and of what the caller needs besides, by its own policies: the rest is another's."""
    layers: dict[tuple[str | None, str | None, str | None], set[PolicyType]] = defaultdict(set)
    for one in found:
        if one.standing is not Standing.RECOVERED:
            layers[one.principal, one.iam_action, one.resource].update(one.policy_types)
    return layers


def _passing(refusal: Refusal, bench: Bench) -> Iterator[Finding]:
    own = primary_action(refusal.first.event_source, refusal.first.event_name, refusal.first.request)
    if refusal.iam_action not in (own, "iam:PassRole"):
        return  # refused for something that comes after the roles were looked at
    session = bench.session(refusal.first)
    hints = hints_of(bench.scope.execution, session.calls if session else ())
    for passing in passed_next(refusal, bench.facts.registrations, hints, bench.names):
        verdict = identity_verdict(passing.refusal, bench.evidence.policies)
        if verdict is Verdict.ALLOWED or bench.successes.ever(passing.refusal) is not None:
            continue
        sure = passing.template is None and verdict is Verdict.IMPLICITLY_DENIED
        seen = passing.template or refusal.first
        where = "its own parameters" if passing.template is None else f"an earlier {seen.event_name} of the same family ({seen.event_id})"
        because = f"{refusal.first.event_name} passes this role to {passing.refusal.passed_to or 'the service'}, as {where} show"
        yield _next_finding(Pending(refusal=passing.refusal, because=because), bench, Basis.INFERRED if sure else Basis.PREDICTED, seen)


def _needed(refusal: Refusal, bench: Bench) -> Iterator[Finding]:
    session = bench.session(refusal.first)
    pending = list(needed_by_content(refusal))
    execution = bench.scope.execution
    if execution is not None and same_role(refusal.principal, execution.action_role):
        pending += needed_by_action(refusal, execution, session.calls if session else ())
    for need in pending:
        if identity_verdict(need.refusal, bench.evidence.policies) is Verdict.IMPLICITLY_DENIED and bench.successes.ever(need.refusal) is None:
            yield _next_finding(need, bench, Basis.INFERRED, None)


def _keys(refusal: Refusal, bench: Bench) -> Iterator[Finding]:
    for need in denied_next(refusal, bench.facts, bench.evidence.policies):
        yield from _key_findings(need, Standing.ALSO_NEEDED, bench)


def _silent(bench: Bench) -> list[Finding]:
    """What was made under a key by the sessions asked about and was gone at once, in the order of the calls; nothing was denied by name."""
    calls = (call for session in bench.scope.sessions if session.id in bench.scope.focus for call in session.calls)
    return [found for call in calls for found in _of_key(denied_in_silence(call, bench.facts, bench.evidence.policies), bench, (call,))]


def _of_key(needs: Iterable[KeyNeed], bench: Bench, records: tuple[Record, ...]) -> list[Finding]:
    """The first of the needs is what made the call fail; the others follow once it is there."""
    found: list[Finding] = []
    for need in needs:
        found += _key_findings(need, Standing.ALSO_NEEDED if found else Standing.CAUSE, bench, records)
    return found


def _key_findings(need: KeyNeed, standing: Standing, bench: Bench, records: tuple[Record, ...] = ()) -> Iterator[Finding]:
    """Every side that lacks it: across accounts both must allow."""
    claims, _ = weigh(need.refusal, bench.evidence.policies)
    word = "is denied" if standing is Standing.CAUSE else "would be denied next" if need.basis is Basis.INFERRED else "would probably be denied next"
    text = f"{short(need.refusal.principal)} {word} {need.refusal.iam_action} on {need.refusal.resource}: {need.because}."
    shown = records or ((need.shown.record,) if need.shown.record is not None else ())
    times = (records[0].event_time, records[-1].event_time) if records else (None, None)
    for claim in claims:
        if claim.layers:
            found = make_finding(need.refusal, claim, standing, need.basis)
            cited = tuple(cite(record) for record in shown)
            yield replace(found, explanation=text, count=len(records), evidence=cited, first_seen=times[0], last_seen=times[1])


def _next_finding(need: Pending, bench: Bench, basis: Basis, shown: Record | None) -> Finding:
    claims, _ = weigh(need.refusal, bench.evidence.policies)
    claim = next((c for c in claims if PolicyType.IDENTITY in c.layers), claims[0])
    finding = make_finding(need.refusal, replace(claim, layers=claim.layers or (PolicyType.IDENTITY,)), Standing.ALSO_NEEDED, basis)
    word = "would be refused next" if basis is Basis.INFERRED else "would probably be refused next"
    text = f"{short(need.refusal.principal)} {word} {need.refusal.iam_action} on {need.refusal.resource}: {need.because}."
    evidence = (cite(shown),) if shown is not None else ()
    return replace(finding, explanation=text, count=0, evidence=evidence, first_seen=None, last_seen=None)
