"""Findings of keys: what the use of a thing lacks of the key behind it, as a cause or as what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.claims import weigh
from trailsleuth.analyze.context import AnalysisContext
from trailsleuth.analyze.findings import cite, make_finding
from trailsleuth.analyze.keys import KeyNeed, denied_in_silence
from trailsleuth.analyze.wording import short
from trailsleuth.model import Basis, Cause, Finding, PolicyType, Record, Standing


def silent_key_findings(context: AnalysisContext) -> list[Finding]:
    """What was made under a key by the sessions asked about and was gone at once, in the order of the calls; nothing was denied by name."""
    calls = (call for session in context.scope.sessions if session.id in context.scope.focus for call in session.calls)
    return [found for call in calls for found in findings_of_keys(denied_in_silence(call, context.facts, context.evidence.policies), context, (call,))]


def findings_of_keys(needs: Iterable[KeyNeed], context: AnalysisContext, records: tuple[Record, ...]) -> list[Finding]:
    """The first of the needs is what made the call fail; the others follow once it is there."""
    found: list[Finding] = []
    for need in needs:
        found += key_findings(need, Standing.ALSO_NEEDED if found else Standing.CAUSE, context, records)
    return found


def key_findings(need: KeyNeed, standing: Standing, context: AnalysisContext, records: tuple[Record, ...] = ()) -> Iterator[Finding]:
    """Every side that lacks it: across accounts both must allow."""
    claims = weigh(need.refusal, context.evidence.policies)[0] if need.settled else (Claim(layers=(PolicyType.IDENTITY,), cause=Cause.UNKNOWN, sure=False),)
    text = f"{short(need.refusal.principal)} {_word(need, standing)} {need.refusal.iam_action} on {need.refusal.resource}: {need.because}."
    shown = records or ((need.shown.record,) if need.shown.record is not None else ())
    times = (records[0].event_time, records[-1].event_time) if records else (None, None)
    for claim in claims:
        if claim.layers or claim.cause is Cause.NO_POLICY_FIX:
            found = make_finding(need.refusal, claim, standing, need.basis)
            cited = tuple(cite(record) for record in shown)
            yield replace(found, explanation=text, count=len(records), evidence=cited, first_seen=times[0], last_seen=times[1])


def _word(need: KeyNeed, standing: Standing) -> str:
    if not need.settled:
        return "may lack"
    if standing is Standing.CAUSE:
        return "is denied"
    return "would be denied next" if need.basis is Basis.INFERRED else "would probably be denied next"
