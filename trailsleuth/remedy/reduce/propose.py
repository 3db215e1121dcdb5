"""The smallest policy that still allows what a role was seen to do, and what its standing findings need.

Every grant lies within what a statement of today grants: same conditions, no wider resource. Only what a standing finding lacks comes on top.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from trailsleuth.iam.match import action_matches, resource_matches
from trailsleuth.model import AccessRequest, Delta, Finding, PolicyType, Statement, Verdict, same_role
from trailsleuth.model.finding import Standing
from trailsleuth.model.pattern import ArnPattern
from trailsleuth.model.reduction import Beyond, Use
from trailsleuth.remedy.deltas import NO_DOCUMENT, merge
from trailsleuth.remedy.reduce.atoms import Atom, atoms_of, of_several_kinds, ordered
from trailsleuth.remedy.reduce.cover import without_needless
from trailsleuth.remedy.reduce.kept import kept_unseen
from trailsleuth.remedy.reduce.names import Names
from trailsleuth.remedy.reduce.present import Granting, Present, covers_action

Place = tuple[str, int]
Need = tuple[str | None, AccessRequest]  # the resource, None where the record does not tell it
STANDING = (Standing.CAUSE, Standing.ALSO_NEEDED)


class Draft(Struct):
    """A document in the making. `requests` must be allowed by it; `used_by` are the used actions of each present statement.

    The notes: uses whose resource is not known, with the statement that was kept; calls that passed a role which nothing names; uses that no present policy
    allows any more; that the resource's own policy allows; that the catalogue implies and the call did without; of calls that failed; grants kept
    though no trail can show their calls. `proposals`: what the role will need besides and nothing grants today.
    """

    names: Names
    statements: tuple[Mapping[str, Any], ...] = ()
    requests: tuple[AccessRequest, ...] = ()
    used_by: dict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))
    untold: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unknown_roles: set[str] = field(default_factory=set)
    not_allowed_now: set[str] = field(default_factory=set)
    allowed_elsewhere: set[str] = field(default_factory=set)
    not_checked: set[str] = field(default_factory=set)
    not_reached: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    proposals: list[Beyond] = field(default_factory=list)


class Lack(Struct, frozen=True, kw_only=True):
    """What the role still lacks: its standing findings, the changes to its own policies, and what the refused calls need besides."""

    findings: tuple[Finding, ...] = ()
    deltas: tuple[Delta, ...] = ()
    needs: tuple[Need, ...] = ()


def propose_reduction(uses: Iterable[Use], present: Present, lack: Lack) -> Draft:
    """The document: a grant for each use, for each standing finding what it lacks and what it has already, and today's denials that touch any of it."""
    seen = tuple(uses)
    draft = Draft(names=Names(seen))
    atoms = [atom for use in seen for request in use.requests for atom in _grounded(use, request, present, draft)]
    had = [(f.resource, request) for f in lack.findings for request in f.requests]
    atoms += [atom for resource, request in (*had, *lack.needs) for atom in _allowed_already(resource, request, present, draft)]
    unseen, draft.proposals = kept_unseen(seen, present, draft.names)
    draft.kept.update(f"{atom.action} on {atom.resource}" for atom in unseen)
    atoms += unseen
    own = lack.deltas
    cured = {finding_id for delta in own for finding_id in delta.finding_ids}
    requests = {id(r): r for f in lack.findings if f.id in cured for r in f.requests}
    atoms += [atom for delta in own for statement in delta.statements for atom in _split(statement)]
    needed = without_needless(ordered(atoms), tuple(requests.values()))
    grants = merge([atom.statement() for atom in needed], whole=of_several_kinds(atom.action for atom in needed))
    draft.statements = (*grants, *_denials(present, needed, own))
    probes = {id(r): r for atom in needed for r in atom.probes}
    draft.requests = (*probes.values(), *requests.values())
    return draft


def lack_of(findings: Iterable[Finding], deltas: Iterable[Delta], role: str) -> Lack:
    """Of a diagnosis what the role itself lacks and a policy can give, and the changes to its own policies."""
    own = tuple(d for d in deltas if d.policy_type is PolicyType.IDENTITY and same_role(d.attach_to, role))
    return Lack(findings=tuple(f for f in findings if f.standing in STANDING and f.cause not in NO_DOCUMENT and same_role(f.principal, role)), deltas=own)


def _grounded(use: Use, request: AccessRequest, present: Present, draft: Draft) -> Iterator[Atom]:
    """The grants of one use, by the statement that allows it today; none where it needs none of the role's own."""
    granting = present.granting(request, resource_known=use.resource is not None)
    for found in granting:
        draft.used_by[found.place].add(use.iam_action)
    chosen = _narrowest(granting)
    if chosen is None and isinstance(use.resource, ArnPattern) and present.known and (within := list(_within(use.resource, request, present, draft))):
        yield from within
        return
    if chosen is None and present.known and not present.missing and not _wanted(use, request, present, draft):
        return
    if use.iam_action == "iam:PassRole" and isinstance(use.resource, ArnPattern):
        draft.unknown_roles.update(use.calls)
    if use.resource is None:
        draft.untold[use.iam_action].add(_kept_from(chosen))
    yield from atoms_of(request, use.resource, chosen, draft.names)


def _within(pattern: ArnPattern, request: AccessRequest, present: Present, draft: Draft) -> Iterator[Atom]:
    """Of a kind of resources that no statement allows as a whole, those that one allows."""
    for found in present.granting(request, resource_known=False):
        for resource in found.statement.resources:
            if resource_matches(pattern, resource):
                draft.used_by[found.place].add(request.action)
                named = ArnPattern(resource)
                yield from atoms_of(replace(request, resource=named.member()), named, found, draft.names)


def _wanted(use: Use, request: AccessRequest, present: Present, draft: Draft) -> bool:
    """A use that no present statement allows: still granted where it is the call itself, which the trail shows to have worked."""
    named = f"{use.iam_action} on {use.resource or 'an unknown resource'}"
    if present.decide_all(request) is Verdict.ALLOWED:
        draft.allowed_elsewhere.add(named)
        return False
    if use.failed:
        draft.not_reached.add(f"{named} ({', '.join(use.calls)})")
        return False
    if use.implied:
        draft.not_checked.add(f"{named} ({', '.join(use.calls)})")
        return False
    draft.not_allowed_now.add(named)
    return True


def _narrowest(granting: tuple[Granting, ...]) -> Granting | None:
    """Of several statements the one with the most conditions, then the first."""
    return max(granting, key=lambda g: (len(g.statement.conditions), -g.statement.index), default=None)


def _kept_from(chosen: Granting | None) -> str:
    return f"policy {chosen.place[0]}, statement {chosen.statement.label}" if chosen else ""


def _allowed_already(resource: str | None, request: AccessRequest, present: Present, draft: Draft) -> Iterator[Atom]:
    """What a refused call needs of the role and has: another layer or another need refuses it, and this Allow must stay."""
    granting = present.granting(request, resource_known=resource is not None)
    for found in granting:
        draft.used_by[found.place].add(request.action)
    chosen = _narrowest(granting)
    if chosen is not None:
        yield from atoms_of(request, resource, chosen, draft.names)


def kept_for_failures(needs: Iterable[Need], present: Present, draft: Draft) -> list[dict[str, Any]]:
    """What calls need that failed for another reason than a refusal, is granted today, and is not in the document."""
    held = [(a, r) for s in draft.statements if s.get("Effect") == "Allow" for a in _listed(s.get("Action")) for r in _listed(s.get("Resource"))]
    atoms: list[Atom] = []
    for resource, request in needs:
        chosen = _narrowest(present.granting(request, resource_known=resource is not None))
        atoms += atoms_of(request, resource, chosen, draft.names) if chosen else ()
    return merge([a.statement() for a in atoms if not any(action_matches(one, a.action) and resource_matches(on, a.resource) for one, on in held)])


def _split(statement: Mapping[str, Any]) -> Iterator[Atom]:
    """A delta's statement as single grants."""
    conditions = json.dumps(statement.get("Condition", {}), sort_keys=True)
    for action in _listed(statement.get("Action")):
        for resource in _listed(statement.get("Resource")):
            yield Atom(action=action, resource=resource, conditions=conditions)


def _listed(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _denials(present: Present, atoms: Iterable[Atom], deltas: Iterable[Delta]) -> Iterator[Mapping[str, Any]]:
    """Today's Deny statements that touch a grant, as the deltas narrow them: without them the role could do more than before."""
    instead = {json.dumps(r["statement"], sort_keys=True, default=str): r.get("instead") for d in deltas for r in d.remove if "statement" in r}
    granted = tuple(atoms)
    for statement in present.denies:
        if any(_touches(statement, atom) for atom in granted):
            key = json.dumps(dict(statement.raw), sort_keys=True, default=str)
            kept = instead.get(key, dict(statement.raw)) if key in instead else dict(statement.raw)
            if kept:
                yield from kept if isinstance(kept, list) else [kept]


def _touches(statement: Statement, atom: Atom) -> bool:
    if not covers_action(statement, atom.action):
        return False
    if statement.not_resources:
        return not any(resource_matches(r, atom.resource) for r in statement.not_resources)
    return any(resource_matches(r, atom.resource) or resource_matches(atom.resource, r) or "${" in r for r in statement.resources)
