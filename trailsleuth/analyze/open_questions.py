"""Questions that one finding, or one failed action, leaves open; and the one that is left where nothing else would settle it.

Sees:  the part of the nearest statement that failed, and whether the call carried a value for its key; the failed action, the table of what its provider
       calls, and that the snapshot of its role is missing.
Why:   enriched events carry what IAM itself saw: a key that was set and is absent was absent. "The provided role does not have sufficient permissions" names
       no action; what AWS documents the provider to call is known all the same. No one is told "inconclusive" and no more.
       Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-context-events.html
       Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html
Sure:  questions, never findings; nothing is granted.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from trailsleuth.analyze.gap_questions import iso_or_blank
from trailsleuth.analyze.required import settings_of
from trailsleuth.analyze.wording import short
from trailsleuth.catalog.denial_notes import selector_for
from trailsleuth.catalog.pipeline_actions import applies, needs_of_action
from trailsleuth.facts.tags import UNTAGGED
from trailsleuth.iam.applies import find_principal
from trailsleuth.model import Evidence, Evidenced, Finding, Question, Scope, account_of, parse_arn

COMMAND = (
    "aws cloudtrail put-event-configuration --event-data-store <ARN> --max-event-size Large --context-key-selectors '{selectors}' --region {region} "
    "--profile {account}"
)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html
ABAC = "aws s3api get-bucket-abac --bucket {bucket} --profile {account}; aws s3api get-bucket-tagging --bucket {bucket} --profile {account}"
TAGS = "aws resourcegroupstaggingapi get-resources --resource-arn-list {arn} --region {region} --profile {account} --output json > tags.json"


def enrichment_questions(finding: Finding, evidence: Evidence) -> Iterator[Question]:
    """For the value of the condition's key that the record does not show: the thing's tags, and how to have the key recorded next time."""
    failed = finding.mismatch
    if failed is None or failed.part != "condition" or failed.given is not None or not failed.key or not finding.evidence:
        return
    cited = finding.evidence[0]
    if any(record.event_id == cited.event_id and "eventContext" in record.payload for record in evidence.records):
        return  # it is set already: what is not there was absent
    yield from _tags_question(finding, failed.key.lower(), cited)
    found = selector_for(failed.key, (finding.iam_action or "").partition(":")[0].lower())
    if found is None:
        return
    kind, name = found
    selectors = json.dumps([{"Type": kind, "Equals": [name]}], separators=(",", ":"))
    because = (
        f"{failed.key} decides, and the record does not show its value: have it recorded next time (enriched events; beside the keys that "
        "get-event-configuration shows)"
    )
    account = cited.account or finding.principal_account
    command = COMMAND.format(selectors=selectors, region=cited.region, account=account or "<profile>")
    yield Question(account=account, wanted="records", because=because, command=command)


def _tags_question(finding: Finding, key: str, cited: Evidenced) -> Iterator[Question]:
    """The tags of the thing as they are now; of a bucket also whether they count at all."""
    thing = parse_arn(finding.resource)
    if thing is None or not finding.resource or "*" in finding.resource or not (":resourcetag/" in key or ":buckettag/" in key):
        return
    owner = thing.account or finding.resource_account or cited.account
    account = owner or "<profile>"
    if thing.service == "s3":
        because = f"{key} decides, and tags of a bucket are looked at only where ABAC is on for it, which by default it is not"
        yield Question(
            account=owner, wanted="policies", because=because, command=ABAC.format(bucket=shlex.quote(thing.resource.split("/")[0]), account=account)
        )
    elif thing.service not in UNTAGGED:
        because = f"{key} decides, and nothing in the evidence tells the tags of {finding.resource}"
        command = TAGS.format(arn=shlex.quote(finding.resource), region=shlex.quote(thing.region or cited.region), account=account)
        yield Question(account=owner, wanted="policies", because=because, command=command)


MOST = 12


def needs_question(evidence: Evidence, scope: Scope, snapshot: str) -> Iterator[Question]:
    """At most one; `snapshot` is the command that exports an account's policies, with account to be filled in."""
    execution = scope.execution
    attempt, role = (execution.attempt, execution.action_role) if execution is not None else (None, None)
    if attempt is None or role is None or attempt.provider is None or find_principal(role, evidence.policies) is not None:
        return
    needs = [n for n in needs_of_action(attempt.provider, attempt.category or "") if n.principal == "action" and not n.optional]
    needed = list(dict.fromkeys(need.iam_action for need in needs if applies(need, settings_of(attempt)) is not False))
    if needed:
        more = f" and {len(needed) - MOST} more" if len(needed) > MOST else ""
        what = f"{', '.join(needed[:MOST])}{more}"
        because = f"{attempt.provider} actions are documented to need {what}; the policies of {short(role)} would show which of them it lacks"
        account = account_of(role)
        yield Question(account=account, wanted="policies", because=because, command=snapshot.format(account=account))


GUARDRAILS = (
    "aws organizations list-policies-for-target --target-id {account} --filter SERVICE_CONTROL_POLICY --profile <management account>; "
    "then, for each: aws organizations describe-policy --policy-id <id> --output json > scp-<id>.json"
)
RECORDS = "aws cloudtrail lookup-events --start-time {since} --end-time {until} --region <region> --profile {account} --output json > {account}.json"


def last_question(finding: Finding, evidence: Evidence) -> Question:
    """The organization's policies of the caller's account, where the evidence holds none; else the records of the account that owns the resource."""
    account = account_of(finding.principal) or finding.principal_account or evidence.coverage.named_account
    cited = finding.evidence[0].event_id if finding.evidence else ""
    if finding.principal is None and any(r.event_id == cited and not r.identity.is_told for r in evidence.records):
        return _records(finding, account, "who called stands in the whole record, whose userIdentity this evidence lacks")
    if not evidence.policies.organization:
        because = f"what the evidence holds does not say why {short(finding.principal)} was denied: a policy of the organization may decide"
        return Question(account=account, wanted="policies", because=because, command=GUARDRAILS.format(account=account or "<account>"))
    owner = finding.resource_account or account
    return _records(finding, owner, "the records of the other side, around the time of the denial, would show what the call met there")


def _records(finding: Finding, owner: str | None, because: str) -> Question:
    since, until = map(iso_or_blank, (finding.first_seen, finding.last_seen))
    command = RECORDS.format(since=since, until=until, account=owner or "<profile>")
    return Question(account=owner, wanted="records", because=because, command=command)
