"""A trail's bucket as evidence: the log files of the accounts, regions and days that matter, straight into memory.

Keys: `[prefix/]AWSLogs/[o-orgid/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/FILE.json.gz`; network activity events lie beside, in CloudTrail-NetworkActivity. The
folders of Insights, of aggregated events and of digests hold no single calls and are left alone.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

from msgspec import Struct

from trailsleuth.errors import AccountUnreachable, EvidenceUnreadable, UsageError
from trailsleuth.model import RawInput, Skipped
from trailsleuth.sources.aws.calls import Refusal, Why
from trailsleuth.sources.aws.sessions import Account

MARGIN = timedelta(hours=26)  # a file lies under the day of its delivery, which is hours after its oldest record at worst, in any time zone
AT_ONCE, AHEAD = 16, 32
KINDS = ("CloudTrail", "CloudTrail-NetworkActivity")
LARGEST = 256 * 1024 * 1024


class Wanted(Struct, frozen=True, kw_only=True):
    """What to take out of the bucket; empty: all accounts, all regions, all days."""

    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None


def can_list(url: str, account: Account) -> bool:
    """Whether the account's identity may list what the URL names."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    answer = account.ask("s3", "ListObjectsV2", account.region or "us-east-1", Bucket=bucket, Prefix=prefix, MaxKeys=1) if bucket else None
    return not isinstance(answer, Refusal)


def read_trail_bucket(url: str, account: Account, wanted: Wanted) -> Iterator[RawInput | Skipped]:
    """Every log file of the days and places wanted, unpacked, in the order of the keys; the margin keeps late files in."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    if not bucket:
        raise UsageError(f"{url} names no bucket", next_step="give s3://BUCKET/PREFIX")
    region = account.region or "us-east-1"
    reader = _Bucket(account, region, bucket)
    prefix = f"{prefix.rstrip('/')}/" if prefix else ""
    keys = [key for folder in _day_folders(reader, prefix, wanted) for key in reader.keys(folder)]
    logs = [key for key in keys if key.endswith((".json.gz", ".json"))]
    if not logs:
        raise EvidenceUnreadable(
            f"{url} holds no log file of the time and places asked for",
            why=f"{len(keys)} objects lie in the folders that were looked into",
            next_step="check the prefix (the part before AWSLogs/), --since and --until",
        )
    account.around.progress.say(f"{url}: {len(logs)} log files")
    account.around.progress.planned(len(logs))
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        ahead: deque[Future[RawInput | Skipped]] = deque()  # no more than these are held, however slowly they are taken
        for key in logs:
            ahead.append(pool.submit(reader.file, key))
            if len(ahead) > AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


class _Bucket:
    """Lists and reads one bucket."""

    def __init__(self, account: Account, region: str, name: str) -> None:
        self.account, self.region, self.name = account, region, name

    def folders(self, prefix: str) -> list[str]:
        """The folders right below a prefix."""
        return [str(entry["Prefix"]) for page in self._pages(prefix, "/") for entry in page.get("CommonPrefixes", ())]

    def keys(self, prefix: str) -> list[str]:
        """Every key below a prefix."""
        return [str(entry["Key"]) for page in self._pages(prefix, "") for entry in page.get("Contents", ())]

    def file(self, key: str) -> RawInput | Skipped:
        """One log file, unpacked; skipped with the reason where it cannot be read."""
        source = f"s3://{self.name}/{key}"
        self.account.around.progress.asked(key.rpartition("/")[2])
        answer = self.account.ask("s3", "GetObject", self.region, Bucket=self.name, Key=key)
        if isinstance(answer, Refusal):
            allow = "; `trailsleuth permissions --account log` lists what the collector needs" if answer.why is Why.DENIED else ""
            return Skipped(source=source, reason=f"cannot be read: AWS answered {answer.code} to {answer.call}{allow}")
        packed: bytes = answer["Body"]
        try:
            data = _unpacked(packed)
        except (OSError, EOFError, zlib.error) as broken:
            return Skipped(source=source, reason=f"cannot be unpacked: {broken}")
        return RawInput(source=source, data=data, sha256=hashlib.sha256(packed).hexdigest(), path=source, size=len(packed))

    def _pages(self, prefix: str, delimiter: str) -> Iterator[dict[str, list[dict[str, str]]]]:
        token: str | None = None
        while True:
            more = {"ContinuationToken": token} if token else {}
            page = self.account.ask("s3", "ListObjectsV2", self.region, Bucket=self.name, Prefix=prefix, Delimiter=delimiter, **more)
            if isinstance(page, Refusal):
                raise AccountUnreachable(
                    f"cannot list s3://{self.name}/{prefix}",
                    why=f"AWS answered {page.code} to {page.call}",
                    next_step="allow the collector what `trailsleuth permissions --account log` lists",
                )
            yield dict(page)
            token = page.get("NextContinuationToken") if page.get("IsTruncated") else None
            if not token:
                return


def _day_folders(reader: _Bucket, prefix: str, wanted: Wanted) -> Iterator[str]:
    """The folders of the days wanted; where the prefix does not lead to AWSLogs, the prefix itself."""
    found = False
    for region_folder in _region_folders(reader, prefix, wanted):
        found = True
        if wanted.since is None:
            yield region_folder
            continue
        until = wanted.until or reader.account.around.now()
        day = (wanted.since - MARGIN).replace(hour=0, minute=0, second=0, microsecond=0)
        while day <= until + MARGIN:
            yield f"{region_folder}{day:%Y/%m/%d}/"
            day += timedelta(days=1)
    if not found:
        yield prefix


def _region_folders(reader: _Bucket, prefix: str, wanted: Wanted) -> Iterator[str]:
    root = prefix if prefix.endswith("AWSLogs/") else f"{prefix}AWSLogs/"
    for account_folder in _account_folders(reader, root):
        if not wanted.accounts or _last(account_folder) in wanted.accounts:
            for kind in KINDS:
                yield from _among(reader.folders(f"{account_folder}{kind}/"), wanted.regions)


def _account_folders(reader: _Bucket, root: str) -> Iterator[str]:
    """Account folders, also those of an organization trail, which lie one folder deeper."""
    for folder in reader.folders(root):
        if _last(folder).startswith("o-"):
            yield from reader.folders(folder)
        else:
            yield folder


def _among(folders: Iterable[str], names: frozenset[str]) -> Iterator[str]:
    return (folder for folder in folders if not names or _last(folder) in names)


def _last(folder: str) -> str:
    return folder.rstrip("/").rpartition("/")[2]


def _unpacked(data: bytes) -> bytes:
    if data[:2] != b"\x1f\x8b":
        return data
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    unpacked = unpacker.decompress(data, LARGEST)
    if unpacker.unconsumed_tail:
        raise gzip.BadGzipFile(f"more than {LARGEST} bytes")
    if not unpacker.eof:
        raise EOFError("it is cut off")
    return unpacked
