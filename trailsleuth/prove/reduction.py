"""Whether a reduced policy still allows everything, and whether anything in it could go.

The role's identity policies are replaced by the document, and each request is decided again. Only that layer is asked: the others let the calls
through, as the trail shows, and they stay as they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.iam.applies import find_principal, policies_for
from trailsleuth.iam.document import parse_policy
from trailsleuth.iam.evaluate import decide
from trailsleuth.iam.match import resource_matches
from trailsleuth.model import AccessRequest, IamPrincipal, LayerDecision, Placeholder, PolicyEvidence, PolicyType, Proof, Verdict
from trailsleuth.prove.presumed import presumed_doubts

Statements = tuple[Mapping[str, Any], ...]


def prove_reduction(
    statements: Statements, requests: Iterable[AccessRequest], *, role: str, policies: PolicyEvidence, placeholders: Iterable[Placeholder] = ()
) -> Proof:
    """Sufficient: every request is allowed. Minimal: without any action, resource or Allow statement one of them is decided worse."""
    principal = find_principal(role, policies)
    if principal is None:
        return Proof(sufficient=None, minimal=None, undecided=(f"the policies of {role}",))
    asked = tuple(requests)
    document = _with(statements, principal)
    before = [_identity(r, document) for r in asked]
    open_names = {p.name for p in placeholders}
    undecided = {f"placeholder {name}" for name in open_names} | set(presumed_doubts(statements))
    for decision in before:
        if decision is not None and decision.verdict is Verdict.UNDECIDED:
            undecided.update(set(decision.missing_context) - open_names)
    verdicts = [d.verdict if d else None for d in before]
    refused = any(v not in (Verdict.ALLOWED, Verdict.UNDECIDED) for v in verdicts)
    open_left = bool(undecided) or Verdict.UNDECIDED in verdicts
    return Proof(
        sufficient=False if refused else None if open_left else True,
        minimal=_minimal(statements, asked, verdicts, principal),
        undecided=tuple(sorted(undecided)),
    )


def _with(statements: Statements, principal: IamPrincipal) -> PolicyEvidence:
    """The role with the document in place of all its identity policies."""
    document = parse_policy({"Version": "2012-10-17", "Statement": list(statements)}, name="the reduced policy")
    return PolicyEvidence(principals=(replace(principal, policies=(document,), unknown_policies=()),))


def _identity(request: AccessRequest, policies: PolicyEvidence) -> LayerDecision | None:
    return decide(request, policies_for(request, policies)).layer(PolicyType.IDENTITY)


def _minimal(statements: Statements, requests: tuple[AccessRequest, ...], verdicts: list[Verdict | None], principal: IamPrincipal) -> bool:
    by_action: dict[str, list[int]] = defaultdict(list)
    for index, request in enumerate(requests):
        by_action[request.action.lower()].append(index)
    for without in _smaller(statements):
        touched = [i for action in without.actions for i in by_action.get(action.lower(), ()) if resource_matches(without.resource, requests[i].resource)]
        reduced = _with(without.statements, principal)
        if not any((found := _identity(requests[i], reduced)) is None or found.verdict is not verdicts[i] for i in touched):
            return False
    return True


class _Without(Struct, frozen=True, kw_only=True):
    """A document with something taken out: what is left, and the requests that this may touch by their actions and resource."""

    statements: Statements
    actions: tuple[str, ...]
    resource: str = "*"


def _smaller(statements: Statements) -> Iterator[_Without]:
    """The document without one Allow statement, one of its actions or one of its resources.

    A resource with a placeholder or a variable has no request to test it with.
    """
    for index, statement in enumerate(statements):
        if statement.get("Effect") != "Allow":
            continue
        others = (*statements[:index], *statements[index + 1 :])
        actions, resources = _listed(statement.get("Action")), _listed(statement.get("Resource"))
        if not all("${" in resource for resource in resources):
            yield _Without(statements=others, actions=actions)
            for action in actions if len(actions) > 1 else ():
                yield _Without(statements=(*others, {**statement, "Action": [a for a in actions if a != action]}), actions=(action,))
        for resource in resources if len(resources) > 1 else ():
            if "${" not in resource:
                left = {**statement, "Resource": [r for r in resources if r != resource]}
                yield _Without(statements=(*others, left), actions=actions, resource=resource)


def _listed(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()
