"""Paths in a downloaded tree against S3 object keys, and what the names of CloudTrail's files tell.

Names: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html and
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
No path is ever made from a key to be opened: keys are only compared with the paths that were found.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from msgspec import Struct

from trailsleuth.patterns import late

METADATA_SUFFIX = ".metadata.json"
_LOG_NAME = late(r"(\d{12})_CloudTrail(?:-[A-Za-z]+)?_([a-z0-9-]+)_(\d{8}T\d{4})Z_[^/]*\.json(?:\.gz)?", re.ASCII)
_DIGEST_NAME = late(r"\d{12}_CloudTrail-Digest_([a-z0-9-]+)_(.+)_([a-z0-9-]+)_\d{8}T\d{6}Z(_backfill)?\.json(?:\.gz)?", re.ASCII)


class LogName(Struct, frozen=True, kw_only=True):
    """`ACCOUNT_CloudTrail_REGION_TIME_random.json.gz`."""

    account: str
    region: str
    time: datetime


class DigestName(Struct, frozen=True, kw_only=True):
    """`ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOMEREGION_TIME[_backfill].json.gz`; the trail's name may hold underscores."""

    region: str
    trail: str
    home: str
    backfill: bool


def base_name(path: str) -> str:
    """The last part, without `.gz`: a file that was unpacked on the way keeps its place."""
    return path.rpartition("/")[2].removesuffix(".gz")


def same_place(path: str, key: str) -> bool:
    """Whether a path in the tree can be this key's: the tree may begin above or below the bucket's root."""
    found, wanted = path.removesuffix(".gz").split("/"), key.removesuffix(".gz").split("/")
    shared = min(len(found), len(wanted))
    return found[-shared:] == wanted[-shared:]


def expected_path(key: str, *, beside: str, beside_key: str) -> str:
    """Where the key's file would lie, told by another file whose path and key are both known."""
    if beside.endswith("/" + beside_key):
        return beside.removesuffix(beside_key) + key
    if beside_key.endswith("/" + beside):
        return key.removeprefix(beside_key.removesuffix(beside))
    return key


def parse_log_name(path: str) -> LogName | None:
    """What a log file's name tells; None where it is no such name."""
    match = _LOG_NAME.fullmatch(path.rpartition("/")[2])
    if match is None:
        return None
    try:
        time = datetime.strptime(match[3], "%Y%m%dT%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None
    return LogName(account=match[1], region=match[2], time=time)


def parse_digest_name(key: str) -> DigestName:
    """What a digest's key tells; the region falls back to the folder after `CloudTrail-Digest`."""
    match = _DIGEST_NAME.fullmatch(key.rpartition("/")[2])
    if match is not None:
        return DigestName(region=match[1], trail=match[2], home=match[3], backfill=match[4] is not None)
    region = key.partition("/CloudTrail-Digest/")[2].partition("/")[0]
    return DigestName(region=region or "unknown", trail="unknown", home="unknown", backfill=key.removesuffix(".gz").endswith("_backfill.json"))


def is_digest_name(path: str) -> bool:
    """Whether the name alone says that it is a digest."""
    return "_CloudTrail-Digest_" in path.rpartition("/")[2]
