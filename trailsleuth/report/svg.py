"""The role chain and the timeline as inline SVG: kinds are told apart by shape as well as by colour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trailsleuth.report import words
from trailsleuth.report.context import Document
from trailsleuth.report.graph import Graph, Node, chain_graph
from trailsleuth.report.sanitize import for_html

_WIDTH, _ROW, _STEP, _BOX = 500, 58, 26, 46
_LABEL = 52
_LANES = ("cause", "also_needed", "recovered", "background")
_LEFT, _RIGHT, _LANE = 104, 484, 30
_MAX_MARKS = 200


def chain_svg(document: Document) -> str:
    """A tree from the first caller down to what was refused; empty where there is no chain and no principal."""
    graph = chain_graph(document)
    if not graph.nodes:
        return ""
    order = _tree_order(graph)
    at = {node.id: (8 + min(node.depth, 8) * _STEP, 6 + row * _ROW) for row, node in enumerate(order)}
    height = len(order) * _ROW + 4
    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Role chain">']
    for start, end in graph.edges:
        (x, y), (to_x, to_y) = at[start], at[end]
        if to_y > y:
            parts.append(f'<path class="edge" d="M{x + 12} {y + _BOX}V{to_y + _BOX // 2}H{to_x}"/>')
    parts += [_box(node, *at[node.id]) for node in order]
    return "".join([*parts, "</svg>"])


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
    width = _WIDTH - x - 10
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
    """The refused calls over the window, a lane for each standing; the execution as a band. Empty where no record is cited."""
    marks = [
        (finding["standing"], _moment(record["event_time"]), f"{words.spoken(record['event_time'])} {words.call(record)}")
        for finding in document["findings"]
        for record in finding["evidence"]
    ][:_MAX_MARKS]
    if not marks:
        return ""
    execution = document["execution"] or {}
    edges = [_moment(execution[key]) for key in ("started", "ended") if execution.get(key)]
    first, last = min([*edges, *(moment for _, moment, _ in marks)]), max([*edges, *(moment for _, moment, _ in marks)])
    margin = max((last - first) / 20, timedelta(seconds=1))
    first, last = _shifted(first, -margin), _shifted(last, margin)
    lanes = [lane for lane in _LANES if any(standing == lane for standing, _, _ in marks)]
    bottom = 22 + len(lanes) * _LANE
    parts = [f'<svg viewBox="0 0 {_WIDTH} {bottom + 26}" role="img" aria-label="Timeline of denied calls, UTC">']
    if len(edges) == 2:
        parts.append(_band(_x(edges[0], first, last), _x(edges[1], first, last), bottom))
    for number, lane in enumerate(lanes):
        y = 22 + number * _LANE + _LANE // 2
        parts.append(f'<path class="axis" d="M{_LEFT} {y}H{_RIGHT}"/><text x="4" y="{y + 4}">{words.STANDING[lane]}</text>')
        parts += [f"<g><title>{for_html(title)}</title>{_mark(lane, _x(t, first, last), y)}</g>" for standing, t, title in marks if standing == lane]
    left, right = _clock(first), _clock(last)
    parts.append(f'<text class="small" x="{_LEFT}" y="{bottom + 16}">{left}</text>')
    parts.append(f'<text class="small" x="{_RIGHT}" y="{bottom + 16}" text-anchor="end">{right}</text>')
    return "".join([*parts, "</svg>"])


def _band(start: float, end: float, bottom: int) -> str:
    width = max(end - start, 2)
    return (
        f'<rect class="band" x="{start:.1f}" y="16" width="{width:.1f}" height="{bottom - 12}"/><text class="small" x="{start:.1f}" y="12">the execution</text>'
    )


def _x(moment: datetime, first: datetime, last: datetime) -> float:
    return _LEFT + 8 + (_RIGHT - _LEFT - 16) * ((moment - first) / (last - first))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _shifted(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return moment


def _clock(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")
