"""CloudTrail's public keys of some regions, live: the same bytes as a saved `aws cloudtrail list-public-keys`."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from trailsleuth.errors import AccountUnreachable
from trailsleuth.sources.aws.calls import Refusal
from trailsleuth.sources.aws.sessions import Account, Surroundings, open_accounts
from trailsleuth.sources.aws.ways import Ways

MARGIN = timedelta(days=1)
MAX_PAGES = 100
VALIDITY = ("ValidityStartTime", "ValidityEndTime")


def fetch_public_keys(*, profile: str, regions: Iterable[str], start: datetime, end: datetime) -> bytes:
    """One JSON document with the keys of all regions: each region signs with its own.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html
    """
    account = next(iter(open_accounts(Ways(profiles=(profile,)), Surroundings()).values()))
    keys = [_saved(key) for region in regions for key in list_public_keys(account, region, start=start - MARGIN, end=end + MARGIN)]
    return json.dumps({"PublicKeyList": keys}).encode()


def list_public_keys(account: Account, region: str, *, start: datetime, end: datetime) -> Iterator[Mapping[str, object]]:
    """The keys of one region, page by page."""
    more: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        page = account.ask("cloudtrail", "ListPublicKeys", region, StartTime=start, EndTime=end, **more)
        if isinstance(page, Refusal):
            raise AccountUnreachable(
                f"cannot list CloudTrail's public keys of account {account.id} in {region}",
                why=f"{page.why}: {page.code}",
                next_step="allow cloudtrail:ListPublicKeys to that profile, or give a saved list with --keys",
            )
        yield from page.get("PublicKeyList", [])
        token = page.get("NextToken")
        if not token:
            return
        more = {"NextToken": str(token)}


def _saved(key: Mapping[str, object]) -> dict[str, object]:
    value = key.get("Value")
    times = {name: moment.isoformat() for name in VALIDITY if isinstance(moment := key.get(name), datetime)}
    return {"Fingerprint": key.get("Fingerprint"), "Value": base64.b64encode(value).decode() if isinstance(value, bytes) else value, **times}
