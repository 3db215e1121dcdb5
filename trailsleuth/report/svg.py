"""The role chain and the timeline as inline SVG: kinds are told apart by shape as well as by colour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby

from trailsleuth.report import words
from trailsleuth.report.context import Document
from trailsleuth.report.graph import Graph, Node, chain_graph
from trailsleuth.report.sanitize import for_html

_WIDTH, _ROW, _STEP, _BOX = 400, 56, 22, 46
_HEADER, _INSET = 24, 10
_LABEL = 42
_LANES = ("cause", "also_needed", "recovered", "background")
_LEFT, _RIGHT, _LANE = 92, 392, 30
_AHEAD, _BESIDE = 88, 15
_MAX_MARKS = 200
_MAX_AHEAD = 4


def chain_svg(document: Document) -> str:
    """A tree from the first caller down to what was denied, a box around each account; empty where there is no chain and no principal."""
    graph = chain_graph(document)
    if not graph.nodes:
        return ""
    at: dict[str, tuple[int, int]] = {}
    frames, y = [], 4
    order = _tree_order(graph)
    for account, group in groupby(order, key=lambda node: node.account):
        nodes, top = list(group), y
        y += _HEADER if account else 2
        for node in nodes:
            at[node.id] = (_INSET + 8 + min(node.depth, 8) * _STEP, y)
            y += _ROW
        if account:
            frames.append(_frame(account, top, y - top))
            y += 12
    told = "; ".join(", ".join([*node.lines, *([f"account {node.account}"] if node.account else [])]) for node in order)
    parts = [f'<svg viewBox="0 0 {_WIDTH} {y}" role="img" aria-label="{for_html(f"Role chain: {told}")}">', *frames]
    for start, end in graph.edges:
        (x, from_y), (to_x, to_y) = at[start], at[end]
        if to_y > from_y:
            parts.append(f'<path class="edge" d="M{x + 12} {from_y + _BOX}V{to_y + _BOX // 2}H{to_x}"/>')
    parts += [_box(node, *at[node.id]) for node in order]
    return "".join([*parts, "</svg>"])


def _frame(account: str, top: int, height: int) -> str:
    label = f'<text class="small" x="{_WIDTH - 14}" y="{top + 17}" text-anchor="end">account {for_html(account)}</text>'
    return f'<rect class="account" x="2" y="{top}" width="{_WIDTH - 4}" height="{height}" rx="8"/>{label}'


def _tree_order(graph: Graph) -> list[Node]:
    """Every node once, below the first node that leads to it."""
    by_id = {node.id: node for node in graph.nodes}
    below: dict[str, list[str]] = {}
    for start, end in graph.edges:
        below.setdefault(start, []).append(end)
    ends = {end for _, end in graph.edges}
    waiting = [node.id for node in reversed(graph.nodes) if node.id not in ends] or [graph.nodes[0].id]
    seen: dict[str, Node] = {}
    while waiting:
        here = waiting.pop()
        if here not in seen:
            seen[here] = by_id[here]
            waiting += reversed(below.get(here, []))
    return [*seen.values(), *(node for node in graph.nodes if node.id not in seen)]


def _box(node: Node, x: int, y: int) -> str:
    width = _WIDTH - x - 12
    round_ = {"caller": 22, "role": 3, "cause": 0, "also_needed": 6, "recovered": 14}[node.kind]
    if node.kind == "cause":
        right, middle, low = x + width, y + _BOX // 2, y + _BOX
        shape = f'<polygon class="box cause" points="{x + 10},{y} {right - 10},{y} {right},{middle} {right - 10},{low} {x + 10},{low} {x},{middle}"/>'
    else:
        shape = f'<rect class="box {node.kind}" x="{x}" y="{y}" width="{width}" height="{_BOX}" rx="{round_}"/>'
    mark = _mark(node.kind, x + 20, y + _BOX // 2) if node.kind not in {"caller", "role"} else ""
    left = x + (36 if mark else 16)
    room = max(_LABEL - node.depth * 4, 20)
    title, rest = node.lines[0], "  ·  ".join(node.lines[1:])
    first = f'<text x="{left}" y="{y + (19 if rest else 28)}">{for_html(_short(title, room))}</text>'
    second = f'<text class="small" x="{left}" y="{y + 36}">{for_html(_short(rest, room + 10))}</text>' if rest else ""
    return f"<g><title>{for_html(' · '.join(node.lines))}</title>{shape}{mark}{first}{second}</g>"


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length // 2]}…{text[-(length - length // 2 - 1) :]}"


def _mark(kind: str, x: float, y: float) -> str:
    """A cross, a triangle, a ring or a square."""
    shapes = {
        "cause": f"M{x - 6:.1f} {y - 6:.1f}l12 12m0 -12l-12 12",
        "also_needed": f"M{x:.1f} {y - 7:.1f}l7 13h-14z",
        "recovered": f"M{x - 6:.1f} {y:.1f}a6 6 0 1 0 12 0a6 6 0 1 0 -12 0",
        "background": f"M{x - 4:.1f} {y - 4:.1f}h8v8h-8z",
    }
    return f'<path class="mark {kind}" d="{shapes[kind]}"/>'


def timeline_svg(document: Document) -> str:
    """The denied calls over the window, a lane for each standing; the execution as a band, and what would be denied next behind its end.

    Empty where no record is cited. A prediction cites the record that it follows from, and was not denied then: it would fall in the next try.
    """
    seen, ahead = _seen(document), _ahead(document)
    execution = document["execution"] or {}
    edges = [_moment(execution[key]) for key in ("started", "ended") if execution.get(key)]
    moments = [*edges, *(moment for _, moment, _ in seen)]
    if not seen or not moments:
        return ""
    margin = max((max(moments) - min(moments)) / 20, timedelta(seconds=1))
    first, last = _shifted(min(moments), -margin), _shifted(max(moments), margin)
    right = _RIGHT - _AHEAD if ahead else _RIGHT
    lanes = [lane for lane in _LANES if any(standing == lane for standing, *_ in [*seen, *ahead])]
    bottom = 22 + len(lanes) * _LANE
    told = "; ".join([*(title for *_, title in seen[:12]), *(title for _, title in ahead)])
    label = for_html(f"Timeline of denied calls, UTC: {told}")
    parts = [f'<svg viewBox="0 0 {_WIDTH} {bottom + 26}" role="img" aria-label="{label}">']
    if len(edges) == 2:
        parts.append(_band(_x(edges[0], first, last, right), _x(edges[1], first, last, right), bottom))
    if ahead:
        parts.append(_next_try(right, bottom))
    for number, lane in enumerate(lanes):
        y = 22 + number * _LANE + _LANE // 2
        parts.append(f'<path class="axis" d="M{_LEFT} {y}H{_RIGHT}"/><text x="4" y="{y + 4}">{words.STANDING[lane]}</text>')
        parts += [_titled(title, _mark(lane, _x(moment, first, last, right), y)) for standing, moment, title in seen if standing == lane]
        parts += _marks_ahead([title for standing, title in ahead if standing == lane], lane, right, y)
    parts.append(f'<text class="small" x="{_LEFT}" y="{bottom + 16}">{_clock(first)}</text>')
    parts.append(f'<text class="small" x="{right}" y="{bottom + 16}" text-anchor="end">{_clock(last, after=first)}</text>')
    return "".join([*parts, "</svg>"])


def _seen(document: Document) -> list[tuple[str, datetime, str]]:
    """Standing, time and words of every record that shows a denial."""
    return [
        (finding["standing"], _moment(record["event_time"]), f"{words.spoken(record['event_time'])} {words.call(record)}")
        for finding in words.standing_findings(document, *_LANES)
        if finding["basis"] != "predicted"
        for record in finding["evidence"]
    ][:_MAX_MARKS]


def _ahead(document: Document) -> list[tuple[str, str]]:
    """Standing and words of every prediction."""
    return [
        (finding["standing"], f"in the next try: {' on '.join(filter(None, (finding['iam_action'], finding['resource'])))}")
        for finding in words.standing_findings(document, *_LANES)
        if finding["basis"] == "predicted"
    ]


def _next_try(start: float, bottom: int) -> str:
    """Where the evidence ends and the next try begins."""
    x = start + 6
    return (
        f'<rect class="ahead" x="{x}" y="16" width="{_RIGHT - x}" height="{bottom - 12}"/><text class="small" x="{x + 6}" y="{bottom + 16}">the next try</text>'
    )


def _marks_ahead(titles: list[str], lane: str, right: float, y: float) -> Iterator[str]:
    shown = titles[:_MAX_AHEAD]
    for number, title in enumerate(shown):
        yield _titled(title, _mark(lane, right + 22 + number * _BESIDE, y))
    if len(titles) > len(shown):
        yield f'<text class="small" x="{_RIGHT - 4}" y="{y + 4}" text-anchor="end">+{len(titles) - len(shown)}</text>'


def _titled(title: str, mark: str) -> str:
    return f"<g><title>{for_html(title)}</title>{mark}</g>"


def _band(start: float, end: float, bottom: int) -> str:
    width = max(end - start, 2)
    return (
        f'<rect class="band" x="{start:.1f}" y="16" width="{width:.1f}" height="{bottom - 12}"/><text class="small" x="{start:.1f}" y="12">the execution</text>'
    )


def _x(moment: datetime, first: datetime, last: datetime, right: float) -> float:
    return _LEFT + 8 + (right - _LEFT - 16) * ((moment - first) / (last - first))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _shifted(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return moment


def _clock(moment: datetime, *, after: datetime | None = None) -> str:
    """With its day, but for one that the other end of the axis says already."""
    same = after is not None and after.date() == moment.date()
    return moment.strftime("%H:%M:%SZ" if same else "%Y-%m-%d %H:%M:%SZ")
