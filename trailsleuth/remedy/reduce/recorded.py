"""Which of the calls that a trail may leave out this one would have shown.

A trail takes data events in by resource and by reading or writing (its event selectors). What it took in is known from what it holds: a data event of
the same account, on the same bucket, table or function, of the same direction. Of anything else nobody can say whether it was not called or not recorded.
Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Iterator

from trailsleuth.catalog.actions import access_level
from trailsleuth.catalog.operations import primary_action
from trailsleuth.catalog.reduction import NoRecord
from trailsleuth.model import Evidence, Record
from trailsleuth.model.pattern import is_wide

_READS = ("Read", "List")


class Recorded:
    """The data events that the trail of an account holds, by service, thing and direction."""

    def __init__(self, evidence: Evidence, account: str | None) -> None:
        data = (r for r in evidence.records if r.category == "Data" and r.recipient_account == account)
        self._seen = {(r.event_source, thing, _reads(r)) for r in data for thing in _things(r)}

    def holds(self, event_source: str, arn: str) -> bool:
        """Whether there is any data event of a bucket."""
        return any(source == event_source and thing == arn.partition(":::")[2] for source, thing, _ in self._seen)

    def would_show(self, kind: NoRecord, action: str, resource: str) -> bool:
        """A call of the action on anything that the `Resource` of a policy names."""
        thing = resource.partition(":::")[2].partition("/")[0] if ":s3:::" in resource else resource
        if kind.never or is_wide(thing) or "${" in thing:
            return False
        return (kind.event_source, thing, access_level(action) in _READS) in self._seen


def _reads(record: Record) -> bool:
    if record.read_only is not None:
        return record.read_only
    return access_level(primary_action(record.event_source, record.event_name, record.request) or "") in _READS


def _things(record: Record) -> Iterator[str]:
    """The buckets, tables, queues, functions that a record names."""
    bucket = record.request.get("bucketName")
    if isinstance(bucket, str):
        yield bucket
    for ref in record.resources:
        if ref.arn:
            yield ref.arn.partition(":::")[2].partition("/")[0] if ":s3:::" in ref.arn else ref.arn
