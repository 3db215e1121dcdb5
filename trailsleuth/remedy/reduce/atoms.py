"""Uses as single grants: one action on one resource under the conditions of today's statement, never wider than it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.catalog.actions import resource_types, takes_resource
from trailsleuth.catalog.arns import Place, fits
from trailsleuth.catalog.reduction import any_of_form
from trailsleuth.iam.match import resource_matches
from trailsleuth.model import AccessRequest, Statement, parse_arn
from trailsleuth.model.pattern import ArnPattern, as_pattern, is_wide
from trailsleuth.remedy.presumed import presumed_sid
from trailsleuth.remedy.reduce.names import Names
from trailsleuth.remedy.reduce.present import Granting, conditions_of


class Atom(Struct, frozen=True, kw_only=True):
    """One grant. `basis` is the statement that grants it today; `probes` are the requests that must be allowed by it or by another."""

    action: str
    resource: str
    conditions: str  # JSON: hashable, and in one order
    basis: Statement | None = None
    probes: tuple[AccessRequest, ...] = ()

    def statement(self) -> dict[str, Any]:
        """The Allow of this alone."""
        written: dict[str, Any] = {**presumed_sid(self.action), "Effect": "Allow", "Action": self.action, "Resource": self.resource}
        conditions = json.loads(self.conditions)
        return {**written, "Condition": conditions} if conditions else written


def atoms_of(request: AccessRequest, resource: str | None, granting: Granting | None, names: Names) -> Iterator[Atom]:
    """The grants that a request needs: on its resource where it is known, else on what today's statement names, else on the forms that the action takes."""
    basis = granting.statement if granting else None
    conditions = json.dumps(_conditions(request, basis), sort_keys=True)
    if resource is not None:
        yield Atom(action=request.action, resource=_least(resource, basis, names), conditions=conditions, basis=basis, probes=(request,))
        return
    for pattern in _kept(request.action, basis) if basis else _forms(request):
        probes = () if "${" in pattern else (replace(request, resource=ArnPattern(pattern).member() if pattern != "*" else pattern),)
        yield Atom(action=request.action, resource=pattern, conditions=conditions, basis=basis, probes=probes)


def _conditions(request: AccessRequest, basis: Statement | None) -> dict[str, dict[str, Any]]:
    """Those of today's statement; a passed role is bound to the service that it was passed to, a key to the service that used it for the role."""
    found = conditions_of(basis) if basis else {}
    key = "iam:PassedToService" if request.action.lower() == "iam:passrole" else "kms:ViaService" if request.action.lower().startswith("kms:") else ""
    values = next((values for name, values in request.context.items() if name.lower() == key.lower()), None)
    if not key or not values or (key == "kms:ViaService" and any(key.lower() in map(str.lower, keys) for keys in found.values())):
        return found
    kept = {op: {k: v for k, v in keys.items() if k.lower() != key.lower()} for op, keys in found.items()}
    kept.setdefault("StringEquals", {})[key] = values[0]
    return {op: keys for op, keys in kept.items() if keys}


def _least(resource: str, basis: Statement | None, names: Names) -> ArnPattern:
    """The resource by the name that lasts, as far as today's statement reaches: its own narrower pattern where it has one, else the thing itself."""
    wide = names.pattern_of(resource)
    if basis is None or isinstance(resource, ArnPattern) or wide == as_pattern(resource) or reaches(basis, wide):
        return wide
    own = [r for r in basis.resources if "${" not in r and is_wide(r) and resource_matches(wide, r) and resource_matches(r, resource)]
    return ArnPattern(own[0]) if own else as_pattern(resource)


def reaches(basis: Statement, pattern: str) -> bool:
    """The statement names everything that the pattern means."""
    if basis.not_resources:
        return False
    return any(resource_matches(r, pattern) for r in basis.resources)


def _kept(action: str, basis: Statement) -> tuple[str, ...]:
    """Of the statement's resources those that the action may work on."""
    if basis.not_resources:
        return ("*",)
    forms = [form for kind in resource_types(action) for form in kind.arn_formats]
    fitting = tuple(r for r in basis.resources if r == "*" or any(fits(r, form) for form in forms))
    return fitting or basis.resources


def _forms(request: AccessRequest) -> tuple[str, ...]:
    """The ARN forms that the action must name, with this account and any name; `*` where none must be named."""
    required = [form for kind in resource_types(request.action) if kind.required for form in kind.arn_formats]
    if takes_resource(request.action) is not True or not required:
        return ("*",)
    arn = parse_arn(request.principal)
    region = next((v[0] for k, v in request.context.items() if k.lower() == "aws:requestedregion" and v), "*")
    place: Place = {"partition": arn.partition if arn else "aws", "account": request.resource_account or "*", "region": region}
    return tuple(sorted({any_of_form(form, place) for form in required}))


def of_several_kinds(actions: Iterable[str]) -> frozenset[str]:
    """The actions that one call of is checked on several kinds of resources: what they are granted on is read together."""
    return frozenset(action for action in actions if sum(kind.required for kind in resource_types(action)) > 1)


def ordered(atoms: Iterable[Atom]) -> list[Atom]:
    """Equal grants as one, with the requests of all, in order."""
    return sorted(_merged(atoms), key=lambda a: (a.action, a.resource, a.conditions))


def _merged(atoms: Iterable[Atom]) -> list[Atom]:
    """Equal grants as one, with the requests of all."""
    found: dict[tuple[str, str, str], Atom] = {}
    for atom in atoms:
        key = (atom.action, atom.resource, atom.conditions)
        held = found.get(key)
        found[key] = replace(held, probes=(*held.probes, *atom.probes)) if held else atom
    return list(found.values())
