"""Whether a change cures, whether it is the least, and whether it opens nothing else.

Sufficient: every call behind its findings is allowed afterwards (with all deltas in place) and was not before. Minimal: drop any action, resource or
removal and one of those calls fails. Harmless: neighbouring calls that were denied stay denied.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.catalog.actions import access_level, actions_of
from trailsleuth.catalog.own_stars import parts_of
from trailsleuth.catalog.services import is_service_name
from trailsleuth.iam.applies import find_endpoint, find_principal, find_resource_policy, policies_for
from trailsleuth.iam.document import parse_policy
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import AccessRequest, Decision, Delta, Finding, Policy, PolicyEvidence, PolicyType, Proof, Verdict, account_of
from trailsleuth.model.written import Literal, Part, Pattern, holds_signs
from trailsleuth.prove.apply import with_deltas
from trailsleuth.prove.presumed import presumed_doubts

NEIGHBOURS = 3
_FROM_ELSEWHERE = {"aws:SourceAccount": ("000000000000",), "aws:SourceArn": ("arn:aws:none::000000000000:none",)}  # the same service for somebody else
WRITING = ("Write", "Permissions management")


def prove_deltas(deltas: tuple[Delta, ...], findings: tuple[Finding, ...], policies: PolicyEvidence) -> tuple[Delta, ...]:
    """The deltas with their proofs; None where the evidence holds no policy to prove against."""
    places: dict[str, list[int]] = defaultdict(list)
    for at, finding in enumerate(findings):
        places[finding.id].append(at)
    after = with_deltas(policies, deltas)
    proven = []
    for delta in deltas:
        behind = [findings[at] for at in sorted(at for name in set(delta.finding_ids) for at in places[name])]
        proven.append(replace(delta, proof=_proof(delta, deltas, behind, (policies, after))))
    return tuple(proven)


class _Check(Struct, frozen=True, kw_only=True):
    """One request behind a finding. `delegated`: AWS named the caller's identity policy, so the resource's own policy leaves it to that."""

    request: AccessRequest
    endpoint: str | None
    delegated: bool
    parts: tuple[Part, ...] = ()

    def decide(self, policies: PolicyEvidence) -> Decision:
        held = policies_for(self.request, policies, endpoint=self.endpoint)
        if self.delegated and held.resource_unknown:
            held = replace(held, resource_unknown=False, resource=_delegating(self.request))
        return decide(self.request, held)


def _delegating(request: AccessRequest) -> Policy:
    account = account_of(request.principal)
    root = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*", "Resource": "*"}
    return parse_policy({"Version": "2012-10-17", "Statement": [root]}, name="the resource's policy, which leaves it to IAM")


def _checks(findings: list[Finding]) -> list[_Check]:
    return [
        _Check(
            request=request,
            endpoint=finding.endpoint,
            delegated=finding.policy_types == (PolicyType.IDENTITY,) and finding.principal_account == finding.resource_account,
            parts=_parts(finding, request),
        )
        for finding in findings
        for request in finding.requests
    ]


def _parts(finding: Finding, request: AccessRequest) -> tuple[Part, ...]:
    """The request's resource with what is ours in it apart; a short-lived id stands for its type."""
    told = finding.resource_parts if finding.resource == request.resource else ()
    return told or parts_of(request.resource, request.action)


def _proof(delta: Delta, deltas: tuple[Delta, ...], behind: list[Finding], policies: tuple[PolicyEvidence, PolicyEvidence]) -> Proof | None:
    """`behind`: the findings of the delta. `policies`: as they are, and with all deltas in place."""
    before, after = policies
    checks = _checks(behind)
    if delta.policy_type is PolicyType.SESSION or not any(_known(c, before) for c in checks):
        return None
    undecided = [f"placeholder {p.name}" for p in delta.placeholders]
    undecided += [f"the resource of {f.iam_action}" for f in behind if f.resource is None]
    undecided += [f"AWS's evaluation of the {one.layer.value} layer, which differs" for f in behind for one in f.calibration if one.agrees is False]
    undecided += presumed_doubts(delta.statements)
    undecided += _far_sides(checks, before)
    verdicts = [(c.decide(before), c.decide(after)) for c in checks]
    for _, decision in verdicts:
        if decision.verdict is Verdict.UNDECIDED:
            undecided += decision.missing_context or tuple(f"the {layer.value} policies of the other side" for layer in decision.blocked_by)
    sufficient = _sufficient([(b.verdict, a.verdict) for b, a in verdicts]) if not undecided else None
    if sufficient is None and not undecided:
        undecided.append("what the policies in the evidence allow already")
    return Proof(
        sufficient=sufficient,
        minimal=_minimal(delta, deltas, checks, before) if sufficient else None,
        harmless=_harmless(checks, before, after) if sufficient and not any(f.outside for f in behind) else None,
        undecided=tuple(sorted(set(undecided))),
    )


def _far_sides(checks: list[_Check], policies: PolicyEvidence) -> list[str]:
    """The other accounts of the calls whose policies the evidence lacks: what they deny, nobody here can tell."""
    missing = []
    for request in (check.request for check in checks):
        here = policies.of(request.evaluated)
        caller, owner = account_of(request.principal), request.resource_account
        if caller is None or owner is None or caller == owner:
            continue
        if find_principal(request.principal, here) is None:
            missing.append(caller)
        if find_principal(request.resource, here) is None and find_resource_policy(request.resource, here) is None:
            missing.append(owner)
    return [f"the policies of account {account}, which are not in the evidence" for account in sorted(set(missing))]


def _known(check: _Check, policies: PolicyEvidence) -> bool:
    request = check.request
    policies = policies.of(request.evaluated)
    return (
        find_principal(request.principal, policies) is not None
        or find_principal(request.resource, policies) is not None
        or find_resource_policy(request.resource, policies) is not None
        or find_endpoint(check.endpoint, policies) is not None
    )


def _sufficient(verdicts: list[tuple[Verdict, Verdict]]) -> bool | None:
    """All allowed afterwards, none before. A call that the policies allowed before (they were changed since, or do not show all) leaves it open."""
    if not all(after is Verdict.ALLOWED for _, after in verdicts):
        return False
    return True if all(before is not Verdict.ALLOWED for before, _ in verdicts) else None


def _minimal(delta: Delta, deltas: tuple[Delta, ...], checks: list[_Check], policies: PolicyEvidence) -> bool:
    others = with_deltas(policies, tuple(d for d in deltas if d is not delta))
    for smaller in _smaller(delta):
        after = with_deltas(others, (smaller,))
        if all(c.decide(after).verdict is Verdict.ALLOWED for c in checks):
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


def _harmless(checks: list[_Check], before: PolicyEvidence, after: PolicyEvidence) -> bool:
    """Neighbours of the calls (a resource beside, other writing actions on the same one) that were denied are denied still."""
    asked = [(c.request.action.lower(), c.request.resource) for c in checks]
    probes = {(p.request.principal, p.request.action, p.request.resource): p for c in checks for p in _neighbours(c)}
    for probe in probes.values():
        same_call = (probe.request.action.lower(), probe.request.resource) in asked
        if same_call and probe.request.context.get("aws:SourceAccount") != _FROM_ELSEWHERE["aws:SourceAccount"]:
            continue
        if probe.decide(before).verdict is not Verdict.ALLOWED and probe.decide(after).verdict is Verdict.ALLOWED:
            return False
    return True


def _beside(resource: str, parts: tuple[Part, ...]) -> Iterator[str]:
    """Names that a grant on this resource must not reach: a longer one, and for each sign of a literal one with another text in its place."""
    if not any(isinstance(part, Pattern) and holds_signs(part.text) for part in parts):
        yield resource + "-beside"
    known = [part for part in parts if isinstance(part, Literal | Pattern)]
    texts = [part.text for part in known]
    for at, part in enumerate(known):
        for sign in re.finditer(r"[*?]", part.text) if isinstance(part, Literal) else ():
            other = part.text[: sign.start()] + ("n" if sign.group() == "?" else "beside") + part.text[sign.end() :]
            yield "".join([*texts[:at], other, *texts[at + 1 :]])


def _neighbours(check: _Check) -> Iterator[_Check]:
    """Beside a short-lived id or a pattern stands nothing else: there the whole type is meant."""
    request = check.request
    for name in _beside(request.resource, check.parts):
        yield replace(check, request=replace(request, resource=name))
    if not request.principal.startswith("arn:") and is_service_name(request.principal):
        yield replace(check, request=replace(request, context={**request.context, **_FROM_ELSEWHERE}))
    prefix, _, name = request.action.partition(":")
    writing = [a for a in actions_of(prefix) if any(w in (access_level(a) or "") for w in WRITING) and not a.endswith(":" + name)]
    for action in writing[:: max(1, len(writing) // NEIGHBOURS)][:NEIGHBOURS]:
        yield replace(check, request=replace(request, action=action))
