"""CloudTrail's public keys of some regions, live: the same bytes as a saved `aws cloudtrail list-public-keys`."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from trailsleuth.errors import AccountUnreachable

MARGIN = timedelta(days=1)


def fetch_public_keys(*, profile: str, regions: Iterable[str], start: datetime, end: datetime) -> bytes:
    """One JSON document with the keys of all regions: each region signs with its own.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    keys: list[dict[str, Any]] = []
    try:
        session = boto3.Session(profile_name=profile)
        for region in regions:
            pages = session.client("cloudtrail", region_name=region).get_paginator("list_public_keys")
            for page in pages.paginate(StartTime=start - MARGIN, EndTime=end + MARGIN):
                keys.extend(_saved(key) for key in page.get("PublicKeyList", []))
    except (BotoCoreError, ClientError) as fault:
        raise AccountUnreachable(
            f"cannot list CloudTrail's public keys with the profile {profile}",
            why=str(fault),
            next_step="allow cloudtrail:ListPublicKeys, or give a saved list with --keys",
        ) from fault
    return json.dumps({"PublicKeyList": keys}).encode()


def _saved(key: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"Fingerprint": key.get("Fingerprint"), "Value": base64.b64encode(key.get("Value") or b"").decode()}
    for name in ("ValidityStartTime", "ValidityEndTime"):
        if isinstance(key.get(name), datetime):
            entry[name] = key[name].isoformat()
    return entry
