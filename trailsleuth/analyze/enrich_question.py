"""Which condition key to have recorded next time, where one decides and the record does not show it.

Sees:  the part of the nearest statement that failed, and whether the call carried a value for its key.
Why:   enriched events carry what IAM itself saw; a key that was set and is absent was absent.
       Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-context-events.html
Sure:  a question, never a finding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from trailsleuth.catalog.enrichment import selector_for
from trailsleuth.model import Evidence, Finding, Question

COMMAND = (
    "aws cloudtrail put-event-configuration --event-data-store <ARN> --max-event-size Large --context-key-selectors '{selectors}' --region {region} "
    "--profile {account}"
)


def enrichment_questions(finding: Finding, evidence: Evidence) -> Iterator[Question]:
    """One question about the key of the condition that the record does not show."""
    failed = finding.mismatch
    if failed is None or failed.part != "condition" or failed.given is not None or not failed.key or not finding.evidence:
        return
    cited = finding.evidence[0]
    if any(record.event_id == cited.event_id and "eventContext" in record.payload for record in evidence.records):
        return  # it is set already: what is not there was absent
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
