"""Digest files as typed values, with the string that CloudTrail signed for each.

Fields: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
Content is hostile until a signature vouches for it: wrong types make a fault, never an exception.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from trailsleuth.digests.inflate import DIGEST_LIMIT, Unsound, content_of
from trailsleuth.digests.keys import Signed
from trailsleuth.digests.places import METADATA_SUFFIX, base_name, parse_digest_name, same_place
from trailsleuth.digests.times import parse_time
from trailsleuth.model.coverage import Skipped
from trailsleuth.model.record import RawInput

Place = tuple[str, str]  # bucket and key
Chain = tuple[str, str, str, str, bool]  # account, region, trail, home region, backfill

METADATA_LIMIT = 1 << 20
MAX_NAMESAKES = 8  # the names of delivered logs are unique; this bounds the work that a made-up digest can cause


class Malformed(Exception):
    """The file is no digest that can be worked with; says why. Never leaves this room."""


class NamedLog(Struct, frozen=True, kw_only=True):
    """One entry of `logFiles`: the hash is of the log's uncompressed content, in lower-case hexadecimal."""

    bucket: str
    key: str
    sha256: str
    oldest: datetime | None
    newest: datetime | None


class Predecessor(Struct, frozen=True, kw_only=True):
    """What a digest records about the one before it."""

    place: Place
    sha256: str | None
    signature: str | None


class Digest(Struct, frozen=True, kw_only=True):
    """One digest file. `previous` None: it starts a chain. `moved`: it does not lie where it says that it was delivered."""

    path: str
    place: Place
    chain: Chain
    start: datetime
    end: datetime
    sha256: str
    signed: Signed
    previous: Predecessor | None
    logs: tuple[NamedLog, ...]
    moved: bool


class DigestSet(Struct, frozen=True, kw_only=True):
    """The digests of a tree, newest first; signatures saved beside them, by the digest's path; and what could not be read: path and reason."""

    digests: tuple[Digest, ...]
    signatures: Mapping[str, str]
    malformed: tuple[tuple[str, str], ...]
    unread: tuple[Skipped, ...]

    def saved_signature(self, digest: Digest) -> str | None:
        """The signature saved beside a digest, also where the digest was unpacked since."""
        return self.signatures.get(digest.path.removesuffix(".gz"))

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions whose keys are wanted."""
        return tuple(sorted({digest.chain[1] for digest in self.digests}))

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """From the first digest's start to the last one's end."""
        if not self.digests:
            return None
        return min(digest.start for digest in self.digests), max(digest.end for digest in self.digests)


def read_digests(inputs: Iterable[RawInput | Skipped]) -> DigestSet:
    """Every digest and every saved signature among the inputs; none is dropped."""
    digests: list[Digest] = []
    signatures: dict[str, str] = {}
    malformed: list[tuple[str, str]] = []
    unread: list[Skipped] = []
    for item in inputs:
        if isinstance(item, Skipped):
            unread.append(item)
        elif item.source.endswith(METADATA_SUFFIX):
            signature = _saved_signature(item.data)
            if signature is None:
                unread.append(Skipped(source=item.source, reason="holds no Metadata.signature: save the output of `aws s3api head-object`"))
            else:
                signatures[item.source.removesuffix(METADATA_SUFFIX).removesuffix(".gz")] = signature
        else:
            try:
                digests.append(parse_digest(item))
            except Malformed as fault:
                malformed.append((item.source, str(fault)))
    digests.sort(key=lambda digest: (digest.end, digest.start, digest.path), reverse=True)
    return DigestSet(digests=tuple(digests), signatures=signatures, malformed=tuple(malformed), unread=tuple(unread))


def _saved_signature(data: bytes) -> str | None:
    """`Metadata.signature` of a `head-object` output (boto3 and the CLI strip `x-amz-meta-`); header names as written by other clients too."""
    try:
        saved = json.loads(data) if len(data) <= METADATA_LIMIT else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(saved, dict):
        return None
    metadata = saved.get("Metadata", saved)
    if not isinstance(metadata, dict):
        return None
    for name, value in metadata.items():
        if name.lower().removeprefix("x-amz-meta-") == "signature" and isinstance(value, str):
            return value.strip()
    return None


def parse_digest(item: RawInput) -> Digest:
    """The digest in one file; Malformed with the reason where it is none."""
    try:
        content = content_of(item.data, limit=DIGEST_LIMIT)
        fields = json.loads(content)
    except Unsound as fault:
        raise Malformed(str(fault)) from fault
    except (ValueError, RecursionError) as fault:
        raise Malformed("not JSON") from fault
    if not isinstance(fields, dict):
        raise Malformed("not a JSON object")
    return _digest(item.source, fields, hashlib.sha256(content).hexdigest())


def _digest(path: str, fields: dict[str, Any], sha256: str) -> Digest:
    place = (_text(fields, "digestS3Bucket"), _text(fields, "digestS3Object"))
    name = parse_digest_name(place[1])
    start, end = _time(fields, "digestStartTime"), _time(fields, "digestEndTime")
    if end < start:
        raise Malformed("digestEndTime lies before digestStartTime")
    if "previousDigestSignature" not in fields:
        raise Malformed("no previousDigestSignature")
    signed = Signed(
        fingerprint=_text(fields, "digestPublicKeyFingerprint"),
        algorithm=_optional(fields, "digestSignatureAlgorithm"),
        message=_signed_string(fields, place, sha256),
        ends=end,
        backfill=name.backfill,
    )
    return Digest(
        path=path,
        place=place,
        chain=(_optional(fields, "awsAccountId") or "unknown", name.region, name.trail, name.home, name.backfill),
        start=start,
        end=end,
        sha256=sha256,
        signed=signed,
        previous=_predecessor(fields),
        logs=_named_logs(fields),
        moved=not same_place(path, place[1]),
    )


def _signed_string(fields: dict[str, Any], place: Place, sha256: str) -> bytes:
    """End time, place, hash of the digest's uncompressed content, predecessor's signature; the word null where there is none.

    Source: the user guide's "Recreate the data signing string"; that the content is uncompressed and that null is a word, awscli shows
    (awscli/customizations/cloudtrail/validation.py).
    """
    previous = _optional(fields, "previousDigestSignature")
    lines = (_text(fields, "digestEndTime"), f"{place[0]}/{place[1]}", sha256, "null" if previous is None else previous)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _predecessor(fields: dict[str, Any]) -> Predecessor | None:
    bucket, key = _optional(fields, "previousDigestS3Bucket"), _optional(fields, "previousDigestS3Object")
    if bucket is None or key is None:
        return None
    algorithm, value = _optional(fields, "previousDigestHashAlgorithm"), _optional(fields, "previousDigestHashValue")
    sha256 = value.lower() if value is not None and algorithm in (None, "SHA-256") else None
    return Predecessor(place=(bucket, key), sha256=sha256, signature=_optional(fields, "previousDigestSignature"))


def _named_logs(fields: dict[str, Any]) -> tuple[NamedLog, ...]:
    entries = fields.get("logFiles")
    if not isinstance(entries, list):
        raise Malformed("no logFiles")
    logs = tuple(_named_log(entry, position) for position, entry in enumerate(entries))
    names = Counter(base_name(log.key) for log in logs)
    if names and max(names.values()) > MAX_NAMESAKES:
        raise Malformed(f"logFiles hold one name more than {MAX_NAMESAKES} times")
    return logs


def _named_log(entry: object, position: int) -> NamedLog:
    if not isinstance(entry, dict):
        raise Malformed(f"logFiles[{position}] is not an object")
    try:
        if _text(entry, "hashAlgorithm") != "SHA-256":
            raise Malformed("its hashAlgorithm is not SHA-256")
        return NamedLog(
            bucket=_text(entry, "s3Bucket"),
            key=_text(entry, "s3Object"),
            sha256=_text(entry, "hashValue").lower(),
            oldest=parse_time(entry.get("oldestEventTime")),
            newest=parse_time(entry.get("newestEventTime")),
        )
    except Malformed as fault:
        raise Malformed(f"logFiles[{position}]: {fault}") from fault


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(f"no {name}")
    return value


def _optional(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise Malformed(f"{name} is not text")
    return value


def _time(fields: dict[str, Any], name: str) -> datetime:
    moment = parse_time(fields.get(name))
    if moment is None:
        raise Malformed(f"{name} is not a time")
    return moment
