"""Several roles under one policy: the roles of a permission set in all accounts, the members of a group. Every grant that one of them needs, once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trailsleuth.model import Evidence, Proof, account_of, parse_arn
from trailsleuth.model.names import role_names, role_of
from trailsleuth.model.reduction import Reduction
from trailsleuth.patterns import late
from trailsleuth.remedy.deltas import merge
from trailsleuth.remedy.reduce.atoms import of_several_kinds

_PERMISSION_SET = late(r"(AWSReservedSSO_.+)_[0-9a-f]{16}")
_SERVICES_OWN = "/aws-service-role/"


def permission_set(role: str) -> str | None:
    """The name of the permission set that a role belongs to, with the prefix that all its roles have; None for any other role.

    Source: https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
    """
    match = _PERMISSION_SET.fullmatch(role.rpartition("/")[2])
    return match.group(1) if match else None


def stands_for_several(wanted: str) -> bool:
    """A permission set or a group: who belongs to it, only the evidence tells."""
    arn = parse_arn(wanted)
    return permission_set(wanted) is not None or wanted.startswith("AWSReservedSSO_") or (arn is not None and arn.resource.startswith("group/"))


def members_of(evidence: Evidence, wanted: str) -> tuple[str, ...]:
    """The roles and users that are meant: all roles of a permission set, all users of a group, else the one itself."""
    name = permission_set(wanted) or (wanted if wanted.startswith("AWSReservedSSO_") else None)
    if name:
        return tuple(arn for arn in seen_principals(evidence, also_silent=True) if permission_set(arn) == name) or (wanted,)
    arn = parse_arn(wanted)
    if arn is not None and arn.service == "iam" and arn.resource.startswith("group/"):
        return tuple(p.arn for p in evidence.policies.principals if p.kind == "user" and arn.name in p.groups and account_of(p.arn) == arn.account)
    return (wanted,)


def seen_principals(evidence: Evidence, *, also_silent: bool = False) -> tuple[str, ...]:
    """The roles and users that made calls, by their full ARNs; with those that a snapshot knows and that made none. Services' own roles are left out."""
    names = role_names(evidence)
    found = {names.full(role_of(record)) for record in evidence.records if record.identity.type in ("AssumedRole", "IAMUser", "Role")}
    found |= {p.arn for p in evidence.policies.principals} if also_silent else set()
    return tuple(sorted(arn for arn in found if arn and _SERVICES_OWN not in arn and (p := parse_arn(arn)) is not None and p.names_principal))


def put_together(wanted: str, reductions: tuple[Reduction, ...]) -> Reduction:
    """One reduction out of those of the members: statements merged, facts side by side, the proof as good as the worst of theirs."""
    allows = [single for r in reductions for s in r.statements if s.get("Effect") == "Allow" for single in _singles(s)]
    denies = {json.dumps(s, sort_keys=True, default=str): s for r in reductions for s in r.statements if s.get("Effect") != "Allow"}
    several = f"One policy for {len(reductions)} principals: {', '.join(r.role for r in reductions)}."
    return Reduction(
        role=wanted,
        statements=(*merge(allows, whole=of_several_kinds(single["Action"] for single in allows)), *denies.values()),
        used=tuple(use for r in reductions for use in r.used),
        unused=tuple(dict.fromkeys(one for r in reductions for one in r.unused)),
        proof=_weakest(r.proof for r in reductions),
        beyond_trail=tuple({repr(b): b for r in reductions for b in r.beyond_trail}.values()),
        gaps=tuple(dict.fromkeys((several, *(gap for r in reductions for gap in r.gaps)))),
        roles=tuple(r.role for r in reductions),
        placeholders=tuple({p.name: p for r in reductions for p in r.placeholders}.values()),
    )


def _singles(statement: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A statement as one for each pair of action and resource."""
    rest = {k: v for k, v in statement.items() if k not in ("Action", "Resource", "Sid")}
    for action in _listed(statement["Action"]):
        for resource in _listed(statement["Resource"]):
            yield {**rest, "Action": action, "Resource": resource}


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(v) for v in value] if isinstance(value, list) else []


def _weakest(proofs: Iterable[Proof]) -> Proof:
    held = tuple(proofs)
    return Proof(
        sufficient=_all(p.sufficient for p in held),
        minimal=_all(p.minimal for p in held),
        undecided=tuple(sorted({one for p in held for one in p.undecided})),
    )


def _all(answers: Iterable[bool | None]) -> bool | None:
    found = set(answers)
    return False if False in found else None if None in found else True
