"""The sentences about what a record tells besides who was denied what: AWS's own evaluation, the endpoint
that the call went through, the agent, person or provider behind it, what changed lately, and enrichment that contradicts the record."""

from __future__ import annotations

from collections.abc import Mapping

from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.catalog.agents import is_mcp_server
from trailsleuth.catalog.denial_notes import lately
from trailsleuth.iam.context import contradictions
from trailsleuth.model import PolicyType, Record

SHOWN = 3
LONGEST = 120  # signs of what a client says of itself
LEVELS = {
    PolicyType.SCP: "service control policies",
    PolicyType.RCP: "resource control policies",
    PolicyType.VPC_ENDPOINT: "the VPC endpoint's policy",
    PolicyType.RESOURCE: "the resource's policy",
    PolicyType.IDENTITY: "the principal's policies",
    PolicyType.BOUNDARY: "the permissions boundary",
    PolicyType.SESSION: "the session policy",
    PolicyType.OTHER: "a grant",
}


def told_by_record(refusal: Refusal, claim: Claim, tool: Record | None = None) -> list[str]:
    """Every sentence that applies, each whole; [] for most records. `tool` is the call of an agent that made the refused one."""
    return [
        *_by_aws(refusal),
        *(_endpoint(refusal.first) if PolicyType.VPC_ENDPOINT in claim.layers else []),
        *_agent(refusal.first, tool),
        *_behind(refusal.first, claim),
        *_changed_lately(refusal, claim),
        *_contradicted(refusal),
        *_tagged(refusal),
    ]


def _tagged(refusal: Refusal) -> list[str]:
    """The tags of the thing that other calls or saved answers show, and that the decision may rest on."""
    shown = [f"{tag.value} ({tag.source})" for tag in refusal.tags[:SHOWN]]
    return [f"Its tags, as other evidence shows them: {', '.join(shown)}."] if shown else []


def _by_aws(refusal: Refusal) -> list[str]:
    """AWS's own word: the checks that denied, each with its statements and, of a policy of the organization, where that hangs."""
    answer = refusal.answer
    said = []
    for check in answer.deciding if answer is not None else ():
        if check.layer is None:
            continue
        place = f" at {check.target}" if check.target else ""
        named = ", ".join(f"statement {found.sid or 'without a Sid'} of {found.uri}" for found in check.matched[:SHOWN] if found.denies)
        outcome = f"explicit deny{': ' + named if named else ''}" if check.effect == "EXPLICIT_DENY" else "implicit deny"
        said.append(f"{LEVELS[check.layer]}{place}, {outcome}")
    return [f"AWS's own evaluation: {'; '.join(said)}."] if said else []


def _endpoint(record: Record) -> list[str]:
    """The endpoint with its owner, service and Region, and where the call came from, as far as the record tells."""
    if not record.vpc_endpoint_id:
        return []
    owner = f" of account {record.vpc_endpoint_account}" if record.vpc_endpoint_account else ""
    origin = f", called from {record.source_ip}" if record.source_ip else ""
    return [f"The endpoint is {record.vpc_endpoint_id}{owner}, for {record.event_source} in {record.region or 'an unknown Region'}{origin}."]


def _agent(record: Record, tool: Record | None) -> list[str]:
    server = record.identity.invoked_by
    if not is_mcp_server(server):
        return []
    name = "the AWS MCP Server" if server == "aws-mcp.amazonaws.com" else server
    if tool is None:
        return [f"The call was made through {name}: an agent asked for it."]
    client = f" ({tool.user_agent[:LONGEST]})" if tool.user_agent else ""
    origin = f" from {tool.source_ip}" if tool.source_ip else ""
    return [f"Asked by an agent{client}{origin} through {name}, as record {tool.event_id} ({tool.event_name}) shows."]


def _behind(record: Record, claim: Claim) -> list[str]:
    """Who stands behind the caller: a person of IAM Identity Center, a provider with delegated access.

    Sources: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
             https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-temporary-delegation.html
    """
    person, provider = (record.identity.raw.get(name) for name in ("onBehalfOf", "invokedByDelegate"))
    said = []
    if isinstance(person, Mapping) and person.get("userId"):
        said.append(f"The session acts for user {str(person['userId'])[:LONGEST]} of IAM Identity Center.")
    if isinstance(provider, Mapping) and provider.get("accountId"):
        limit = " A new delegation request widens them; no Allow does." if PolicyType.SESSION in claim.layers else ""
        asked = f"The call was made by the provider's account {str(provider['accountId'])[:LONGEST]} under a delegation request"
        said.append(f"{asked}: its permissions are those that the request asked for and the approver has.{limit}")
    return said


def _changed_lately(refusal: Refusal, claim: Claim) -> list[str]:
    context = {key.lower(): values for key, values in (refusal.request.context if refusal.request else {}).items()}
    conditions = (condition for statement in claim.statements for condition in statement.conditions)
    found = (
        sentence
        for condition in conditions
        for sentence in lately(condition.key, given=context.get(condition.key.lower(), ()), wanted=condition.values, through=refusal.first.identity.invoked_by)
    )
    return list(dict.fromkeys(found))


def _contradicted(refusal: Refusal) -> list[str]:
    """Where the enrichment of a record and its own fields differ, the fields stand, and it is said."""
    found = contradictions(refusal.first, iam_action=refusal.iam_action or "")
    return [
        f"The record's own fields tell {key} {', '.join(ours)}, its eventContext {', '.join(told)[:200]}: the fields stand."
        for key, (ours, told) in sorted(found.items())
    ][:SHOWN]
