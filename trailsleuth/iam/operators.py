"""The condition operators, each a comparison of one wanted with one given value.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from trailsleuth.iam.match import arn_matches, unshielded, wildcard_matches
from trailsleuth.patterns import late

Compare = Callable[[str, str], bool | None]
"""(wanted, given) → whether they match; None where the policy's own value cannot be read."""


class Operator(Struct, frozen=True, kw_only=True):
    """`quantifier` is "", "forallvalues" or "foranyvalue"; `compare` is None for Null; `variables`: policy variables work in its values."""

    name: str
    quantifier: str
    if_exists: bool
    negated: bool
    variables: bool
    compare: Compare | None


def _equals(wanted: str, given: str) -> bool:
    return unshielded(wanted) == given


def _equals_any_case(wanted: str, given: str) -> bool:
    return unshielded(wanted).lower() == given.lower()


def _bool(wanted: str, given: str) -> bool | None:
    lower = wanted.lower()
    return lower == given.lower() if lower in ("true", "false") else None


def _binary(wanted: str, given: str) -> bool | None:
    try:
        return base64.b64decode(wanted, validate=True) == base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return wanted == given


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


_PARTIAL_DATE = late(r"(\d{4})(?:-(\d{2}))?")
_FRACTION = late(r"[.,](\d+)")


@lru_cache(maxsize=4096)
def read_date(text: str) -> datetime | None:
    """An ISO 8601 date or time, or seconds since 1970, as UTC."""
    text = text.strip()
    number = _number(text)
    partial = _PARTIAL_DATE.fullmatch(text)
    try:
        if partial:
            return datetime(int(partial[1]), int(partial[2] or 1), 1, tzinfo=UTC)
        if number is not None:
            return datetime.fromtimestamp(float(number), tz=UTC)
        found = datetime.fromisoformat(_FRACTION.sub(lambda m: "." + m[1][:6].ljust(6, "0"), text))
    except (ValueError, OverflowError, OSError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


@lru_cache(maxsize=4096)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def _in_network(wanted: str, given: str) -> bool | None:
    outer = _network(wanted)
    if outer is None:
        return None
    inner = _network(given)
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _ordered(read: Callable[[str], Any], holds: Callable[[Any, Any], bool]) -> Compare:
    def compare(wanted: str, given: str) -> bool | None:
        right = read(wanted)
        if right is None:
            return None
        left = read(given)
        return left is not None and holds(left, right)

    return compare


def _arn(wanted: str, given: str) -> bool:
    return arn_matches(wanted, given)


_ORDER: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "equals": lambda left, right: left == right,
        "lessthan": lambda left, right: left < right,
        "lessthanequals": lambda left, right: left <= right,
        "greaterthan": lambda left, right: left > right,
        "greaterthanequals": lambda left, right: left >= right,
    }
)


def _table() -> dict[str, tuple[bool, bool, Compare | None]]:
    table: dict[str, tuple[bool, bool, Compare | None]] = {
        "stringequals": (False, True, _equals),
        "stringnotequals": (True, True, _equals),
        "stringequalsignorecase": (False, True, _equals_any_case),
        "stringnotequalsignorecase": (True, True, _equals_any_case),
        "stringlike": (False, True, wildcard_matches),
        "stringnotlike": (True, True, wildcard_matches),
        "bool": (False, False, _bool),
        "binaryequals": (False, False, _binary),
        "ipaddress": (False, False, _in_network),
        "notipaddress": (True, False, _in_network),
        "arnequals": (False, True, _arn),
        "arnlike": (False, True, _arn),
        "arnnotequals": (True, True, _arn),
        "arnnotlike": (True, True, _arn),
        "null": (False, False, None),
    }
    readers: tuple[tuple[str, Callable[[str], Any]], ...] = (("numeric", _number), ("date", read_date))
    for kind, read in readers:
        for order, holds in _ORDER.items():
            table[kind + order] = (False, False, _ordered(read, holds))
        table[kind + "notequals"] = (True, False, _ordered(read, _ORDER["equals"]))
    return table


_OPERATORS = MappingProxyType(_table())


@lru_cache(maxsize=1024)
def read_operator(text: str) -> Operator | None:
    """The operator that a policy names, with quantifier and IfExists; None if there is no such one."""
    lower = text.lower()
    quantifier, colon, base = lower.rpartition(":")
    if colon and quantifier not in ("forallvalues", "foranyvalue"):
        return None
    if_exists = base.endswith("ifexists")
    base = base.removesuffix("ifexists")
    row = _OPERATORS.get(base)
    if row is None or (base == "null" and (if_exists or colon)):
        return None
    negated, variables, compare = row
    return Operator(name=base, quantifier=quantifier, if_exists=if_exists, negated=negated, variables=variables, compare=compare)
