"""Roles that a call hands over through a definition that it names: `RunTask` passes the roles of the task definition, whoever registered it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from trailsleuth.catalog.load import Row, rows_of
from trailsleuth.catalog.operations import plain_event_name
from trailsleuth.catalog.passed_roles import PassedRole, passed_roles
from trailsleuth.catalog.paths import find_values, unwrapped
from trailsleuth.model import Record

Made = tuple[str, tuple[PassedRole, ...]]  # what the definition was called in the answer, the roles that it names
_Key = tuple[str, str | None, str, str]  # table row, account, Region, name


class Definitions:
    """The definitions that the evidence saw made, by what later calls name them by."""

    def __init__(self, records: Iterable[Record]) -> None:
        rows = rows_of("reduction", "through")
        self._by_name: dict[_Key, list[Made]] = {}
        for record in sorted(records, key=lambda r: r.event_time):
            for row in rows:
                if not record.failed and record.event_source == row["event_source"] and plain_event_name(record.event_name) in row["made_by"]:
                    self._add(row, record)

    def _add(self, row: Row, record: Record) -> None:
        request = unwrapped(record.event_name, record.request)
        roles = tuple(p for p in passed_roles(record.event_source, record.event_name, record.request))
        ids = _texts(record.response, row["made_ids"])
        for name in {*_texts(request, row["made_names"]), *(_plain(row, one) for one in ids)}:
            self._by_name.setdefault((row["id"], record.account, record.region, name), []).append((next(iter(ids), ""), roles))

    def passed_by(self, record: Record) -> tuple[PassedRole, ...] | None:
        """The roles of the definition that a call names: of that revision where it is known, else of the latest; None where the evidence has none."""
        for row in rows_of("reduction", "through"):
            if record.event_source in row["used_in"] and plain_event_name(record.event_name) in row["used_by"]:
                for name in _texts(unwrapped(record.event_name, record.request), row["used_names"]):
                    made = self._by_name.get((row["id"], record.account, record.region, _plain(row, name)), [])
                    exact = [roles for one, roles in made if one and (one == name or one.endswith(f"/{name}"))]
                    if made:
                        return exact[-1] if exact else made[-1][1]
        return None

    @staticmethod
    def names_one(record: Record) -> str | None:
        """The service that assumes the roles of a definition that the call names, known or not; None where it names none."""
        for row in rows_of("reduction", "through"):
            if record.event_source in row["used_in"] and plain_event_name(record.event_name) in row["used_by"]:
                return str(row["service"]) if _texts(unwrapped(record.event_name, record.request), row["used_names"]) else None
        return None


def _plain(row: Row, name: str) -> str:
    """The name without its place and its revision."""
    match = re.fullmatch(row["name"], name)
    return match.group(1) if match else name


def _texts(value: Mapping[str, object], paths: Iterable[str]) -> list[str]:
    return [text for path in paths for _, text in find_values(value, path) if isinstance(text, str)]
