"""The role chain as mermaid and as Graphviz dot; kinds are told apart by shape, not by colour alone."""

from __future__ import annotations

from trailsleuth.report.context import Document
from trailsleuth.report.graph import Graph, Node, chain_graph
from trailsleuth.report.sanitize import for_dot, for_mermaid

_MERMAID_SHAPES = {"caller": ("([", "])"), "role": ("[", "]"), "cause": ("{{", "}}"), "also_needed": ("[/", "/]"), "recovered": ("(", ")")}
_DOT_SHAPES = {"caller": "oval", "role": "box", "cause": "hexagon", "also_needed": "parallelogram", "recovered": "note"}
_LABEL = 120


def render_mermaid(document: Document) -> str:
    """A mermaid flowchart with a box around each account, as GitHub and GitLab draw it: https://mermaid.js.org/syntax/flowchart.html"""
    graph = chain_graph(document)
    lines = ["flowchart LR"]
    for number, (account, nodes) in enumerate(_by_account(graph)):
        shapes = [f"{node.id}{_mermaid_shape(node)}" for node in nodes]
        around = [f'  subgraph a{number}["account {for_mermaid(account)}"]', *(f"    {shape}" for shape in shapes), "  end"]
        lines += around if account else [f"  {shape}" for shape in shapes]
    lines += [f"  {start} --> {end}" for start, end in graph.edges]
    if not graph.nodes:
        lines.append('  n0["no role chain"]')
    refused = [node.id for node in graph.nodes if node.kind == "cause"]
    if refused:
        lines += ["  classDef cause stroke:#b3261e,stroke-width:3px", f"  class {','.join(refused)} cause"]
    if graph.left_out:
        lines.append(f'  more["and {graph.left_out} more"]')
    return "\n".join(lines) + "\n"


def _by_account(graph: Graph) -> list[tuple[str, list[Node]]]:
    """The nodes of each account, in the order of its first."""
    found: dict[str, list[Node]] = {}
    for node in graph.nodes:
        found.setdefault(node.account, []).append(node)
    return list(found.items())


def _mermaid_shape(node: Node) -> str:
    start, end = _MERMAID_SHAPES[node.kind]
    return f'{start}"{"<br/>".join(for_mermaid(line[:_LABEL]) for line in node.lines)}"{end}'


def _dot_label(node: Node) -> str:
    return "\\n".join(for_dot(line[:_LABEL]) for line in node.lines)


def render_dot(document: Document) -> str:
    """A Graphviz digraph."""
    graph = chain_graph(document)
    lines = ["digraph trailsleuth {", "  rankdir=LR;", '  node [fontname="sans-serif"];']
    for number, (account, nodes) in enumerate(_by_account(graph)):
        boxes = [f'{node.id} [shape={_DOT_SHAPES[node.kind]}, label="{_dot_label(node)}"];' for node in nodes]
        around = [f"  subgraph cluster_{number} {{", f'    label="account {for_dot(account)}";', *(f"    {box}" for box in boxes), "  }"]
        lines += around if account else [f"  {box}" for box in boxes]
    lines += [f"  {start} -> {end};" for start, end in graph.edges]
    if graph.left_out:
        lines.append(f'  more [shape=plaintext, label="and {graph.left_out} more"];')
    return "\n".join([*lines, "}"]) + "\n"
