"""Calls that no trail shows, kept where today's policy grants them: who makes log streams writes into them, though CloudTrail never says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from trailsleuth.catalog.reduction import NoRecord, unrecorded
from trailsleuth.model import AccessRequest
from trailsleuth.model.pattern import ArnPattern
from trailsleuth.model.reduction import Beyond, Use
from trailsleuth.remedy.reduce.atoms import Atom, atoms_of
from trailsleuth.remedy.reduce.names import Names
from trailsleuth.remedy.reduce.present import Present


def kept_unseen(uses: Iterable[Use], present: Present, names: Names) -> tuple[list[Atom], list[Beyond]]:
    """The grants to keep: on what the calls before them were made on, else as a statement names them; and those to think of that nothing grants today."""
    seen = tuple(uses)
    atoms: list[Atom] = []
    proposals: list[Beyond] = []
    for kind in unrecorded():
        for action in kind.actions if kind.never else ():
            near = [replace(use, requests=(replace(use.requests[0], action=action),)) for use in seen if use.iam_action == kind.follows and use.resource]
            for use in near:
                request = use.requests[0]
                granting = present.granting(request)
                if granting:
                    atoms += atoms_of(request, use.resource, granting[0], names)
                else:
                    proposals.append(_proposed(kind, action, names.pattern_of(use.resource or "*")))
            atoms += [] if near else _as_named(action, present)
    return atoms, list({repr(one): one for one in proposals}.values())


def _proposed(kind: NoRecord, action: str, resource: str) -> Beyond:
    why = f"{kind.what} leave no record in any trail, and the role did call {kind.follows} there: it will need this too"
    return Beyond(why=why, statement={"Effect": "Allow", "Action": action, "Resource": resource})


def _as_named(action: str, present: Present) -> Iterator[Atom]:
    """The grants of statements that name the action itself, without conditions."""
    for _, statement in present.allows:
        if action.lower() in (one.lower() for one in statement.actions) and not statement.conditions and not statement.not_resources:
            for resource in statement.resources:
                probe = AccessRequest(principal=present.role, action=action, resource=ArnPattern(resource).member() if resource != "*" else "*")
                yield Atom(action=action, resource=resource, conditions="{}", basis=statement, probes=(probe,) if "${" not in resource else ())
