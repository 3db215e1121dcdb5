"""An object in one's own bucket that belongs to another account.

Sees:  a refused call on an S3 object without a reason, and the record of another account's upload of that object without the bucket owner's ACL.
Why:   with ACLs on, an object belongs to who uploaded it; bucket policy and identity policies of the bucket's owner do not reach it.
       Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
Sure:  observed: both records are in the evidence.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.findings import make_finding
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.model import Basis, Cause, Finding, Record, Standing, parse_arn

UPLOADS = ("PutObject", "CopyObject", "CompleteMultipartUpload", "CreateMultipartUpload")
OWNER_ACL = "bucket-owner-full-control"


class Uploads:
    """Uploads of objects, by bucket and key. The records come in time order."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._by_object: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for record in records:
            if record.event_name in UPLOADS and record.event_source == "s3.amazonaws.com" and not record.failed:
                bucket, key = record.request.get("bucketName"), record.request.get("key")
                if isinstance(bucket, str) and isinstance(key, str):
                    self._by_object[bucket, key].append(record)

    def foreign(self, refusal: Refusal) -> bool:
        """The object was last uploaded by an account that is not the bucket's, and not handed over by ACL."""
        arn = parse_arn(refusal.resource)
        owner = refusal.resource_account
        if arn is None or arn.service != "s3" or "/" not in arn.resource or owner is None or refusal.denial.policy_type is not None:
            return False
        bucket, _, key = arn.resource.partition("/")
        uploads = self._by_object.get((bucket, key), [])
        count = bisect_right(uploads, refusal.first.event_time, key=lambda record: record.event_time)
        if not count:
            return False
        last = uploads[count - 1]
        return last.identity.account not in (None, owner) and OWNER_ACL not in {str(v) for v in last.request.values()}


def foreign_object_finding(refusal: Refusal) -> Finding:
    """No policy cures it: the object's owner must hand it over, or the bucket must own all its objects."""
    finding = make_finding(refusal, Claim(layers=(), cause=Cause.NO_POLICY_FIX), Standing.CAUSE, Basis.OBSERVED)
    text = (
        f"The object {refusal.resource} was uploaded by another account without the ACL {OWNER_ACL}: it belongs to that account, and no policy of "
        "the bucket's owner reaches it. Have it uploaded again with that ACL, or set the bucket's object ownership to BucketOwnerEnforced."
    )
    return replace(finding, explanation=text)
