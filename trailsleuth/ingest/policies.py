"""Resource policies, VPC endpoint policies and policies of an organization."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from trailsleuth.iam.document import parse_policy
from trailsleuth.ingest.fields import list_of, map_of, text_of
from trailsleuth.ingest.resource_answers import REGION_UNKNOWN
from trailsleuth.model import OrgPolicy, PolicyType, ResourcePolicy, account_of, parse_arn

# PolicyType of `describe-policy`; the others (tags, backup, chat bots) decide no call:
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_PolicySummary.html
_ORG_TYPES = {"SERVICE_CONTROL_POLICY": PolicyType.SCP, "RESOURCE_CONTROL_POLICY": PolicyType.RCP}


def parse_resource_policy(entry: Mapping[str, Any]) -> ResourcePolicy | str:
    """`{"ResourceArn", "Policy"}`, or why it is none."""
    arn = text_of(entry.get("ResourceArn"))
    if arn is None:
        return "a resource policy without ResourceArn"
    if entry.get("Policy") is None:
        return f"a resource policy of {arn[:200]} without a document"
    return ResourcePolicy(resource_arn=arn, policy=parse_policy(entry["Policy"], name="resource policy", arn=arn))


def placed_in_region(policies: Iterable[ResourcePolicy], regions: Mapping[str, tuple[str, ...]]) -> Iterator[ResourcePolicy]:
    """The policies, those of repositories in the one region where the evidence shows their account at work; in several, each of them is looked at."""
    for policy in policies:
        account = account_of(policy.resource_arn.replace(":?:", "::"))
        if not policy.resource_arn.startswith(REGION_UNKNOWN):
            yield policy
            continue
        for region in regions.get(account or "", ()):
            yield replace(policy, resource_arn=policy.resource_arn.replace(":?:", f":{region}:", 1))


def is_endpoint(policy: ResourcePolicy) -> bool:
    """The policy of a VPC endpoint, which limits what passes it: not one of the resource that is called."""
    arn = parse_arn(policy.resource_arn)
    return arn is not None and arn.service == "ec2" and arn.resource.startswith("vpc-endpoint/")


def parse_org_policy(answer: Mapping[str, Any]) -> OrgPolicy | str:
    """`aws organizations describe-policy` with optional `Targets`, or why it is not used."""
    policy = map_of(answer.get("Policy"))
    summary = map_of(policy.get("PolicySummary"))
    kind = text_of(summary.get("Type")) or "without a type"
    name = text_of(summary.get("Name")) or text_of(summary.get("Id")) or "organization policy"
    if kind not in _ORG_TYPES:
        return f"the organization policy {name[:200]} is {kind}: it decides no call"
    targets = [text_of(target) or text_of(map_of(target).get("TargetId")) for target in list_of(answer.get("Targets"))]
    return OrgPolicy(
        policy=parse_policy(policy.get("Content"), name=name, arn=text_of(summary.get("Arn"))),
        type=_ORG_TYPES[kind],
        targets=tuple(sorted({target for target in targets if target})),
        attached=tuple(sorted(_attached(map_of(answer.get("Attachments"))))),
    )


def _attached(found: Mapping[str, Any]) -> set[tuple[str, str]]:
    """`{account: [level, …]}`, which a live fetch adds to the answer: every level has to allow a call."""
    return {(account, level) for account, levels in found.items() for value in list_of(levels) if (level := text_of(value))}
