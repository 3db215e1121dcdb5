"""Groups of denied calls as one HTML page: a heat map of the first two columns, and every group below it. A number stands in each cell, so that no colour is
needed to read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from trailsleuth.model.denied_view import DeniedGroups
from trailsleuth.report import words
from trailsleuth.report.denials import denied_columns, denied_group
from trailsleuth.report.html import scrolled_table, whole_page
from trailsleuth.report.sanitize import for_html

_ROWS, _COLUMNS, _SHADES = 40, 24, 5
_REST = "others"


def denied_html(found: DeniedGroups, limit: int | None = None, *, version: str = "") -> str:
    """The page."""
    groups = found.groups[:limit]
    title = f"{words.plural(found.denied, 'denied call')} by {', '.join(found.by)}"
    times = [moment for group in groups for moment in (group.first, group.last)]
    span = f"<p>{min(times):%Y-%m-%d %H:%M:%SZ} to {max(times):%Y-%m-%d %H:%M:%SZ}</p>" if times else ""
    made = f"<p>{for_html(f'Made by trailsleuth {version}'.rstrip())}</p>"
    rows = [[_cell(value, name) for name, value in denied_group(found.by, group).items()] for group in groups]
    more = f"<p>and {words.plural(len(found.groups) - len(groups), 'group')} more</p>" if len(found.groups) > len(groups) else ""
    every = f"<section><h2>Groups</h2>{scrolled_table('Groups', denied_columns(found.by), rows)}{more}</section>" if rows else ""
    return whole_page(title, f"<header><h1>{for_html(title)}</h1>{span}{made}</header>\n{_map(found, limit)}\n{every}")


def _map(found: DeniedGroups, limit: int | None) -> str:
    """Rows by the first column, columns by the second; with one column alone, its counts."""
    by = [*found.by, ""][:2]
    counts: Counter[tuple[str, str]] = Counter()
    for group in found.groups[:limit]:
        first, second = [*(value or "-" for value in group.values), ""][:2]
        counts[first, second if len(found.by) > 1 else "count"] += group.count
    if not counts:
        return ""
    rows, columns = _kept((row for row, _ in counts.elements()), _ROWS), _kept((column for _, column in counts.elements()), _COLUMNS)
    shown: Counter[tuple[str, str]] = Counter()
    for (row, column), count in counts.items():
        shown[row if row in rows else _REST, column if column in columns else _REST] += count
    rows += [_REST] if any(row == _REST for row, _ in shown) else []
    columns += [_REST] if any(column == _REST for _, column in shown) else []
    if by[0] == "day":
        rows.sort()
    if by[1] == "day":
        columns.sort()
    most = max(shown.values())
    body = [[_cell(words.name_of(row)), *(_heat(shown[row, column], most) for column in columns)] for row in rows]
    heads = (by[0], *(words.name_of(column) for column in columns))
    return f"<section><h2>{for_html(' by '.join(filter(None, by)))}</h2>{scrolled_table('Heat map', heads, body)}</section>"


def _kept(values: Iterable[str], most: int) -> list[str]:
    return [value for value, _ in Counter(values).most_common(most)]


def _heat(count: int, most: int) -> str:
    """Darker with each fifth of the largest, by the root of the count: a few large cells would leave all others blank."""
    shade = max(1, round(_SHADES * (count / most) ** 0.5)) if count else 0
    return f'<td class="heat h{shade}">{count or ""}</td>'


def _cell(value: object, name: str = "") -> str:
    if name in ("first", "last"):
        return f'<td class="time">{for_html(words.spoken(str(value)))}</td>'
    text = ", ".join(map(str, value)) if isinstance(value, list) else "-" if value is None else str(value)
    return f"<td>{for_html(text)}</td>"
