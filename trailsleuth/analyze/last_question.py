"""The question that is left where nothing else would settle an open finding: no one is told "inconclusive" and no more."""

from __future__ import annotations

from trailsleuth.analyze.gap_questions import iso_or_blank
from trailsleuth.analyze.wording import short
from trailsleuth.model import Evidence, Finding, Question, account_of

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
