"""Roles that a tool or a service makes and writes anew: what to change instead of the role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from trailsleuth.catalog.load import Row, rows_of
from trailsleuth.model import Maker, parse_arn
from trailsleuth.patterns import late

_PLACE = late(r"\{(\w+)\}")


def maker_of(role: str | None, side: str, *, key: str | None = None, deny: bool = False, caller: str | None = None) -> Maker | None:
    """What the table says of a generated role whose `side` (trust, identity, boundary) must change; None for any other role.

    `key` is the condition key that was not met, `deny` says that a Deny decides, `caller` is the account of who wants in.
    """
    arn = parse_arn(role)
    if arn is None or not arn.is_role:
        return None
    for row in rows_of("generated_roles", "generated"):
        found = _form(row["role"]).fullmatch(arn.resource.removeprefix("role/"))
        if found is None:
            continue
        values = {"account": arn.account, "region": "REGION", "role": arn.name, "caller": caller or "ACCOUNT", **found.groupdict()}
        said = next((change for change in row["change"] if _fits(change, side, found.groupdict(), key=key, deny=deny)), None)
        if said is not None:
            return Maker(name=row["made_by"], instead=_filled(said["text"], values), editable=said.get("editable", False))
    return None


def _filled(text: str, values: Mapping[str, str | None]) -> str:
    return _PLACE.sub(lambda place: values.get(place[1]) or place[0], text)


def _fits(change: Row, side: str, groups: Mapping[str, str | None], *, key: str | None, deny: bool) -> bool:
    same_key = "key" not in change or change["key"].lower() == (key or "").lower()
    return change["side"] == side and same_key and change.get("deny", False) == deny and change.get("kind") in (None, groups.get("kind"))


@cache
def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
