"""What can happen to a downloaded trail: each function makes one case and gives the answer. docs/reference/verification.md lists them."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.digests.build import HOUR, START, a_trail, check, drop, key_list, rewrite
from trailsleuth.model.verification import Verification

SCENARIOS: dict[str, Callable[[Path], Verification]] = {}


def scenario(title: str) -> Callable:
    def keep(make: Callable[[Path], Verification]) -> Callable[[Path], Verification]:
        SCENARIOS[title] = make
        return make

    return keep


@scenario("nothing happened")
def clean(root):
    a_trail(root)
    return check(root)


@scenario("the bucket has a prefix before AWSLogs/")
def prefixed(root):
    a_trail(root, prefix="some/prefix")
    return check(root)


@scenario("DIR begins below the bucket's root")
def begins_deeper(root):
    trail = a_trail(root)
    return check(root / "AWSLogs" / trail.account)


@scenario("the files lie in one flat folder")
def flat(root):
    a_trail(root / "bucket")
    (root / "flat").mkdir()
    for path in sorted((root / "bucket").rglob("*.json*")):
        shutil.move(path, root / "flat" / path.name)
    return check(root / "flat")


@scenario("the files were unpacked on the way (.json)")
def unpacked(root):
    trail = a_trail(root)
    for path in (*trail.logs, *trail.digests):
        path.with_name(path.name.removesuffix(".gz")).write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    return check(root)


@scenario("organization trail")
def organization(root):
    a_trail(root, organization="o-madeup0000")
    a_trail(root, organization="o-madeup0000", account="444455556666")
    return check(root)


@scenario("two regions, both with their keys")
def two_regions(root):
    a_trail(root)
    a_trail(root, region="us-east-1", key="other")
    return check(root, key_list() + b"\n" + key_list("other"))


@scenario("two regions, the keys of one only")
def two_regions_one_key(root):
    a_trail(root)
    a_trail(root, region="us-east-1", key="other")
    return check(root)


@scenario("a backfill digest names a late log")
def backfilled(root):
    trail = a_trail(root)
    late = trail.entry(*trail.log(-30), at=START)
    trail.deliver(logs=0, extra=[late], backfill=True, previousDigestS3Bucket=None, previousDigestS3Object=None, previousDigestSignature=None)
    return check(root)


@scenario("a log was changed")
def log_changed(root):
    trail = a_trail(root)
    rewrite(trail.logs[2], b"eventID", b"eventId")
    return check(root)


@scenario("a log was deleted")
def log_deleted(root):
    a_trail(root).logs[2].unlink()
    return check(root)


@scenario("a log was replaced by a symbolic link")
def log_linked(root):
    trail = a_trail(root / "tree")
    shutil.move(trail.logs[2], root / "elsewhere.json.gz")
    trail.logs[2].symlink_to(root / "elsewhere.json.gz")
    return check(root / "tree")


@scenario("a second gzip member was added to a log")
def log_member(root):
    log = a_trail(root).logs[2]
    log.write_bytes(log.read_bytes() + gzip.compress(b'{"Records": []}'))
    return check(root)


@scenario("bytes were added after a log's gzip member")
def log_trailing(root):
    log = a_trail(root).logs[2]
    log.write_bytes(log.read_bytes() + b"\0")
    return check(root)


@scenario("a log was cut off")
def log_cut(root):
    log = a_trail(root).logs[2]
    log.write_bytes(log.read_bytes()[:-9])
    return check(root)


@scenario("a log was added")
def log_added(root):
    trail = a_trail(root)
    trail.log(-30)
    return check(root)


@scenario("a log and the digest that names it were changed")
def digest_changed(root):
    trail = a_trail(root)
    other = trail.entry("k", gzip.decompress(trail.logs[2].read_bytes()).replace(b"eventID", b"eventId"), at=START)["hashValue"]
    old = json.loads(gzip.decompress(trail.digests[1].read_bytes()))["logFiles"][0]["hashValue"]
    rewrite(trail.logs[2], b"eventID", b"eventId")
    rewrite(trail.digests[1], old.encode(), other.encode())
    return check(root)


@scenario("the same without any keys")
def digest_changed_no_keys(root):
    digest_changed(root)
    return check(root, None)


@scenario("a digest was changed and signed with another key")
def digest_forged(root):
    trail = a_trail(root, hours=2)
    trail.key = "other"
    trail.deliver()
    return check(root)


@scenario("a digest is not JSON")
def digest_broken(root):
    a_trail(root).digests[1].write_bytes(gzip.compress(b"{"))
    return check(root)


@scenario("a second gzip member was added to a digest")
def digest_member(root):
    digest = a_trail(root).digests[1]
    digest.write_bytes(digest.read_bytes() + gzip.compress(b"{}"))
    return check(root)


@scenario("a digest was put in the place of another")
def digest_moved(root):
    trail = a_trail(root)
    shutil.copy(trail.digests[0], trail.digests[2])
    return check(root)


@scenario("a digest between others was deleted")
def digest_deleted(root):
    drop(a_trail(root).digests[1])
    return check(root)


@scenario("the oldest digest was deleted, its logs are here")
def oldest_deleted(root):
    drop(a_trail(root).digests[0])
    return check(root)


@scenario("the newest digest was deleted, its logs are here")
def newest_deleted(root):
    drop(a_trail(root).digests[2])
    return check(root)


@scenario("the newest digest and its logs were deleted, with --until")
def newest_deleted_until(root):
    trail = a_trail(root)
    drop(trail.digests[2])
    for log in trail.logs[4:]:
        log.unlink()
    return check(root, since=START, until=START + 3 * HOUR)


@scenario("the newest digest and its logs were deleted, without --until")
def newest_deleted_unasked(root):
    trail = a_trail(root)
    drop(trail.digests[2])
    for log in trail.logs[4:]:
        log.unlink()
    return check(root)


@scenario("the oldest digest and its logs were deleted, with --since")
def oldest_deleted_since(root):
    trail = a_trail(root)
    drop(trail.digests[0])
    for log in trail.logs[:2]:
        log.unlink()
    return check(root, since=START)


@scenario("a log outside --since was deleted")
def deleted_outside(root):
    a_trail(root).logs[0].unlink()
    return check(root, since=START + HOUR)


@scenario("the metadata of all digests was lost")
def metadata_lost(root):
    a_trail(root, sidecars=False)
    return check(root)


@scenario("validation was off for two hours")
def gap(root):
    trail = a_trail(root, hours=2)
    trail.now, trail.previous = trail.now + 2 * HOUR, {}
    trail.deliver()
    return check(root)


@scenario("no digest is here, only logs")
def no_digests(root):
    for digest in a_trail(root).digests:
        drop(digest)
    return check(root)


@scenario("another key under the right fingerprint")
def wrong_key(root):
    from tests.digests.build import fingerprint

    a_trail(root)
    return check(root, key_list("other", printed=fingerprint()))


@scenario("keys without the right fingerprint")
def other_key(root):
    a_trail(root)
    return check(root, key_list("other"))


@scenario("the key was valid at another time only")
def old_key(root):
    a_trail(root)
    return check(root, key_list(start="2025-01-01T00:00:00Z", end="2025-02-01T00:00:00Z"))


@scenario("no keys were given")
def no_keys(root):
    a_trail(root)
    return check(root, None)


@scenario("a digest names a log outside DIR")
def escape(root):
    outside = root / "secret.json.gz"
    outside.write_bytes(gzip.compress(b"not to be read"))
    trail = a_trail(root / "tree", hours=1)
    trail.deliver(extra=[trail.entry("../secret.json.gz", b"not to be read", at=trail.now)])
    return check(root / "tree")
