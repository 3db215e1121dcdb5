"""An object in one's own bucket that belongs to another account.

Sees:  a refused call on an S3 object without a reason, and the record of another account's upload of that object without the bucket owner's ACL.
Why:   with ACLs on, an object belongs to who uploaded it; bucket policy and identity policies of the bucket's owner do not reach it.
       Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
Sure:  observed: both records are in the evidence.
"""

from __future__ import annotations

from msgspec.structs import replace

from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.findings import make_finding
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.facts.owners import OWNER_ACL, Uploads
from trailsleuth.model import Basis, Cause, Finding, Standing, parse_arn


def is_foreign(refusal: Refusal, uploads: Uploads) -> bool:
    """The object was last uploaded by an account that is not the bucket's, and not handed over by ACL."""
    arn, owner = parse_arn(refusal.resource), refusal.resource_account
    if arn is None or arn.service != "s3" or "/" not in arn.resource or owner is None or refusal.denial.policy_type is not None:
        return False
    bucket, _, key = arn.resource.partition("/")
    return uploads.foreign(bucket, key, refusal.first.event_time, owner) is not None


def foreign_object_finding(refusal: Refusal) -> Finding:
    """No policy cures it: the object's owner must hand it over, or the bucket must own all its objects."""
    finding = make_finding(refusal, Claim(layers=(), cause=Cause.NO_POLICY_FIX, rule="foreign-object"), Standing.CAUSE, Basis.OBSERVED)
    text = (
        f"The object {refusal.resource} was uploaded by another account without the ACL {OWNER_ACL}: it belongs to that account, and no policy of "
        "the bucket's owner reaches it."
    )
    return replace(finding, explanation=text)
