"""Whether a change cures, whether it is the least, and whether it opens nothing else.

Sufficient: every call behind its findings is allowed afterwards (with all deltas in place) and was not before. Minimal: drop any action, resource or
removal and one of those calls fails. Harmless: neighbouring calls that were denied stay denied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from trailsleuth.catalog.actions import access_level, actions_of
from trailsleuth.iam.applies import find_principal, find_resource_policy, policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import AccessRequest, Decision, Delta, Finding, PolicyEvidence, Proof, Verdict
from trailsleuth.prove.apply import with_deltas

NEIGHBOURS = 3


def prove_deltas(deltas: tuple[Delta, ...], findings: tuple[Finding, ...], policies: PolicyEvidence) -> tuple[Delta, ...]:
    """The deltas with their proofs; None where the evidence holds no policy to prove against."""
    return tuple(replace(delta, proof=_proof(delta, deltas, findings, policies)) for delta in deltas)


def _proof(delta: Delta, deltas: tuple[Delta, ...], findings: tuple[Finding, ...], policies: PolicyEvidence) -> Proof | None:
    behind = [f for f in findings if f.id in delta.finding_ids]
    requests = [r for f in behind for r in f.requests]
    if not requests or not any(_known(r, policies) for r in requests):
        return None
    undecided = [f"placeholder {p.name}" for p in delta.placeholders]
    undecided += [f"the resource of {f.iam_action}" for f in behind if f.resource is None]
    after = with_deltas(policies, deltas)
    verdicts = [(_decide(r, policies), _decide(r, after)) for r in requests]
    for _, decision in verdicts:
        if decision.verdict is Verdict.UNDECIDED:
            undecided += decision.missing_context or tuple(f"the {layer.value} policies of the other side" for layer in decision.blocked_by)
    sufficient = _sufficient([(b.verdict, a.verdict) for b, a in verdicts]) if not undecided else None
    if sufficient is None and not undecided:
        undecided.append("what the policies in the evidence allow already")
    minimal = _minimal(delta, deltas, requests, policies) if sufficient else None
    return Proof(
        sufficient=sufficient,
        minimal=minimal,
        harmless=_harmless(requests, policies, after) if sufficient else None,
        undecided=tuple(sorted(set(undecided))),
    )


def _known(request: AccessRequest, policies: PolicyEvidence) -> bool:
    return (
        find_principal(request.principal, policies) is not None
        or find_principal(request.resource, policies) is not None
        or find_resource_policy(request.resource, policies) is not None
    )


def _decide(request: AccessRequest, policies: PolicyEvidence) -> Decision:
    return decide(request, policies_for(request, policies))


def _sufficient(verdicts: list[tuple[Verdict, Verdict]]) -> bool | None:
    """All allowed afterwards, none before. A call that was undecided before (a policy not in the evidence) leaves it open."""
    if not all(after is Verdict.ALLOWED for _, after in verdicts):
        return False
    return True if all(before is not Verdict.ALLOWED for before, _ in verdicts) else None


def _minimal(delta: Delta, deltas: tuple[Delta, ...], requests: list[AccessRequest], policies: PolicyEvidence) -> bool:
    others = tuple(d for d in deltas if d is not delta)
    for smaller in _smaller(delta):
        after = with_deltas(policies, (*others, smaller))
        if all(_decide(r, after).verdict is Verdict.ALLOWED for r in requests):
            return False
    return True


def _smaller(delta: Delta) -> Iterator[Delta]:
    """The delta with one action, one resource, one statement or one removal less."""
    for i, statement in enumerate(delta.statements):
        rest = delta.statements[:i] + delta.statements[i + 1 :]
        yield replace(delta, statements=rest)
        for key in ("Action", "Resource"):
            values = statement.get(key)
            listed = values if isinstance(values, list) else []
            for value in listed:
                less: Mapping[str, Any] = {**statement, key: [v for v in listed if v != value]}
                yield replace(delta, statements=(*rest, less))
    for i, entry in enumerate(delta.remove):
        if "principals" in entry:
            continue  # a principal that no longer exists is taken out for tidiness: nothing hangs on it
        yield replace(delta, remove=delta.remove[:i] + delta.remove[i + 1 :])


def _harmless(requests: list[AccessRequest], before: PolicyEvidence, after: PolicyEvidence) -> bool:
    """Neighbours of the calls (a resource beside, other writing actions on the same one) that were denied are denied still."""
    for probe in {(p.principal, p.action, p.resource): p for r in requests for p in _neighbours(r)}.values():
        if (probe.action.lower(), probe.resource) in {(r.action.lower(), r.resource) for r in requests}:
            continue
        if _decide(probe, before).verdict is not Verdict.ALLOWED and _decide(probe, after).verdict is Verdict.ALLOWED:
            return False
    return True


def _neighbours(request: AccessRequest) -> Iterator[AccessRequest]:
    if request.resource != "*":
        yield replace(request, resource=request.resource + "-beside")
    prefix, _, name = request.action.partition(":")
    writing = [a for a in actions_of(prefix) if access_level(a) in ("Write", "Permissions management") and not a.endswith(":" + name)]
    for action in writing[:: max(1, len(writing) // NEIGHBOURS)][:NEIGHBOURS]:
        yield replace(request, action=action)
