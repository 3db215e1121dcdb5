"""Which digests are CloudTrail's own: by signature, or by the hash in a proven next digest.

A digest's signature stands in its S3 metadata, and again in the next digest's `previousDigestSignature`; the next digest also records its
hash. Digests are judged from the newest back, so that what the next one says is already weighed: the word of an invalid one cannot condemn.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from trailsleuth.digests.keys import NO_KEYS, KeyRing, SignatureCheck, check_signature
from trailsleuth.digests.reading import Digest, DigestSet, Place
from trailsleuth.model.verification import Integrity

NO_SIGNATURE = "no signature: its metadata was not saved beside it, and no next digest is here that records it"


class Judged(Struct):
    """A digest and what it is worth; settled while the chains are walked."""

    digest: Digest
    state: Integrity
    reason: str | None = None


def judge_digests(found: DigestSet, keys: KeyRing) -> tuple[Judged, ...]:
    """A state for each digest, newest first."""
    judged: list[Judged] = []
    heirs: dict[Place, list[Judged]] = {}
    for digest in found.digests:
        verdict = _judge(digest, heirs.get(digest.place, []), found.saved_signature(digest), keys)
        judged.append(verdict)
        if digest.previous is not None:
            heirs.setdefault(digest.previous.place, []).append(verdict)
    return tuple(judged)


def _judge(digest: Digest, heirs: list[Judged], saved: str | None, keys: KeyRing) -> Judged:
    if digest.moved:
        return Judged(digest, Integrity.INVALID, f"it lies elsewhere than it was delivered: s3://{digest.place[0]}/{digest.place[1]}")
    strangers = [heir for heir in _credible(heirs) if _recorded_hash(heir) not in (None, digest.sha256)]
    if any(heir.state is Integrity.VERIFIED for heir in strangers):
        return Judged(digest, Integrity.INVALID, "its hash is not the one that the next digest, which is verified, records")
    check = _check(digest, heirs, saved, keys)
    if check.ok:
        for heir in strangers:
            heir.state, heir.reason = Integrity.INVALID, "it records another hash for the digest before it, which is verified"
        return Judged(digest, Integrity.VERIFIED)
    if strangers:
        return Judged(digest, Integrity.INVALID, f"its hash is not the one that the next digest records ({strangers[0].digest.path})")
    if check.ok is False:
        return Judged(digest, Integrity.INVALID, check.reason)
    if any(heir.state is Integrity.VERIFIED and _recorded_hash(heir) == digest.sha256 for heir in heirs):
        return Judged(digest, Integrity.VERIFIED)
    return Judged(digest, Integrity.HASH_OK_SIGNATURE_UNKNOWN, check.reason)


def _credible(heirs: list[Judged]) -> Iterator[Judged]:
    return (heir for heir in heirs if heir.state is not Integrity.INVALID)


def _recorded_hash(heir: Judged) -> str | None:
    return heir.digest.previous.sha256 if heir.digest.previous else None


def _check(digest: Digest, heirs: list[Judged], saved: str | None, keys: KeyRing) -> SignatureCheck:
    """The best of all signatures at hand. One that fits proves; one that does not fit condemns, unless only an invalid digest records it."""
    wanted = [] if saved is None else [(saved, True)]
    for heir in heirs:
        signature = heir.digest.previous.signature if heir.digest.previous else None
        if signature is not None:
            wanted.append((signature, heir.state is not Integrity.INVALID))
    worst = SignatureCheck(ok=None, reason=NO_SIGNATURE if keys.keys or not wanted else NO_KEYS)
    for signature, credible in dict.fromkeys(wanted):
        check = check_signature(digest.signed, signature, keys)
        if check.ok:
            return check
        if check.ok is None or credible:
            worst = check if worst.ok is None else worst
    return worst
