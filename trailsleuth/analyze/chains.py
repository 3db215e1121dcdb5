"""Which denied chain is the likeliest cause, where a question is about no one thing.

Sees:  the findings of each chain, and what went on after their records.
Why:   of many denials in a trail most end nothing: agents' logs and metrics, consoles and scanners that look around, reads that a worker does without.
       What ended a chain, and did not recur before and after, is what somebody waits for; what came last says nothing.
Sure:  an order, no verdict: every chain stays in sight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from trailsleuth.catalog.action_kinds import is_beside_the_work
from trailsleuth.facts.kinds import LOOKS, RECURRING
from trailsleuth.iam.applies import find_principal
from trailsleuth.model import Finding, PolicyEvidence, Scope, Standing

OWN = 0  # the chain of what is asked about by name
HABIT = 2  # services that a principal was denied a look at: then it looks around everywhere

Weight = tuple[object, ...]


def numbered(findings: Iterable[Finding], scope: Scope, policies: PolicyEvidence) -> dict[int, int]:
    """The group of each chain, 1 the likeliest. A failed execution that is asked about is group 1 even where nothing of it was denied."""
    chains: dict[int, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.standing is not Standing.BACKGROUND:
            chains[finding.group].append(finding)
    if scope.execution is not None:
        chains.setdefault(OWN, [])
    weights = {chain: _weight_of_chain(chain, found, scope, policies) for chain, found in chains.items()}
    return {chain: number for number, chain in enumerate(sorted(chains, key=lambda chain: weights[chain]), start=1)}


def _weight_of_chain(chain: int, found: list[Finding], scope: Scope, policies: PolicyEvidence) -> Weight:
    """That of its likeliest cause; after it the chains of outsiders, those that only look around, and last those in which everything
    recovered. Of equals those of a principal come first whose policies were brought along."""
    causes = [f for f in found if f.standing is Standing.CAUSE]
    habit = _is_habit(found)
    lightest = min((ended_nothing(f, scope, habit=habit) for f in causes), default=())
    first = min((f.first_seen.isoformat() for f in found if f.first_seen), default="")
    unknown = all(find_principal(f.principal, policies) is None for f in causes)
    return chain != OWN, not causes, only_looks(found), bool(causes) and all(f.outside for f in causes), lightest, unknown, first, chain


def _is_habit(found: Iterable[Finding]) -> bool:
    return len({(f.iam_action or "").partition(":")[0] for f in found if looks_around(f)}) >= HABIT


def only_looks(found: Iterable[Finding]) -> bool:
    """Nothing but looks at whatever there is was denied, in several services: an inventory or a scan goes on without, and ends nobody's work."""
    causes = [f for f in found if f.standing is Standing.CAUSE]
    return all(map(looks_around, causes)) and _is_habit(causes)


def ended_nothing(finding: Finding, scope: Scope, *, habit: bool = False) -> Weight:
    """The reasons against, the weightiest first: all false for the denial that the text names, or that ended its chain."""
    keys = {(e.event_id, e.account) for e in finding.evidence}
    return (
        bool(scope.tied) and keys.isdisjoint(scope.tied),
        finding.withheld,
        bool(keys) and keys <= scope.went_on,
        looks_around(finding) and habit,
        is_beside_the_work(finding.iam_action) or looks_around(finding),
        _recurs(finding, scope),
        keys.isdisjoint(scope.chained),
    )


def looks_around(finding: Finding) -> bool:
    """A call that lists or describes whatever there is: consoles, scanners and agents make it and do without."""
    everywhere = finding.resource is None or "*" in finding.resource
    names = [e.event_name for e in finding.evidence]
    looks = bool(names) and all(name.startswith(LOOKS) or (name.startswith("Get") and finding.resource is not None) for name in names)
    return looks and everywhere


def _recurs(finding: Finding, scope: Scope) -> bool:
    """Denied from near the begin to near the end of the trail, again and again: it was so before what is asked about, and after it."""
    if finding.count < RECURRING or not (finding.first_seen and finding.last_seen and scope.since and scope.until):
        return False
    quarter = (scope.until - scope.since) / 4
    return finding.first_seen - scope.since < quarter and scope.until - finding.last_seen < quarter
