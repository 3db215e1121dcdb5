"""The condition keys that a call's own parameters become: tags, role session, S3 headers.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requesttag
         https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_sts
         https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trailsleuth.catalog.evaluation import request_keys
from trailsleuth.model import Record
from trailsleuth.model.tags import tags_in


def keys_of_request(record: Record, iam_action: str) -> tuple[dict[str, Any], set[str]]:
    """(keys with values, keys absent) from the request parameters; nothing where the record has none."""
    if not record.request or record.request.get("omitted") is True:
        return {}, set()
    found: dict[str, Any] = {}
    missing: set[str] = set()
    for parameter, key in request_keys(iam_action.partition(":")[0].lower()).items():
        value = record.request.get(parameter)
        if isinstance(value, list):
            found[key] = tuple(str(item) for item in value)
        elif value is not None:
            found[key] = str(value)
        else:
            missing.add(key)
    speaks_of_tags = any("tag" in name.lower() for name in _names(record.request, depth=0))
    tags = dict(tags_in(record.request)) if speaks_of_tags else {}
    if tags:
        found |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
        found["aws:TagKeys"] = tuple(sorted(tags))
        missing.add("aws:requesttag/*")
    elif not speaks_of_tags:
        missing |= {"aws:TagKeys", "aws:requesttag/*"}
    return found, missing


def _names(value: object, *, depth: int) -> Iterator[str]:
    if depth > 8:
        return
    if isinstance(value, list):
        for item in value:
            yield from _names(item, depth=depth + 1)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _names(inner, depth=depth + 1)
