"""Records of global services alone: the Region in which the account works is not in the evidence.

Sees:  the accounts that the question leads into, and every record of each.
Why:   IAM, Route 53, CloudFront and Organizations write to one Region of the partition, STS does where it is asked there; what any other service
       denied is recorded in the Region of the call.
       Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events
Sure:  only where all records were read: of a large trail the evidence holds a selection.
"""

from __future__ import annotations

from collections.abc import Iterator

from trailsleuth.analyze.gap_questions import iso_or_blank
from trailsleuth.catalog.services import is_global
from trailsleuth.model import Evidence, Question, Scope
from trailsleuth.model.arn import GLOBAL_REGIONS


def only_global(evidence: Evidence, scope: Scope, lookup: str) -> Iterator[Question]:
    """One question an account; `lookup` is the command that exports records, with since, until, region and account to be filled in."""
    if evidence.coverage.records_read != len(evidence.records):
        return
    asked = set(scope.entered) or {held.account for held in evidence.coverage.accounts}
    places = set(GLOBAL_REGIONS.values())
    regional = {record.account for record in evidence.records if record.region not in places or not is_global(record.event_source)}
    for held in evidence.coverage.accounts:
        if held.account.isdecimal() and held.account in asked - regional:
            because = f"of account {held.account} the evidence holds records of global services alone, and all others are recorded in the Region of the call"
            command = lookup.format(since=iso_or_blank(scope.since), until=iso_or_blank(scope.until), region="<region>", account=held.account)
            yield Question(account=held.account, wanted="records", because=because, command=command)
