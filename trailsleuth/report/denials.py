"""Groups of denied calls as a table, CSV and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trailsleuth.model.denied_view import DeniedGroups, DeniedView
from trailsleuth.report import words
from trailsleuth.report.columns import any_table, safe_cell
from trailsleuth.report.context import Document, RenderContext
from trailsleuth.report.document import utc

SCHEMA = "trailsleuth.denials/1"
_NAMED = 2  # addresses that a table names


def denied_columns(by: Sequence[str]) -> tuple[str, ...]:
    """The columns of a group."""
    return (*by, "count", "first", "last", "addresses", "access_keys", "marks")


def denied_group(by: Sequence[str], view: DeniedView) -> Document:
    """A group as plain values."""
    return {
        **dict(zip(by, view.values, strict=True)),
        "count": view.count,
        "first": utc(view.first),
        "last": utc(view.last),
        "addresses": sorted(view.addresses),
        "access_keys": sorted(view.access_keys),
        "marks": [mark.value for mark in view.marks],
    }


def denied_document(found: DeniedGroups, limit: int | None = None) -> Document:
    """The document `trailsleuth.denials/1`; with a limit, the first groups alone."""
    groups = [denied_group(found.by, view) for view in found.groups[:limit]]
    return {"schema": SCHEMA, "by": list(found.by), "denied": found.denied, "groups": groups, "more": len(found.groups) - len(groups)}


def denied_table(found: DeniedGroups, context: RenderContext, limit: int | None = None) -> Iterator[str]:
    """A line a group; on a terminal roles by their names, addresses by the first ones."""
    headers = ("count", *found.by, "first (UTC)", "last (UTC)", "from", "looks like")
    yield from any_table(headers, (_cells(found.by, view, context) for view in found.groups[:limit]), context)


def _cells(by: Sequence[str], view: DeniedView, context: RenderContext) -> list[str]:
    values = [_value(name, value, context) for name, value in zip(by, view.values, strict=True)]
    addresses = sorted(view.addresses)
    more = f" +{len(addresses) - _NAMED}" if len(addresses) > _NAMED else ""
    told = ", ".join(addresses if context.piped else addresses[:_NAMED]) + ("" if context.piped else more)
    times = [words.spoken(utc(moment)) for moment in (view.first, view.last)]
    return [f"{view.count}", *values, *times, safe_cell(told or "-", context), ", ".join(mark.value for mark in view.marks) or "-"]


def _value(name: str, value: str | None, context: RenderContext) -> str:
    if name != "principal" or context.piped or not (value or "").startswith("arn:"):
        return safe_cell(value or "-", context)
    account = (value or "").split(":")[4:5]
    return safe_cell(f"{words.name_of(value)} ({account[0]})" if account and account[0] else words.name_of(value), context)
