"""The room that checks CloudTrail's digest chains: bytes and public keys in, a state for each file out.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html
"""

from __future__ import annotations

from trailsleuth.digests.keys import KeyRing, parse_keys
from trailsleuth.digests.reading import Digest, DigestSet, read_digests
from trailsleuth.digests.tree import TimeRange, verify_tree

__all__ = ["Digest", "DigestSet", "KeyRing", "TimeRange", "parse_keys", "read_digests", "verify_tree"]
