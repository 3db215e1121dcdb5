"""What a role's present policies grant, and which of their statements let a request through."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.iam.applies import find_principal, policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.iam.match import action_matches
from trailsleuth.model import AccessRequest, Policy, PolicyDocument, PolicyEvidence, PolicySet, PolicyType, Statement, Verdict
from trailsleuth.patterns import late

_VARIABLE = late(r"\$\{\s*([^},\s]+)")
PASSED_TO, VIA_SERVICE = "iam:passedtoservice", "kms:viaservice"


class Granting(Struct, frozen=True, kw_only=True):
    """An Allow statement that lets a request through. `sure` False: it hangs on a condition key that the record does not tell."""

    policy: Policy
    statement: Statement
    sure: bool = True

    @property
    def place(self) -> tuple[str, int]:
        return (policy_label(self.policy), self.statement.index)


def policy_label(policy: Policy) -> str:
    """The ARN of a managed policy, else the name."""
    return policy.arn or policy.name


class Present:
    """The identity policies of a role by the evidence. `known` False: there is no snapshot of it; `missing`: documents that are not in the evidence."""

    def __init__(self, role: str, policies: PolicyEvidence) -> None:
        self._all = policies
        self.role = role
        self.known = find_principal(role, policies) is not None
        held = policies_for(AccessRequest(principal=role, action="sts:GetCallerIdentity", resource="*"), policies)
        self.policies = held.identity
        self.missing = held.identity_incomplete if self.known else ()

    @cached_property
    def allows(self) -> tuple[tuple[Policy, Statement], ...]:
        return tuple((p, s) for p in self.policies for s in p.document.statements if s.effect == "Allow")

    @cached_property
    def denies(self) -> tuple[Statement, ...]:
        return tuple(s for p in self.policies for s in p.document.statements if s.effect == "Deny")

    @cached_property
    def looked_at(self) -> frozenset[str]:
        """The condition keys, in lower case, on which a statement may hang."""
        keys = {PASSED_TO, VIA_SERVICE}
        for policy in self.policies:
            for statement in policy.document.statements:
                keys.update(c.key.lower() for c in statement.conditions)
                texts = (*statement.resources, *statement.not_resources, *(v for c in statement.conditions for v in c.values))
                keys.update(name.lower() for text in texts for name in _VARIABLE.findall(text))
        return frozenset(keys)

    def granting(self, request: AccessRequest, *, resource_known: bool = True) -> tuple[Granting, ...]:
        """The statements that allow the request; where none surely does, the ones that may. On what it was made counts only where it is known."""
        found = []
        for policy, statement in self.allows:
            if not covers_action(statement, request.action):
                continue
            asked = statement if resource_known else replace(statement, resources=("*",), not_resources=())
            verdict = _alone(request, policy, asked)
            if verdict in (Verdict.ALLOWED, Verdict.UNDECIDED):
                found.append(Granting(policy=policy, statement=statement, sure=verdict is Verdict.ALLOWED))
        return tuple(g for g in found if g.sure) or tuple(found)

    def decide_all(self, request: AccessRequest) -> Verdict:
        """What all policies in the evidence say to it."""
        return decide(request, policies_for(request, self._all)).verdict


def covers_action(statement: Statement, action: str) -> bool:
    """The statement's Action or NotAction covers the action."""
    if statement.not_actions:
        return not any(action_matches(pattern, action) for pattern in statement.not_actions)
    return any(action_matches(pattern, action) for pattern in statement.actions)


def _alone(request: AccessRequest, policy: Policy, statement: Statement) -> Verdict:
    document = PolicyDocument(version=policy.document.version, statements=(statement,))
    found = decide(request, PolicySet(identity=(replace(policy, document=document),))).layer(PolicyType.IDENTITY)
    return found.verdict if found else Verdict.IMPLICITLY_DENIED


def conditions_of(statement: Statement) -> dict[str, dict[str, Any]]:
    """The statement's conditions as a policy writes them."""
    found: dict[str, dict[str, Any]] = {}
    for condition in statement.conditions:
        found.setdefault(condition.operator, {})[condition.key] = one_or_list(condition.values)
    return found


def as_written(statement: Statement, actions: tuple[str, ...], resources: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """The statement with only these of its actions and, where given, these of its resources."""
    written: dict[str, Any] = {"Effect": "Allow", "Action": one_or_list(actions)}
    if statement.not_resources:
        written["NotResource"] = one_or_list(statement.not_resources)
    else:
        written["Resource"] = one_or_list(resources or statement.resources)
    conditions = conditions_of(statement)
    return {**written, "Condition": conditions} if conditions else written


def one_or_list(values: tuple[str, ...]) -> str | list[str]:
    """One value as itself, several as a list."""
    return values[0] if len(values) == 1 else list(values)
