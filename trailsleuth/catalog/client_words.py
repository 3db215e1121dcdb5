"""What a client's error text says of the call that failed: service, operation, bucket, key, URL, error code, in every SDK's words.

The wordings are rows of `data/client_words.toml`. The text is a user's or a log's: what is read steers a search, it is never a grant by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import unquote

from msgspec import Struct

from trailsleuth.catalog.actions import prefixes, resource_types
from trailsleuth.catalog.load import DATA, Row, rows_of
from trailsleuth.patterns import late

_LONGEST = 20_000  # of a text: the call stands at its beginning or near the error
_BEFORE, _BEHIND, _TRIES = 200, 1200, 3
_FIELDS = ("operation", "service", "bucket", "key", "url", "code")
_CASED = late(r"(?:^|[-_])([a-z0-9])")
_MAKER, _NOISE = late(r"^(?:amazon|aws)[ ._-]?"), late(r"[^a-z0-9]")
_S3_HOST = r"https?://(?:(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.)?s3[.-](?:[a-z0-9.-]{0,60}\.)?amazonaws\.com(?:\.cn)?(?::\d{1,5})?/?(?P<path>[^\s\"'`<>?;,]{0,1024})"
_REGION = r"[a-z]{2}(?:-[a-z]{2,9}){1,2}-\d"
_HOST = rf"https?://(?:(?:[a-z0-9-]{{1,63}}\.)?([a-z0-9-]{{2,40}})\.{_REGION}|(?:{_REGION}\.)?(queue|[a-z0-9-]{{2,40}}))\.amazonaws\.com"


class ClientWords(Struct, frozen=True, kw_only=True):
    """The call that an error text names; None: the text does not say. `service` is the IAM prefix, `operation` the API's name (`ListObjectsV2`)."""

    service: str | None = None
    operation: str | None = None
    bucket: str | None = None
    key: str | None = None
    url: str | None = None
    code: str | None = None

    @property
    def event_source(self) -> str:
        """The service as an event source; empty where it is not named."""
        return f"{self.service}.amazonaws.com" if self.service else ""


def client_words(text: str) -> ClientWords:
    """Everything that the rows read; of two rows that read the same thing the first stands."""
    text = text[:_LONGEST]
    lower = text.lower() if len(text.lower()) == len(text) else text
    found: dict[str, str] = {}
    for row in rows_of("client_words", "words"):
        for match in _matches(row, text, lower):
            for name, value in _read(row, match):
                found.setdefault(name, value)
    if "url" in found:
        for name, value in _of_url(found["url"]):
            found.setdefault(name, value)
    return ClientWords(**{name: found.get(name) for name in _FIELDS})


def service_prefix(words: str) -> str | None:
    """The IAM prefix of a service as SDKs call it: `AmazonDynamoDBv2` gives `dynamodb`, `AWSSecurityTokenService` gives `sts`."""
    plain = plain_service(words)
    for name in dict.fromkeys((plain, plain.removesuffix("internal"), re.sub(r"v\d$", "", plain), plain.removesuffix("service"), plain.removesuffix("async"))):
        known = name if name in prefixes() else _sdk_names().get(name) or _hyphened().get(name)
        if known:
            return known
    return None


def plain_service(words: str) -> str:
    """A service's name without "Amazon", "AWS", capitals and all but letters and digits."""
    return _NOISE.sub("", _MAKER.sub("", words.strip().lower()))


@cache
def _sdk_names() -> dict[str, str]:
    """What `bench/sdk_services.py` took from the API models."""
    names: dict[str, str] = json.loads((DATA / "sdk_services.json").read_text(encoding="utf-8"))["names"]
    return names


@cache
def _hyphened() -> dict[str, str]:
    return {prefix.replace("-", ""): prefix for prefix in prefixes() if "-" in prefix}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _matches(row: Row, text: str, lower: str) -> Iterator[re.Match[str]]:
    """Where the row's pattern fits near its anchor: a bounded window and a bounded number of tries, so the time is linear."""
    at = lower.find(row["anchor"])
    for _ in range(_TRIES):
        if at < 0:
            return
        match = _compiled(row["pattern"]).search(text, max(0, at - _BEFORE), at + _BEHIND)
        if match is not None:
            yield match
            return
        at = lower.find(row["anchor"], at + 1)


def _read(row: Row, match: re.Match[str]) -> Iterator[tuple[str, str]]:
    for name, value in {**row.get("fixed", {}), **match.groupdict()}.items():
        if not value:
            continue
        if name == "service":
            value = service_prefix(value) or ""
        elif name == "operation":
            value = _operation(row, value)
        if value:
            yield name, value.rstrip(".,;:")


def _operation(row: Row, word: str) -> str:
    """The API's name: `list_multipart_uploads` and `list-multipart-uploads` as `ListMultipartUploads`, a file system's verb by the row's table."""
    verbs = row.get("verbs")
    if verbs is not None:
        return str(verbs.get(word.lower(), ""))
    if "_" in word or "-" in word or word[:1].islower():
        word = _CASED.sub(lambda found: found.group(1).upper(), word)
    for end in row.get("ends", ()):
        word = word.removesuffix(end)
    return word


def _of_url(url: str) -> Iterator[tuple[str, str]]:
    """Bucket and key of an S3 address; the service of any other."""
    found = _compiled(_S3_HOST).match(url)
    if found is not None:
        bucket, path = found.group("bucket"), found.group("path")
        if bucket is None:
            bucket, _, path = path.partition("/")
        yield "service", "s3"
        yield from ((name, unquote(value)) for name, value in (("bucket", bucket), ("key", path)) if value)
        return
    host = _compiled(_HOST).match(url)
    named = (host.group(1) or host.group(2)) if host else ""
    prefix = "sqs" if named == "queue" else service_prefix(named)
    if prefix:
        yield "service", prefix


def thing_of(iam_action: str, words: ClientWords) -> str | None:
    """The bucket or object that an S3 action was refused on, where the text names it; None: it does not, or the action is another service's."""
    if not iam_action.startswith("s3:") or words.bucket is None:
        return None
    kinds = {kind.name for kind in resource_types(iam_action)}
    partition = "aws-cn" if words.url and ".amazonaws.com.cn" in words.url else "aws"
    if "object" in kinds:
        return f"arn:{partition}:s3:::{words.bucket}/{words.key}" if words.key else None
    return f"arn:{partition}:s3:::{words.bucket}" if "bucket" in kinds else None
