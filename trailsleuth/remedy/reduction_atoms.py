"""Uses as single grants: one action on one resource under the conditions of today's statement, never wider than it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from trailsleuth.catalog.actions import resource_types, takes_resource
from trailsleuth.catalog.arns import Place, fits
from trailsleuth.catalog.reduction import any_of_form, beyond_one_run
from trailsleuth.iam.match import resource_matches
from trailsleuth.model import AccessRequest, Statement, parse_arn
from trailsleuth.remedy.presumed import presumed_sid
from trailsleuth.remedy.reduction_present import PASSED_TO, Granting, conditions_of

MANY = 10  # ARNs of one kind in one statement: beyond that, what they have in common


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
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


def atoms_of(request: AccessRequest, resource: str | None, granting: Granting | None) -> Iterator[Atom]:
    """The grants that a request needs: on its resource where it is known, else on what today's statement names, else on the forms that the action takes."""
    basis = granting.statement if granting else None
    conditions = json.dumps(_conditions(request, basis), sort_keys=True)
    if resource is not None:
        yield Atom(action=request.action, resource=_least(resource, basis), conditions=conditions, basis=basis, probes=(request,))
        return
    for pattern in _kept(request.action, basis) if basis else _forms(request):
        probes = () if "${" in pattern else (replace(request, resource=pattern),)
        yield Atom(action=request.action, resource=pattern, conditions=conditions, basis=basis, probes=probes)


def _conditions(request: AccessRequest, basis: Statement | None) -> dict[str, dict[str, Any]]:
    """Those of today's statement; a passed role is bound to the service that it was passed to."""
    found = conditions_of(basis) if basis else {}
    service = next((values for key, values in request.context.items() if key.lower() == PASSED_TO), None)
    if request.action.lower() != "iam:passrole" or not service:
        return found
    kept = {op: {k: v for k, v in keys.items() if k.lower() != PASSED_TO} for op, keys in found.items()}
    kept.setdefault("StringEquals", {})["iam:PassedToService"] = service[0]
    return {op: keys for op, keys in kept.items() if keys}


def _least(resource: str, basis: Statement | None) -> str:
    """The ARN, what lives for one run only widened within its type, as far as today's statement reaches."""
    if resource == "*":
        return resource
    wide = beyond_one_run(resource)
    if wide != resource and (basis is None or reaches(basis, wide)):
        return escaped(wide[:-1]) + "*" if wide.endswith("*") else wide
    return escaped(resource)


def reaches(basis: Statement, pattern: str) -> bool:
    """The statement names everything that the pattern means."""
    if basis.not_resources:
        return False
    return any(resource_matches(r, pattern) for r in basis.resources)


def escaped(arn: str) -> str:
    """An object's key with its own stars and marks as themselves: whoever names an object must not widen a policy."""
    if ":s3:::" not in arn:
        return arn
    return re.sub(r"\$(?=\{)|[*?]", lambda sign: "${" + sign.group() + "}", arn)


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


def generalised(atoms: Iterable[Atom]) -> list[Atom]:
    """More than a handful of ARNs of one kind, under one statement of today, as what they have in common; the others as they are."""
    groups: dict[tuple[Any, ...], list[Atom]] = defaultdict(list)
    for atom in atoms:
        basis = (atom.basis.index, repr(atom.basis.raw)) if atom.basis else ()
        groups[atom.action, atom.conditions, basis, family(atom.resource)].append(atom)
    out: list[Atom] = []
    for group in groups.values():
        common = _common(sorted({a.resource for a in group}), group[0].basis)
        out += [replace(a, resource=common) for a in group] if common else group
    return sorted(_merged(out), key=lambda a: (a.action, a.resource, a.conditions))


def family(resource: str) -> tuple[str, ...]:
    """The kind of thing that an ARN names: service, region, account and type, for objects the bucket."""
    arn = parse_arn(resource)
    if arn is None:
        return (resource,)
    kind = re.split(r"[:/]", arn.resource, maxsplit=1)[0]
    return (arn.partition, arn.service, arn.region, arn.account, kind)


def _common(resources: list[str], basis: Statement | None) -> str | None:
    """The path that sorted ARNs share, down to a name of its own within their type."""
    if len(resources) <= MANY:
        return None
    shared = "".join(a for a, b in takewhile(lambda pair: pair[0] == pair[1], zip(resources[0], resources[-1], strict=False)))
    head = max(shared.rfind("/"), shared.rfind(":")) + 1
    start = len(":".join([*resources[0].split(":")[:5], family(resources[0])[-1]])) + 1
    objects = ":s3:::" in shared  # of one bucket; elsewhere all of a type is no common name
    if head < start + (not objects):
        return None
    pattern = shared[:head] + "*"
    return pattern if basis is None or reaches(basis, pattern) else None


def _merged(atoms: Iterable[Atom]) -> list[Atom]:
    """Equal grants as one, with the requests of all."""
    found: dict[tuple[str, str, str], Atom] = {}
    for atom in atoms:
        key = (atom.action, atom.resource, atom.conditions)
        held = found.get(key)
        found[key] = replace(held, probes=(*held.probes, *atom.probes)) if held else atom
    return list(found.values())
