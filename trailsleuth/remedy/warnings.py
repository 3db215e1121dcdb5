"""What the one who applies a change must know: who is let in from outside, and who could become an administrator by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trailsleuth.catalog.action_kinds import signs_of_strength, way_of
from trailsleuth.iam.applies import find_principal, policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.iam.match import resource_matches
from trailsleuth.model import AccessRequest, Finding, PolicyEvidence, PolicyType, Verdict, account_of
from trailsleuth.model.parties import is_root
from trailsleuth.remedy.statements import is_unmade

STRONGER = 2  # of the table's signs: one alone is a role with another task
_UNMADE = "gives {action} on every thing of its type in the account: nobody knows the id of the one that the call makes; aws:RequestTag narrows it"
SHOWN = 4  # actions that a stronger role is said to have


def warnings_of(
    layer: PolicyType, attach_to: str | None, statements: Iterable[Mapping[str, Any]], findings: Iterable[Finding], policies: PolicyEvidence
) -> tuple[str, ...]:
    """Every warning of one change, each once and in order."""
    held = list(statements)
    causes = list(findings)
    found = [
        *_outsiders(layer, attach_to, held, causes, policies),
        *(w for s in held for w in _of_statement(layer, attach_to, s, policies)),
        *(_UNMADE.format(action=finding.iam_action) for finding in causes if is_unmade(finding)),
    ]
    return tuple(dict.fromkeys(found))


def _outsiders(
    layer: PolicyType, attach_to: str | None, statements: list[Mapping[str, Any]], findings: Iterable[Finding], policies: PolicyEvidence
) -> Iterator[str]:
    if not any("Principal" in statement for statement in statements):
        return
    entered = _may(attach_to, policies) if layer is PolicyType.TRUST else ""
    for outsider, federated in sorted({(finding.outside, finding.principal is None) for finding in findings if finding.outside}):
        narrow = "keep the condition on this very subject" if federated else "name one role of it, never the whole account"
        asked = ", and ask for an sts:ExternalId" if layer is PolicyType.TRUST and not federated else ""
        yield f"gives access to somebody from outside: {outsider} is nowhere else in the evidence. Make sure who that is; {narrow}{asked}{entered}."


def _may(role: str | None, policies: PolicyEvidence) -> str:
    """What the role to be entered may do, where the snapshot tells."""
    principal = find_principal(role, policies)
    actions = sorted({a for p in principal.policies for s in p.document.statements if s.effect == "Allow" for a in s.actions}) if principal else []
    more = f" and {len(actions) - SHOWN} more" if len(actions) > SHOWN else ""
    return f". The role may {', '.join(actions[:SHOWN])}{more}" if actions else ""


def _of_statement(layer: PolicyType, attach_to: str | None, statement: Mapping[str, Any], policies: PolicyEvidence) -> Iterator[str]:
    named = statement.get("Principal", {})
    for who in (one for value in named.values() for one in _listed(value)):
        if is_root(who) and not _names_one(statement):
            yield f"gives access to the whole account {account_of(who) or who}: every principal of it that its own policies allow"
    actions, resources = _listed(statement.get("Action")), _listed(statement.get("Resource"))
    if "*" in actions and "*" in resources:
        yield f"makes {attach_to} an administrator: every action on everything"
    if layer is not PolicyType.IDENTITY or attach_to is None:
        return
    for action in actions:
        way = way_of(action)
        for resource in resources if way is not None else ():
            if way is not None and way["on"] == "own":
                itself = "itself" if resource_matches(resource, attach_to) else resource
                yield f"with {action}, {attach_to} {way['reason'].format(subject=itself)}"
            elif way is not None and len(more := stronger(resource, attach_to, policies)) >= STRONGER:
                yield f"with {action}, {attach_to} {way['reason'].format(subject=resource, more=', '.join(more[:SHOWN]))}"


def _names_one(statement: Mapping[str, Any]) -> bool:
    """A condition says which principal of the account is meant."""
    return any(key.lower() in ("aws:userid", "aws:principalarn") for keys in statement.get("Condition", {}).values() for key in keys)


def stronger(role: str, than: str, policies: PolicyEvidence) -> tuple[str, ...]:
    """What a role may on everything and the other principal may not, by the policies in the evidence."""
    if find_principal(role, policies) is None or role == than:
        return ()
    return tuple(action for action in signs_of_strength() if _may_on_all(role, action, policies) and not _may_on_all(than, action, policies))


def _may_on_all(principal: str, action: str, policies: PolicyEvidence) -> bool:
    request = AccessRequest(principal=principal, action=action, resource="*", resource_account=account_of(principal))
    found = decide(request, policies_for(request, policies)).layer(PolicyType.IDENTITY)
    return found is not None and found.verdict is Verdict.ALLOWED


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value] if isinstance(value, list | tuple) else []
