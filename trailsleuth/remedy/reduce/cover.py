"""Grants that others make needless."""

from __future__ import annotations

from collections.abc import Iterable

from trailsleuth.iam.document import parse_policy
from trailsleuth.iam.evaluate import decide
from trailsleuth.iam.match import resource_matches
from trailsleuth.model import AccessRequest, Policy, PolicySet, PolicyType, Verdict
from trailsleuth.remedy.reduce.atoms import Atom


def without_needless(atoms: Iterable[Atom], requests: Iterable[AccessRequest]) -> list[Atom]:
    """The grants without those whose every request another one allows. Of two that allow the same the one that allows more requests stays."""
    held = list(atoms)
    documents = [parse_policy({"Version": "2012-10-17", "Statement": [atom.statement()]}, name="one grant") for atom in held]
    asked = [r for atom in held for r in atom.probes] + list(requests)
    by_action: dict[str, list[int]] = {}
    for index, atom in enumerate(held):
        by_action.setdefault(atom.action.lower(), []).append(index)
    covers: list[set[int]] = [_covering(r, by_action.get(r.action.lower(), []), held, documents) for r in asked]
    served: dict[int, list[set[int]]] = {}
    for cover in covers:
        for index in cover:
            served.setdefault(index, []).append(cover)
    for index in sorted(served, key=lambda i: (len(served[i]), held[i].resource, held[i].conditions)):
        if all(len(cover) > 1 for cover in served[index]):
            for cover in served[index]:
                cover.discard(index)
            served[index] = []
    return [atom for index, atom in enumerate(held) if index not in served or served[index]]


def _covering(request: AccessRequest, candidates: list[int], atoms: list[Atom], documents: list[Policy]) -> set[int]:
    """The grants that surely allow the request; where none does, those that may."""
    sure, unsure = set(), set()
    for index in candidates:
        if "${" not in atoms[index].resource and not resource_matches(atoms[index].resource, request.resource):
            continue
        found = decide(request, PolicySet(identity=(documents[index],))).layer(PolicyType.IDENTITY)
        if found is not None and found.verdict is Verdict.ALLOWED:
            sure.add(index)
        elif found is not None and found.verdict is Verdict.UNDECIDED:
            unsure.add(index)
    return sure or unsure
