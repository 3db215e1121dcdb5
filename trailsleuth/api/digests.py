"""Verification of a downloaded log bucket."""

from __future__ import annotations

import os
from datetime import datetime

from trailsleuth.digests import DigestSet, KeyRing, TimeRange, parse_keys, read_digests, verify_tree
from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.model.verification import Verification
from trailsleuth.sources.aws.public_keys import fetch_public_keys
from trailsleuth.sources.files.digest_tree import read_digest_tree, read_key_file

__all__ = ["verify"]


def verify(
    directory: str | os.PathLike[str],
    keys: str | os.PathLike[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    profile: str | None = None,
) -> Verification:
    """Which files of a downloaded log bucket are as CloudTrail delivered them, with a saved list of public keys or one asked of a profile."""
    tree = read_digest_tree(directory)
    found = read_digests(tree.digests())
    ring = _saved_keys(keys) if keys is not None else _live_keys(profile, found) if profile is not None else KeyRing()
    return verify_tree(found, tree.others(), keys=ring, asked=TimeRange(since=since, until=until))


def _saved_keys(path: str | os.PathLike[str]) -> KeyRing:
    ring = parse_keys(read_key_file(path))
    if not ring.keys:
        raise EvidenceUnreadable(
            f"{path} holds no public key", why="no Fingerprint with a Value", next_step="save the output of `aws cloudtrail list-public-keys`"
        )
    return ring


def _live_keys(profile: str, found: DigestSet) -> KeyRing:
    if found.span is None:
        return KeyRing()
    return parse_keys(fetch_public_keys(profile=profile, regions=found.regions, start=found.span[0], end=found.span[1]))
