"""What the use of an encrypted thing needs of its key: `data/keys.toml`; and where a request names a key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from trailsleuth.catalog.load import Row, rows_of
from trailsleuth.catalog.operations import plain_event_name
from trailsleuth.catalog.paths import plain_name
from trailsleuth.patterns import late

KEY_ARN = late(r"arn:[\w-]+:kms:[\w-]+:\d{12}:key/[\w-]+")
_KEY_ID = late(r"(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})")
_DEEPEST = 12


class KeyUse(Struct, frozen=True, kw_only=True):
    """What one use needs: IAM actions on the key, the first of which is what AWS asks for first; `via` is the service that calls KMS."""

    needs: tuple[str, ...]
    via: str
    why: str
    source_id: str


def key_use(iam_action: str, event_name: str) -> KeyUse | None:
    """What the action needs of the key of the thing that it works on; None where it needs none of the caller."""
    row = next((row for row in _rows(iam_action.lower()) if "events" not in row or plain_event_name(event_name) in row["events"]), None)
    return KeyUse(needs=tuple(row["needs"]), via=row["via"], why=row["why"], source_id=row["id"]) if row else None


@cache
def key_services() -> frozenset[str]:
    """The IAM prefixes of the services whose things are used with a key of the caller's."""
    return frozenset(action.partition(":")[0] for row in rows_of("keys", "use") for action in row["actions"])


@cache
def _rows(action: str) -> tuple[Row, ...]:
    return tuple(row for row in rows_of("keys", "use") if action in {name.lower() for name in row["actions"]})


def keys_named(value: object, *, region: str, account: str, partition: str = "aws") -> frozenset[str]:
    """The ARN of every key that a request or an answer names: whole, or by an id in a field for keys. An alias names none: it can be moved."""
    found: set[str] = set()
    for name, text in fields_of(value):
        if KEY_ARN.fullmatch(text):
            found.add(text)
        elif _is_for_keys(name) and _KEY_ID.fullmatch(text) and region and account:
            found.add(f"arn:{partition}:kms:{region}:{account}:key/{text}")
    return frozenset(found)


def is_managed_by_aws(key: str | None) -> bool:
    """An alias of AWS's own: it is never moved, and its key's policy lets in the principals of its account alone, through the service that owns it.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    return ":alias/aws/" in (key or "")


def managed_keys_named(value: object, *, region: str, account: str, partition: str = "aws") -> frozenset[str]:
    """The ARN of every alias of AWS's own that stands in a field for keys."""
    named = {text.rpartition(":")[2] for name, text in fields_of(value) if _is_for_keys(name) and text.rpartition(":")[2].startswith("alias/aws/")}
    return frozenset(f"arn:{partition}:kms:{region}:{account}:{alias}" for alias in named if region and account)


@cache
def _is_for_keys(name: str) -> bool:
    plain = plain_name(name)
    return "kms" in plain and "key" in plain


def fields_of(value: object, name: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every text with the name of its field; of `{attributeName: KmsMasterKeyId, attributeValue: …}` the value has the name that stands beside it."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping) and depth < _DEEPEST:
        beside = _name_beside(value)
        for inner, one in value.items():
            yield from fields_of(one, beside if beside and isinstance(one, str) else str(inner), depth + 1)
    elif isinstance(value, list | tuple) and depth < _DEEPEST:
        for one in value:
            yield from fields_of(one, name, depth + 1)


def _name_beside(value: Mapping[str, Any]) -> str:
    return next((one for one in value.values() if isinstance(one, str) and len(one) < 64 and one.isalnum() and _is_for_keys(one)), "")
