"""A trail of made-up digests and logs in a directory, signed with a key made for this run; and the ways to harm it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trailsleuth.digests import KeyRing, TimeRange, parse_keys, read_digests, verify_tree
from trailsleuth.model.verification import Verification
from trailsleuth.sources.files.digest_tree import read_digest_tree

START = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACCOUNT, REGION, BUCKET, TRAIL = "111122223333", "eu-central-1", "made-up-trail-logs", "main_trail"


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """One key a name and a run; the size only has to be one that is allowed."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048 if name == "ours" else 1024)


def fingerprint(name: str = "ours") -> str:
    return hashlib.md5(public_der(name), usedforsecurity=False).hexdigest()


def public_der(name: str = "ours") -> bytes:
    return private_key(name).public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)


def key_list(name: str = "ours", *, printed: str | None = None, start: str = "2026-03-01T00:00:00Z", end: str = "2026-03-31T00:00:00Z") -> bytes:
    """As `aws cloudtrail list-public-keys` prints it."""
    value = base64.b64encode(public_der(name)).decode()
    entry = {"Value": value, "ValidityStartTime": start, "ValidityEndTime": end, "Fingerprint": printed or fingerprint(name)}
    return json.dumps({"PublicKeyList": [entry]}).encode()


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Trail:
    """The chain of one account and region; `deliver` adds an hour: its logs, its digest, and the metadata beside it."""

    root: Path
    prefix: str = ""
    account: str = ACCOUNT
    region: str = REGION
    bucket: str = BUCKET
    organization: str = ""
    key: str = "ours"
    now: datetime = START
    sidecars: bool = True
    digests: list[Path] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)
    previous: dict = field(default_factory=dict)

    def folder(self, kind: str, moment: datetime) -> str:
        parts = [self.prefix, "AWSLogs", self.organization, self.account, kind, self.region, moment.strftime("%Y/%m/%d")]
        return "/".join(part for part in parts if part)

    def put(self, key: str, data: bytes) -> Path:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def log(self, minute: int, *, at: datetime | None = None) -> tuple[str, bytes]:
        moment = (at or self.now) + timedelta(minutes=minute)
        number = len(self.logs)
        key = f"{self.folder('CloudTrail', moment)}/{self.account}_CloudTrail_{self.region}_{moment:%Y%m%dT%H%M}Z_madeup{number:010d}.json.gz"
        content = json.dumps({"Records": [{"eventID": f"00000000-0000-4000-8000-{number:012d}", "eventTime": stamp(moment)}]}).encode()
        self.logs.append(self.put(key, gzip.compress(content, mtime=0)))
        return key, content

    def deliver(self, *, logs: int = 2, extra: list[dict] | None = None, backfill: bool = False, **changes: object) -> Path:
        start, end = self.now, self.now + HOUR
        entries = [self.entry(*self.log(10 + 20 * position), at=start) for position in range(logs)]
        suffix = "_backfill" if backfill else ""
        name = f"{self.account}_CloudTrail-Digest_{self.region}_{TRAIL}_{REGION}_{end:%Y%m%dT%H%M%SZ}{suffix}.json.gz"
        key = f"{self.folder('CloudTrail-Digest', end)}/{name}"
        fields = {
            "awsAccountId": self.account,
            "digestStartTime": stamp(start),
            "digestEndTime": stamp(end),
            "digestS3Bucket": self.bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": fingerprint(self.key),
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": None,
            "oldestEventTime": None,
            "previousDigestS3Bucket": None,
            "previousDigestS3Object": None,
            "previousDigestHashValue": None,
            "previousDigestHashAlgorithm": None,
            "previousDigestSignature": None,
            "logFiles": [*entries, *(extra or [])],
            **self.previous,
            **changes,
        }
        path, previous = self.sign(key, fields)
        if not backfill:
            self.now, self.previous = end, previous
            self.digests.append(path)
        return path

    def sign(self, key: str, fields: dict) -> tuple[Path, dict]:
        """Writes the digest with its metadata; gives what the next digest will say about it."""
        content = json.dumps(fields).encode()
        sha256 = hashlib.sha256(content).hexdigest()
        before = fields["previousDigestSignature"]
        message = f"{fields['digestEndTime']}\n{fields['digestS3Bucket']}/{fields['digestS3Object']}\n{sha256}\n{'null' if before is None else before}"
        signature = private_key(self.key).sign(message.encode("utf-8", "surrogatepass"), padding.PKCS1v15(), SHA256()).hex()
        path = self.put(key, gzip.compress(content, mtime=0))
        if self.sidecars:
            metadata = {"signature": signature, "signature-algorithm": "SHA256withRSA"}
            if "_backfill" in key:
                metadata["backfill-generation-timestamp"] = stamp(self.now + 5 * HOUR)
            self.put(f"{key}.metadata.json", json.dumps({"Metadata": metadata}).encode())
        recorded = {
            "previousDigestS3Bucket": self.bucket,
            "previousDigestS3Object": key,
            "previousDigestHashValue": sha256,
            "previousDigestHashAlgorithm": "SHA-256",
            "previousDigestSignature": signature,
        }
        return path, recorded

    def entry(self, key: str, content: bytes, *, at: datetime) -> dict:
        return {
            "s3Bucket": self.bucket,
            "s3Object": key,
            "hashValue": hashlib.sha256(content).hexdigest(),
            "hashAlgorithm": "SHA-256",
            "newestEventTime": stamp(at + timedelta(minutes=50)),
            "oldestEventTime": stamp(at),
        }


def a_trail(root: Path, *, hours: int = 3, **options: object) -> Trail:
    trail = Trail(root, **options)
    for _ in range(hours):
        trail.deliver()
    return trail


def drop(path: Path) -> None:
    """Removes a file, and the metadata saved beside it."""
    path.unlink()
    path.with_name(path.name + ".metadata.json").unlink(missing_ok=True)


def rewrite(path: Path, old: bytes, new: bytes) -> None:
    content = gzip.decompress(path.read_bytes())
    assert old in content
    path.write_bytes(gzip.compress(content.replace(old, new), mtime=0))


def check(root: Path, keys: bytes | None = b"ours", *, since: datetime | None = None, until: datetime | None = None) -> Verification:
    """The whole way from the directory to the answer."""
    tree = read_digest_tree(root)
    ring = KeyRing() if keys is None else parse_keys(key_list() if keys == b"ours" else keys)
    return verify_tree(read_digests(tree.digests()), tree.others(), keys=ring, asked=TimeRange(since=since, until=until))


def states(files: tuple) -> list[str]:
    return [str(file.state) for file in files]


def state_of(answer: Verification, path: Path) -> tuple[str, str]:
    """State and reason of one file, by its name."""
    found = [file for file in (*answer.digests, *answer.logs) if file.path.endswith(path.name)]
    assert len(found) == 1, (path.name, found)
    return str(found[0].state), found[0].reason or ""
