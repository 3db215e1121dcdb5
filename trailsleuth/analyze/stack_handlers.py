"""What else the handler of a CloudFormation resource calls, where the stack's role was denied one of its calls.

Sees:  the record of a denied call that CloudFormation made, the table of handlers, the role's policies.
Why:   a stack stops at the first denial, and the next try at the next: one list saves the rounds.
       Source: https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
Sure:  predicted: the schemas list what a handler may call. It is told in the explanation, and gets into no change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from trailsleuth.catalog.handlers import actions_of_handler, handler_of, type_called_by
from trailsleuth.iam.applies import find_principal, grants_part, policies_for
from trailsleuth.model import AccessRequest, Evidence, Finding, PolicyEvidence, PolicyType, Record, Standing

LOGICAL_ID = "aws:cloudformation:logical-id"
MOST = 8


def note_handlers(findings: tuple[Finding, ...], evidence: Evidence) -> tuple[Finding, ...]:
    """The findings; of a stack role's denied call with what the same handler needs besides and the role's policies lack, as one short list."""
    wanted = {one.event_id for f in findings if _is_missing(f) for one in f.evidence[:1]}
    made = {r.event_id: r for r in evidence.records if r.event_id in wanted and _by_stack(r)} if wanted else {}
    return tuple(_noted(f, made, evidence.policies) for f in findings) if made else findings


def _is_missing(finding: Finding) -> bool:
    return finding.standing is Standing.CAUSE and PolicyType.IDENTITY in finding.policy_types and finding.iam_action is not None


def _by_stack(record: Record) -> bool:
    return "cloudformation" in (record.identity.invoked_by or "") or (record.identity.arn or "").endswith("/AWSCloudFormation")


def _noted(finding: Finding, made: Mapping[str, Record], policies: PolicyEvidence) -> Finding:
    record = made.get(finding.evidence[0].event_id) if finding.evidence and _is_missing(finding) else None
    kind = type_called_by(finding.iam_action) if record is not None and finding.iam_action else None
    if record is None or kind is None or finding.iam_action is None:
        return finding
    besides = _besides(finding, kind, policies)
    named = next(_logical_ids(record.request), "")
    what = f"a resource of type {kind}{f', {named} in the template' if named else ''}"
    said = f" The call was made for {what}."
    if besides:
        known = find_principal(finding.principal, policies) is not None
        more = f" and {len(besides) - MOST} more" if len(besides) > MOST else ""
        lack = "which the role's policies do not allow either" if known else "where the role lacks them they are denied next"
        said += f" The same handler can also call {', '.join(besides[:MOST])}{more}; {lack}."
    return replace(finding, explanation=f"{finding.explanation}{said}")


def _besides(finding: Finding, kind: str, policies: PolicyEvidence) -> list[str]:
    """The handler's other actions, and those with which it reads back what it made, that no Allow of the role has on anything."""
    letter = handler_of(finding.iam_action or "")
    listed = dict.fromkeys([*actions_of_handler(kind, letter), *(actions_of_handler(kind, "r") if letter in "cu" else ())])
    own = (finding.iam_action or "").lower()
    lacking = [action for action in listed if action.lower() != own and not _granted(finding.principal or "", action, policies)]
    return sorted(lacking, key=lambda action: (action != "iam:PassRole", action.partition(":")[0] != own.partition(":")[0]))


def _granted(principal: str, action: str, policies: PolicyEvidence) -> bool:
    request = AccessRequest(principal=principal, action=action, resource="*")
    return find_principal(principal, policies) is not None and grants_part(request, policies_for(request, policies))


def _logical_ids(value: object, depth: int = 0) -> Iterator[str]:
    """The template's name of the resource, which CloudFormation puts on it as a tag."""
    if depth > 12:
        return
    if isinstance(value, Mapping):
        yield from _of_map(value)
    inner: Iterable[Any] = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for one in inner:
        yield from _logical_ids(one, depth + 1)


def _of_map(value: Mapping[str, Any]) -> Iterator[str]:
    plain = {str(name).lower(): held for name, held in value.items()}
    held = plain.get(LOGICAL_ID) or (plain.get("value") if plain.get("key") == LOGICAL_ID else None)
    if isinstance(held, str):
        yield held
