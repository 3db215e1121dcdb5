"""The records that a denial by a VPC endpoint's policy would have left, where calls went through one and no such record is there.

Sees:  the calls of the chain that name a VPC endpoint, the error text, and whether any network activity event is in the evidence.
Why:   what an endpoint's policy stops is recorded only where a trail or event data store selects network activity events, one selector a service.
       Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
Sure:  a question, never a finding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from trailsleuth.model import Evidence, Question, Record, Scope

SELECTORS = "aws cloudtrail get-event-selectors --trail-name <trail> --region {region} --profile {account}"
ADD = (
    "aws cloudtrail put-event-selectors --trail-name <trail> --region {region} --profile {account} "
    "--advanced-event-selectors '[<those that it shows>, {selectors}]'"
)
MOST = 3


def endpoint_questions(evidence: Evidence, scope: Scope) -> Iterator[Question]:
    """The selector to turn on, for the services that the chain called through the endpoint."""
    calls = [call for session in scope.sessions if session.id in scope.focus for call in session.calls] or list(evidence.records)
    through = [call for call in calls if call.vpc_endpoint_id]
    if not through or any(record.category == "NetworkActivity" for record in evidence.records):
        return
    last = through[-1]
    owner, account = last.vpc_endpoint_account or last.account, last.account or last.vpc_endpoint_account
    because = (
        f"calls went through the VPC endpoint {last.vpc_endpoint_id}{f' of account {owner}' if owner else ''}: what an endpoint's policy denies is recorded "
        "only where a trail selects network activity events, and no such record is in the evidence; select them, and let it fail once more"
    )
    named = {"region": last.region, "account": account or "<profile>"}
    command = f"{SELECTORS.format(**named)}; then {ADD.format(**named, selectors=', '.join(_selectors(through)))}"
    yield Question(account=account, wanted="records", because=because, command=command)


def _selectors(calls: list[Record]) -> Iterator[str]:
    """Each service has a selector of its own; only denials, for every allowed call would be billed, too."""
    for source in sorted({call.event_source for call in calls})[:MOST]:
        fields = [("eventCategory", "NetworkActivity"), ("eventSource", source), ("errorCode", "VpceAccessDenied")]
        selector = {"Name": f"denied by VPC endpoints: {source}", "FieldSelectors": [{"Field": name, "Equals": [value]} for name, value in fields]}
        yield json.dumps(selector, separators=(",", ":"))
