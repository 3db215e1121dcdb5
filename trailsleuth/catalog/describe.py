"""One entry of the catalogue, explained: the action, the calls that are checked for it, and the roles that they pass."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from trailsleuth.catalog.actions import ActionEntry, dependent_actions, entry, takes_resource
from trailsleuth.catalog.load import DATA, Row, read_table, rows_of
from trailsleuth.catalog.pipeline_actions import providers_needing


class CallUse(Struct, frozen=True, kw_only=True):
    """A call that is checked for an action: `prefix:EventName`, and when; "" : always."""

    call: str
    when: str
    source: str


class RolePlace(Struct, frozen=True, kw_only=True):
    """Where a call carries a role, and to whom it is passed; None: no `iam:PassedToService` is sent, or it is not known."""

    call: str
    path: str
    service: str | None
    source: str


class Description(Struct, frozen=True, kw_only=True):
    """All that the catalogue says of one action. `stated` is what an override of ours adds, with its source; `unlisted` why it is taken to exist."""

    action: ActionEntry
    takes_resource: bool
    calls: tuple[CallUse, ...]
    passes: tuple[RolePlace, ...]
    dependents: tuple[str, ...]
    pipeline_actions: tuple[str, ...]
    stated: str
    unlisted: str


def describe(action: str) -> Description | None:
    """The entry of an action, whatever its letter case; None where IAM knows no such action."""
    found = entry(action)
    if found is None:
        return None
    calls = tuple(_calls(found.name))
    return Description(
        action=found,
        takes_resource=takes_resource(found.name) is not False,
        calls=calls,
        passes=tuple(_passes({use.call for use in calls}, found.name)),
        dependents=dependent_actions(found.name),
        pipeline_actions=providers_needing(found.name),
        stated=next((f"{row['reason']} ({row['source']})" for row in rows_of("overrides", "action") if row["action"] == found.name), ""),
        unlisted=found.unlisted.why if found.unlisted else "",
    )


@cache
def _prefixes() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (DATA / "operations").glob("*.toml")))


def _calls(action: str) -> Iterator[CallUse]:
    prefix, _, name = action.partition(":")
    if name != "PassRole" and not any(name in row.get("events", ()) and "when" not in row for row in rows_of(f"operations/{prefix}", "operation")):
        yield CallUse(call=action, when="", source="the call of the same name, where there is one")
    for one in _prefixes():
        for row in rows_of(f"operations/{one}", "operation"):
            if row["action"] == action:
                yield from _uses(one, row, " and ".join(row.get("when", ())))
        for row in rows_of(f"operations/{one}", "need"):
            if row["action"] == action:
                yield from _uses(one, row, row["why"])


def _uses(prefix: str, row: Row, when: str) -> Iterator[CallUse]:
    """A row that is about a pattern of names is told as all calls of the service; `when` narrows it."""
    for event in row.get("events", ("*",)):
        yield CallUse(call=f"{prefix}:{event}", when=when, source=row["source"])


def _passes(calls: set[str], action: str) -> Iterator[RolePlace]:
    for prefix, rows in sorted(read_table("passed_roles").items()):
        for row in rows:
            for event in row["events"]:
                if action == "iam:PassRole" or (f"{prefix}:{event}" in calls and prefix == action.partition(":")[0]):
                    for path in row["paths"]:
                        yield RolePlace(call=f"{prefix}:{event}", path=path, service=row.get("service"), source=row["source"])
