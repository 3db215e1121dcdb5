"""Whose a bucket is, and whose an object in it: an S3 ARN carries no account.

Sees:  `resources[]` of records, calls that work in the owner's account alone, pipelines' artifact stores, and uploads of the object.
Why:   with ACLs on, an object belongs to who uploaded it, and the bucket owner's policies do not reach it.
       Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from trailsleuth.catalog.evaluation import never_across
from trailsleuth.model import Evidence, Record, account_of

OWNERS_CALLS = frozenset({"CreateBucket", *(action.partition(":")[2] for action in never_across("s3"))})
UPLOADS = ("PutObject", "CopyObject", "CompleteMultipartUpload", "CreateMultipartUpload")
OWNER_ACL = "bucket-owner-full-control"
S3 = "s3.amazonaws.com"


def is_owners(call: tuple[str, str]) -> bool:
    """A call, by event source and name, that S3 takes from the account of the bucket alone."""
    return call[0] == S3 and call[1] in OWNERS_CALLS


def bucket_owners(evidence: Evidence) -> Mapping[str, str]:
    """Bucket names with the account that owns them: the last record that shows it, else the pipeline whose store it is."""
    found: dict[str, str] = {}
    for pipeline in evidence.pipelines:
        account = account_of(pipeline.arn) or account_of(pipeline.service_role)
        found.update(dict.fromkeys(pipeline.artifact_buckets, account) if account else {})
    for record in evidence.records:
        for ref in record.resources:
            if ref.account and ref.arn and ":s3:::" in ref.arn:
                found[ref.arn.rpartition(":::")[2].partition("/")[0]] = ref.account
        bucket = record.request.get("bucketName") if is_owners((record.event_source, record.event_name)) and not record.failed else None
        if isinstance(bucket, str) and record.identity.account:
            found[bucket] = record.identity.account
    return found


class Uploads:
    """Uploads of objects, by bucket and key. The records come in time order."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._by_object: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for record in records:
            if record.event_name in UPLOADS and record.event_source == S3 and not record.failed:
                bucket, key = record.request.get("bucketName"), record.request.get("key")
                if isinstance(bucket, str) and isinstance(key, str):
                    self._by_object[bucket, key].append(record)

    def last(self, bucket: str, key: str, moment: datetime) -> Record | None:
        """The object's last upload by then."""
        uploads = self._by_object.get((bucket, key), [])
        count = bisect_right(uploads, moment, key=lambda record: record.event_time)
        return uploads[count - 1] if count else None

    def foreign(self, bucket: str, key: str, moment: datetime, owner: str) -> Record | None:
        """That upload where another account than the bucket's made it, and did not hand the object over by ACL."""
        last = self.last(bucket, key, moment)
        if last is None or last.identity.account in (None, owner) or OWNER_ACL in {str(v) for v in last.request.values()}:
            return None
        return last
